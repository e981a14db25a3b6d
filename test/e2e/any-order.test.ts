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
import { until, untilIs } from './support/wait.ts'

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

interface Applied {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

async function objectsOf(overlay: (typeof overlays)[number]): Promise<Applied[]> {
  const text = await kubectl.ok(['kustomize', folderOf(processes, overlay, [], patience)])
  return parseAllDocuments(text).map((document) => document.toJS())
}

const calico = ['/apis/apps/v1/namespaces/kube-system/daemonsets', calicoNode('kube-system')] as const
const fine = ['/api/v1/namespaces/shop/pods', pod({ name: 'fine', namespace: 'shop' }, someRequests)] as const
const greedy = ['/api/v1/namespaces/shop/pods', pod({ name: 'greedy', namespace: 'shop' })] as const

/** What the API server says to a dry run; empty: it takes it. */
async function refusal([path, object]: readonly [string, object]): Promise<string> {
  const { status, body } = await plane.api.post(`${path}?dryRun=All`, object)
  return status === 201 ? '' : `${status} ${body.message}`
}

/** The names of the resources, by version and kind. */
const resources = new Map<string, string>()

/** By the server itself, as kubectl and GitOps tools ask for it; false: not yet. */
async function apply(object: Applied): Promise<boolean> {
  const { apiVersion, kind, metadata } = object
  const prefix = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  if (!resources.has(`${apiVersion} ${kind}`)) {
    const { body } = await plane.api.get(prefix)
    const { resources: served } = body as unknown as { resources: readonly { kind: string; name: string }[] }
    for (const each of served.filter(({ name }) => !name.includes('/')))
      resources.set(`${apiVersion} ${each.kind}`, each.name)
  }
  const place = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  const path = `${prefix}${place}/${resources.get(`${apiVersion} ${kind}`)}/${metadata.name}?fieldManager=e2e`
  const { status, body } = await plane.api.send('PATCH', path, object, 'application/apply-patch+yaml')
  if (![200, 201, 404].includes(status)) throw new Error(`${kind} ${metadata.name}: ${status} ${body.message}`)
  return status !== 404
}

/** So many orders of each overlay. Each takes an installation from nothing to ready. Strict has more that can wait for itself. */
function ordersOf(overlay: (typeof overlays)[number]): number {
  return Number(process.env['PIDGUARD_E2E_ORDERS'] ?? (overlay === 'strict' ? 2 : 1))
}

for (const overlay of overlays) {
  const objects = await objectsOf(overlay)
  const indexes = objects.map((_, i) => i)
  const drawn = fc.sample(fc.shuffledSubarray(indexes, { minLength: indexes.length }), {
    numRuns: ordersOf(overlay),
    seed: overlay.length
  })
  for (const [count, order] of drawn.entries()) {
    const names = order.map((i) => objects[i]?.kind)
    void t.test(`${overlay}, order ${count + 1}: ${names.join(', ')}`, { timeout: 900_000 }, async (t) => {
      const waiting = order.map((i) => objects[i] as Applied)
      while (waiting.length > 0) {
        // What cannot be applied yet, without its Namespace for one, is tried again in the next round, as such tools do.
        for (const object of [...waiting]) {
          if (await apply(object)) waiting.splice(waiting.indexOf(object), 1)
          // The API server hears of a configuration within a second, so a later object's turn may be the first that shows it.
          await sleep(100)
          t.equal(await refusal(calico), '', `${object.kind}: Calico may come`)
          if (overlay === 'default') t.notMatch(await refusal(fine), 'failed calling webhook', object.kind)
        }
      }
      await kubectl.ok(['rollout', 'status', 'deployment/pidguard', ours, '--timeout=600s'])
      await kubectl.ok(['rollout', 'status', 'deployment/pidguard-controller', ours, '--timeout=600s'])
      await until('a denial', async () => /webhook "validate\.pidguard\.io" denied/.test(await refusal(greedy)))
      await until('a pod', async () => (await refusal(fine)) === '')
      t.equal(running.nodes().length, 3)
      await kubectl.ok(['delete', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', 'pidguard'])
      // A Namespace with pods in it is looked at again only after a while.
      await kubectl.ok(['delete', 'deployments', '--all', ours, '--wait=false'])
      await untilIs('pods', async () => (await plane.api.list('pods', 'pidguard-system', '')).length, 0)
      await kubectl.ok([
        'delete',
        '--kustomize',
        folderOf(processes, overlay, [], patience),
        '--ignore-not-found',
        '--timeout=300s'
      ])
    })
  }
}
