// npm run drill: the incident on a real kubelet, first without pidguard and then with it. Needs root; see `missing`.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findAssets } from '../e2e/support/assets.ts'
import { type ControlPlane, startControlPlane } from '../e2e/support/control-plane.ts'
import { installApart, untilAllPodsSeen } from '../e2e/support/install-apart.ts'
import type { Replica, Running } from '../e2e/support/installation.ts'
import { missingForNode, startNode } from '../e2e/support/node.ts'
import { untilIs } from '../e2e/support/wait.ts'
import { playAftermath } from './aftermath.ts'
import { playBurst } from './burst.ts'
import { GaveUp, orSay } from './gave-up.ts'
import { playGuard } from './guard.ts'
import { playCeilings, playGuarded } from './guarded.ts'
import { playIncident } from './incident.ts'
import { Kubepods } from './kernel.ts'
import type { GuardedScene, Scene } from './scene.ts'
import { playScheduled } from './scheduled.ts'
import { Story } from './story.ts'
import { Workloads } from './workloads.ts'

const program = join(import.meta.dirname, '../../dist/main.js')

function missing(env: NodeJS.ProcessEnv): string | undefined {
  const assets = findAssets(env)
  return 'missing' in assets ? assets.missing : missingForNode(env)
}

/** Everything is undone when it ends, however it ends. */
async function drill(story: Story): Promise<void> {
  const ends: (() => Promise<void> | void)[] = []
  const end = async (): Promise<void> => {
    for (const undo of ends.splice(0).reverse()) await undo()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void end().finally(() => process.exit(130)))
  }
  try {
    story.chapter('A cluster of one real node')
    const plane = await startControlPlane({ controllers: true, scheduler: true })
    ends.push(() => plane.stop())
    const workloads = new Workloads(plane)
    ends.push(() => workloads.removeFiles())
    const node = await startNode(plane)
    ends.push(() => node.stop())
    const kubepods = new Kubepods(node.kubepods)
    ends.push(() => kubepods.stop())
    await plane.createNamespace(workloads.namespace, { 'kubernetes.io/metadata.name': workloads.namespace })
    story.say('etcd, kube-apiserver, kube-controller-manager, kube-scheduler; a kubelet with containerd and runc')
    const scene: Scene = { story, plane, node, kubepods, workloads }
    await orSay(plane, workloads.namespace, async () => {
      await playIncident(scene)
      await playWithPidguard(scene)
      await playWith('guard', 'taintNodes', scene)
      await playWith('scheduler', 'schedulePids', scene)
    })
  } finally {
    await end()
  }
}

/** What the processes of pidguard read a real kubelet by. */
function readings({ node }: Scene): string[] {
  return ['--readings=kubelet', `--kubelet-ca=${node.authority}`, '--readings-interval=2s']
}

async function untilRead(plane: ControlPlane, replica: Replica): Promise<void> {
  await untilIs('a reading of the kubelet', () => replica.metric('pidguard_nodes{known="fresh"}'), 1, replica.saw)
  await untilAllPodsSeen(plane, replica)
}

async function playWithPidguard(scene: Scene): Promise<void> {
  const { plane, node } = scene
  const installation = await installApart(plane, [node.name], ['bindings'])
  const replicas: Replica[] = []
  const guarded: GuardedScene = {
    ...scene,
    replicas,
    async run(count) {
      await Promise.all(replicas.splice(0).map((replica) => replica.stop()))
      await installation.scale(count)
      const started = Array.from({ length: count }, async () => {
        const replica = await installation.start(...readings(scene))
        await replica.ready()
        await untilRead(plane, replica)
        return replica
      })
      replicas.push(...(await Promise.all(started)))
    },
    async top() {
      const kubeconfig = join(plane.folder, 'kubeconfig')
      const args = [program, 'top', 'nodes', `--kubeconfig=${kubeconfig}`, `--kubelet-ca=${node.authority}`]
      return (await promisify(execFile)(process.execPath, args)).stdout
    }
  }
  await playGuarded(guarded)
  await playCeilings(guarded)
  await playAftermath(guarded)
  await playBurst(guarded)
  await guarded.run(3)
  await playBurst(guarded)
  await guarded.run(0)
  await installation.controller.stop()
}

/** A chapter with one replica of the webhook, and the one writer where the component is `guard`. */
async function playWith(component: 'guard' | 'scheduler', setting: string, scene: Scene): Promise<void> {
  const { story, plane, node } = scene
  story.chapter(`With the component ${component}`)
  const policy = `{apiVersion: pidguard.io/v1alpha1, kind: PidGuardPolicy, spec: {headroom: {${setting}: true}}}`
  const options = readings(scene)
  const installation = await installApart(plane, [node.name], [component], { policy, controller: options })
  await installation.scale(1)
  const replica = await installation.start(...options)
  const processes: Running[] = [replica, installation.controller]
  await replica.ready()
  await untilRead(plane, replica)
  if (component === 'guard') {
    const guard = await installation.startGuard(...options)
    processes.push(guard)
    await guard.ready()
    await untilIs('a reading of the guard', () => guard.metric('pidguard_nodes{known="fresh"}'), 1, guard.saw)
  }
  await (component === 'guard' ? playGuard : playScheduled)(scene)
  await Promise.all(processes.map((each) => each.stop()))
}

const lacking = missing(process.env)
if (lacking !== undefined) {
  process.stdout.write(`The drill is skipped: ${lacking.replaceAll('\n', ' ')}\n`)
} else {
  const story = new Story()
  try {
    await drill(story)
  } catch (error) {
    const first = error instanceof GaveUp ? error.cause : error
    story.holds(`the story could be told to its end: ${first instanceof Error ? first.stack : String(first)}`, false)
    if (error instanceof GaveUp) story.quote(error.state)
  }
  story.end()
  process.exitCode = story.failed === 0 ? 0 : 1
}
