// The objects of an installation may come in any order, one by one: nothing waits for ever, and nothing else in the cluster does.
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { startControlPlane } from './support/control-plane.ts'
import { folderOf, patience } from './support/installation.ts'
import { addLivingNodes } from './support/nodes.ts'
import { calicoNode, pod, someRequests } from './support/objects.ts'
import { ownProcesses } from './support/own-processes.ts'
import { runPods } from './support/pod-runner.ts'
import { until } from './support/wait.ts'

const nodes = ['node-a', 'node-b', 'node-c']
const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl } = plane
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
await addLivingNodes(plane, nodes)
const processes = await ownProcesses(plane)
const running = runPods(plane, processes)

const overlays = ['default', 'strict'] as const
const ours = '--namespace=pidguard-system'

async function objectsOf(overlay: (typeof overlays)[number]): Promise<object[]> {
  const text = await kubectl.ok(['kustomize', folderOf(processes, overlay, [], patience)])
  return parseAllDocuments(text).map((document) => document.toJS())
}

/** What the API server says to a dry run; empty: it takes it. */
async function refusal(object: object): Promise<string> {
  const { code, stderr } = await kubectl.create(object, '--dry-run=server')
  return code === 0 ? '' : stderr
}

const fine = pod({ name: 'fine', namespace: 'shop' }, someRequests)
const greedy = pod({ name: 'greedy', namespace: 'shop' })

/** So many orders of each overlay. Each takes an installation from nothing to ready. */
const orders = Number(process.env['PIDGUARD_E2E_ORDERS'] ?? 2)

for (const overlay of overlays) {
  const objects = await objectsOf(overlay)
  const indexes = objects.map((_, i) => i)
  const drawn = fc.sample(fc.shuffledSubarray(indexes, { minLength: indexes.length }), {
    numRuns: orders,
    seed: overlay.length
  })
  for (const [count, order] of drawn.entries()) {
    const names = order.map((i) => (objects[i] as { kind: string }).kind)
    void t.test(`${overlay}, order ${count + 1}: ${names.join(', ')}`, { timeout: 900_000 }, async (t) => {
      const waiting = order.map((i) => objects[i] as { kind: string })
      while (waiting.length > 0) {
        // What cannot be applied yet, without its Namespace for one, is tried again in the next round, as such tools do.
        for (const object of [...waiting]) {
          const { code } = await kubectl.run(['apply', '--server-side', '--filename=-'], JSON.stringify(object))
          if (code === 0) waiting.splice(waiting.indexOf(object), 1)
          await sleep(300)
          t.equal(await refusal(calicoNode('kube-system')), '', `${object.kind}: Calico may come`)
          if (overlay === 'default') t.notMatch(await refusal(fine), 'failed calling webhook', object.kind)
        }
      }
      await kubectl.ok(['rollout', 'status', 'deployment/pidguard', ours, '--timeout=600s'])
      await kubectl.ok(['rollout', 'status', 'deployment/pidguard-controller', ours, '--timeout=600s'])
      await until('a denial', async () => /webhook "validate\.pidguard\.io" denied/.test(await refusal(greedy)))
      await until('a pod', async () => (await refusal(fine)) === '')
      t.equal(running.nodes().length, 3)
      await kubectl.ok(['delete', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', 'pidguard'])
      await kubectl.ok([
        'delete',
        '--kustomize',
        folderOf(processes, overlay, [], patience),
        '--ignore-not-found',
        '--timeout=300s'
      ])
      await until('none of them', () => running.nodes().length === 0)
    })
  }
}
