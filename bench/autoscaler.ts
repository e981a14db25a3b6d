// What Cluster Autoscaler does about PIDs, on a real control plane: npm run bench:autoscaler. Exits with 1 where it is otherwise. See README.md.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { findAssets } from '../test/e2e/support/assets.ts'
import { isProgram } from '../test/e2e/support/programs.ts'
import { until } from '../test/e2e/support/wait.ts'
import { type Autoscaler, addToPool, Pool, startAutoscaler } from './beside/autoscaler.ts'
import {
  Claims,
  make,
  namespace,
  type PidsOfTemplate,
  podsOf,
  read,
  remove,
  requestOf,
  resource,
  startFleet,
  startPlane,
  templateOf,
  untilRequests
} from './beside/cluster.ts'
import { kwokProgram, startKwok } from './kwok/controller.ts'
import { type Guarding, startPidguard } from './kwok/pidguard.ts'

/** Milliseconds, own choice: a machine takes longer. */
const nodesReadyAfter = 20_000
/** Until Cluster Autoscaler takes a new node for a pattern of its group: once it has been ready for a minute. */
const stable = nodesReadyAfter + 61_000
/** Tasks that each pod declares: four fit on a node. */
const size = 900

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { only: text, 'kubelets-after': text, 'scan-interval': text } })
const program = process.env['PIDGUARD_CLUSTER_AUTOSCALER'] ?? ''
const assets = findAssets(process.env)
if ('missing' in assets || !isProgram(program)) {
  const name = 'PIDGUARD_CLUSTER_AUTOSCALER is no program: give it a Cluster Autoscaler that has the provider kwok'
  console.error('missing' in assets ? assets.missing : name)
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
const kwok = kwokProgram()
const claims = new Claims()
const kubeletsAfter = Number(values['kubelets-after'] ?? '0') * 1_000

interface Scene {
  readonly plane: Awaited<ReturnType<typeof startPlane>>
  readonly pool: Pool
  readonly guarding: Guarding
  /** `pids`: what the template of the group offers. */
  start(pids: number | undefined, ...flags: string[]): Promise<Autoscaler>
  deploy(name: string, replicas: number, pids: PidsOfTemplate): Promise<void>
  running(name: string): Promise<number>
  /** The largest number of pods on one node. */
  mostOnANode(): Promise<number>
  /** What scheduler and autoscaler said of the pods. */
  said(name: string): Promise<string>
  clear(): Promise<void>
}

interface Event {
  readonly reason: string
  readonly message: string
  readonly involvedObject: { readonly name: string }
}

async function scene(
  title: string,
  way: 'guard' | 'scheduler',
  setting: string,
  play: (scene: Scene) => Promise<void>
): Promise<void> {
  if (values.only !== undefined && !title.includes(values.only)) return
  console.log(`\n${title}`)
  const plane = await startPlane()
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`
  try {
    await plane.createNamespace(namespace)
    await startKwok(plane, kwok, { doJobsEnd: false, nodesReadyAfter })
    const fleet = startFleet(plane)
    const pool = new Pool(plane, fleet, kubeletsAfter === 0 ? 0 : nodesReadyAfter + kubeletsAfter)
    const guarding = await startPidguard(plane, way, 1, setting)
    // Of no group, and not for the pods of these scenes: without any node that offers PIDs no pod requests them.
    await fleet.add({ name: 'always', ceiling: 4_096 })
    await guarding.untilRead(1)
    if (way === 'scheduler') await untilRequests(plane)
    await play({
      plane,
      pool,
      guarding,
      start: (pids, ...flags) =>
        startAutoscaler(plane, {
          program,
          pids,
          flags: [`--scan-interval=${values['scan-interval'] ?? '10s'}`, ...flags]
        }),
      deploy: (name, replicas, pids) =>
        make(plane, deployments, {
          metadata: { name, namespace },
          spec: {
            replicas,
            selector: { matchLabels: { app: name } },
            template: templateOf(name, pids, { nodeSelector: { group: 'pool' } })
          }
        }),
      running: async (name) => (await podsOf(plane, name)).filter(({ status }) => status.phase === 'Running').length,
      async mostOnANode() {
        const counts = new Map<string, number>()
        for (const { spec } of await podsOf(plane))
          counts.set(spec.nodeName ?? '', (counts.get(spec.nodeName ?? '') ?? 0) + 1)
        return Math.max(0, ...counts.values())
      },
      async said(name) {
        const { items } = await read<{ items: Event[] }>(plane, `/api/v1/namespaces/${namespace}/events`)
        const about = items.filter(({ involvedObject }) => involvedObject.name.startsWith(name))
        return about.map(({ reason, message }) => `${reason}: ${message}`).join('\n')
      },
      async clear() {
        const { items } = await read<{ items: { metadata: { name: string } }[] }>(plane, deployments)
        for (const { metadata } of items) await remove(plane, `${deployments}/${metadata.name}`)
        await until('no pod', async () => (await podsOf(plane)).length === 0)
      }
    })
  } finally {
    await plane.stop()
  }
}

await scene(
  'scheduler: an empty group',
  'scheduler',
  '',
  async ({ plane, pool, start, deploy, running, said, mostOnANode, clear }) => {
    const without = await start(undefined)
    await deploy('web', 6, { annotation: size, cpu: '600m' })
    await claims.wait(
      'a template without the resource: no node is added',
      async () => /NotTriggerScaleUp.*Insufficient pidguard.io\/pids/.test(await said('web')),
      true
    )
    claims.check('the pods request', [...new Set((await podsOf(plane, 'web')).map(requestOf))], [String(size)])
    claims.check('nodes', pool.made.size, 0)
    await without.stop()
    await start(3_680)
    await claims.wait('a template with the resource: all run', () => running('web'), 6)
    claims.check('on so many nodes', pool.made.size, 2)
    claims.check('at most so many on one', await mostOnANode(), 4)
    await clear()
    await claims.wait('when they are gone, so are the nodes', () => pool.nodes.size, 0)
  }
)

await scene(
  'scheduler, autoscaled: an empty group',
  'scheduler',
  ', autoscaled: true',
  async ({ plane, pool, start, deploy, running }) => {
    await start(3_680)
    await deploy('web', 6, { annotation: size, cpu: '600m' })
    await claims.wait('all run', () => running('web'), 6)
    claims.check(
      'but request nothing, as no node was there',
      (await podsOf(plane, 'web')).map(requestOf).filter((each) => each !== undefined).length,
      0
    )
    claims.check('so they are on one node, beyond its ceiling', pool.made.size, 1)
  }
)

await scene(
  'scheduler: a group with a node',
  'scheduler',
  '',
  async ({ plane, pool, start, deploy, running, said, mostOnANode, clear }) => {
    await addToPool(plane, 'first')
    await claims.wait('the node offers', () => pool.offers[0] !== undefined, true)
    await sleep(stable)
    await start(undefined)
    await deploy('web', 12, { annotation: size, cpu: '600m' })
    await claims.wait('pods wait for PIDs', async () => (await said('web')).includes(`Insufficient ${resource}`), true)
    await claims.wait('all run', () => running('web'), 12)
    claims.check('on three nodes or more', pool.made.size >= 3, true)
    console.log(`       it made ${pool.made.size - 1}; two would have done`)
    // A node that nobody could read for a minute offers unlimited room.
    if (kubeletsAfter === 0) claims.check('at most so many on one', await mostOnANode(), 4)
    await clear()
    await claims.wait('when they are gone, so are the nodes', () => pool.nodes.size, 0)
  }
)

await scene(
  'guard, autoscaled: a group with a node',
  'guard',
  ', autoscaled: true',
  async ({ plane, pool, guarding, start, deploy, running, said, mostOnANode, clear }) => {
    await addToPool(plane, 'first')
    await guarding.untilRead(2)
    await sleep(stable)
    const without = await start(undefined)
    await deploy('web', 12, { annotation: size, cpu: '600m' })
    await claims.wait('the node is tainted', () => pool.tainted.length, 1)
    await claims.wait(
      'without --status-taint no node is added',
      async () => /NotTriggerScaleUp: .*untolerated taint/.test(await said('web')),
      true
    )
    claims.check('nodes', pool.made.size, 1)
    await without.stop()
    await start(undefined, '--status-taint=pidguard.io/low-pids')
    await claims.wait('with it all run', () => running('web'), 12)
    console.log(`       it made ${pool.made.size - 1}; two would have done`)
    // A node that has not been read when it becomes ready takes what is bound in that moment.
    console.log(`       at most ${await mostOnANode()} on one; 4 fit`)
    await clear()
    await claims.wait('when they are gone, so are the nodes', () => pool.nodes.size, 0)
  }
)
/** Two fit on a node, and leave room for a pod of the usual size: such a node is not tainted. */
const large = { annotation: 1_300, cpu: '100m' }
/** Until Cluster Autoscaler takes away a node that it takes for unneeded, twice over. */
const unneeded = 150_000

await scene(
  'scheduler: nodes whose pods request little CPU',
  'scheduler',
  '',
  async ({ pool, start, deploy, running }) => {
    await start(3_680)
    await deploy('web', 4, large)
    await claims.wait('all run', () => running('web'), 4)
    const needed = new Set(pool.nodes.keys())
    await sleep(unneeded)
    const kept = [...pool.nodes.keys()].filter((name) => needed.has(name)).length
    claims.check('nodes with pods that fit nowhere else stay', kept >= 2, true)
    claims.check('all run', await running('web'), 4)
  }
)

await scene(
  'guard, autoscaled: nodes whose pods request little CPU',
  'guard',
  ', autoscaled: true',
  async ({ plane, pool, guarding, start, deploy, running, said }) => {
    await addToPool(plane, 'first')
    await guarding.untilRead(2)
    await start(undefined, '--status-taint=pidguard.io/low-pids')
    await deploy('web', 4, large)
    await claims.wait('all run', () => running('web'), 4)
    console.log(`       on ${pool.nodes.size} nodes`)
    await claims.wait(
      'a node is taken away although its pods fit nowhere else',
      async () => (await said('web')).includes('ScaleDown: deleting pod for node scale down'),
      true
    )
    await claims.wait('they get another', () => running('web'), 4)
  }
)
process.exitCode = claims.end()
