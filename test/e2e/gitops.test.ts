// What Argo CD and Flux do: the same manifests applied again and again by another manager, while the leader writes caBundle and taints. As
// docs/install.md says, nothing has to be ignored.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { type Component, caBundles, folderOf, patience, secretData } from './support/installation.ts'
import type { KubectlResult } from './support/kubectl.ts'
import { addNode } from './support/nodes.ts'
import { calicoNode, pod, type StoredDaemonSet } from './support/objects.ts'
import { ownProcesses } from './support/own-processes.ts'
import { until, untilIs } from './support/wait.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl } = plane
const { minor } = plane.version
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
for (const name of ['node-a', 'node-b', 'node-c']) await addNode(plane, name)
// What the controller manager does, which is not there.
await kubectl.ok(['taint', 'nodes', '--all', 'node.kubernetes.io/not-ready:NoSchedule-'])

const processes = await ownProcesses(plane)
const components: Component[] = [
  'node-taints',
  ...(minor >= 30 ? (['own-rights', 'match-conditions'] as const) : []),
  ...(minor >= 36 ? (['fallback'] as const) : [])
]
const folder = folderOf(processes, 'default', components, patience)

/** Without force: a conflict is an error. */
const asGitOps = ['--server-side', '--field-manager=gitops']
const sync = (): Promise<KubectlResult> => kubectl.run(['apply', ...asGitOps, '--kustomize', folder])
/** 0: none. */
const drift = (...how: string[]): Promise<KubectlResult> => kubectl.run(['diff', ...how, '--kustomize', folder])

const snapshot = join(plane.folder, 'snapshot.yaml')
const readings = ['--readings=snapshot', `--snapshot=${snapshot}`, '--readings-interval=1s']

/** What the nodes say from now on: tasks in use, of 10,000. */
function nodesSay(inUse: number): void {
  const at = new Date().toISOString()
  const reading = { at, host: { limit: 32_768, inUse: 2_000 }, kubepods: { limit: 10_000, inUse } }
  const nodes = ['node-a', 'node-b', 'node-c'].map((name) =>
    name === 'node-a' ? { name, reading } : { name, reading: { ...reading, kubepods: { limit: 10_000, inUse: 100 } } }
  )
  const text = JSON.stringify({ apiVersion: 'pidguard.io/v1alpha1', kind: 'NodeSnapshot', takenAt: at, nodes })
  writeFileSync(`${snapshot}.new`, text)
  renameSync(`${snapshot}.new`, snapshot)
}

async function isTainted(): Promise<boolean> {
  return (await kubectl.ok(['get', 'node', 'node-a', '--output=jsonpath={.spec.taints}'])).includes('low-pids')
}

async function isDenied(): Promise<boolean> {
  const { stderr } = await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')
  return /admission webhook "validate\.pidguard\.io" denied/.test(stderr)
}

/** What a second writer would have changed: resource versions, and who owns which field. */
async function versions(): Promise<Record<string, unknown>> {
  const text = await kubectl.ok(['get', '--kustomize', folder, '--output=json', '--show-managed-fields'])
  const { items } = JSON.parse(text) as {
    items: { kind: string; metadata: { name: string; resourceVersion: string; managedFields: object[] } }[]
  }
  return Object.fromEntries(
    items.map(({ kind, metadata: { name, resourceVersion, managedFields } }) => [
      `${kind}/${name}`,
      { resourceVersion, managedFields }
    ])
  )
}

const options = { timeout: 900_000, skip: minor < 22 && 'server-side apply is v1 from v1.22 on' }

void t.test(
  'applied again and again while certificates change and a node is tainted: no conflict, no diff, no lost write',
  options,
  async (t) => {
    nodesSay(100)
    t.equal((await sync()).code, 0)
    const policy = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {headroom: {taintNodes: true}}\n'
    processes.writePolicy(policy)
    const quick = ['--cert-leaf-life=15s', '--cert-ca-life=45s', '--cert-overlap=3s']
    const controller = await processes.startController(...quick, ...readings)
    const replica = await processes.start(...readings)
    await replica.ready()
    await until('a denial', isDenied)
    const authorities = new Set<string>()
    const taints = new Set<boolean>()
    let [syncs, changes] = [0, 0]
    await until(
      'two authorities, a taint set and taken away',
      async () => {
        nodesSay(changes++ % 8 < 4 ? 9_900 : 100)
        const { code, stderr } = await sync()
        syncs++
        if (code !== 0) throw new Error(stderr)
        // A GitOps tool may own labels of Nodes too.
        const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a', labels: { pool: 'general' } } }
        const { code: labelled, stderr: why } = await kubectl.run(
          ['apply', ...asGitOps, '--filename=-'],
          JSON.stringify(node)
        )
        if (labelled !== 0) throw new Error(why)
        const { code: differs, stdout } = await drift(...asGitOps)
        if (differs !== 0) throw new Error(stdout)
        authorities.add((await secretData(plane))['ca.crt'] ?? '')
        taints.add(await isTainted())
        await sleep(500)
        return authorities.size >= 3 && taints.size === 2
      },
      600_000
    )
    t.comment(`${syncs} syncs, ${authorities.size} authorities`)
    await until('every caBundle as the Secret', async () => {
      const { 'ca.crt': authority } = await secretData(plane)
      return (await caBundles(plane)).every((each) => each === authority)
    })
    t.ok(await isDenied())
    await Promise.all([controller.stop(), replica.stop()])
  }
)

void t.test('where nothing has changed nothing is written, and no tool sees a difference', options, async (t) => {
  nodesSay(100)
  // Those of before last seconds.
  await kubectl.ok(['delete', 'secret/pidguard-tls', '--namespace=pidguard-system'])
  const controller = await processes.startController(...readings)
  const replica = await processes.start(...readings)
  await replica.ready()
  await until('a denial', isDenied)
  await untilIs('no taint', isTainted, false)
  await until('every caBundle as the Secret', async () => {
    const { 'ca.crt': authority } = await secretData(plane)
    return (await caBundles(plane)).every((each) => each === authority)
  })
  await sync()
  const before = await versions()
  for (let count = 0; count < 3; count++) {
    t.equal((await sync()).code, 0)
    await sleep(1_000)
  }
  t.strictSame(await versions(), before)
  for (const how of [asGitOps, []]) {
    const { code, stdout } = await drift(...how)
    t.equal(code, 0, stdout)
  }
  await t.test('applied by the client and by force as well: caBundle stays', async (t) => {
    const bundles = await caBundles(plane)
    await kubectl.ok(['apply', '--kustomize', folder])
    t.strictSame(await caBundles(plane), bundles)
    await kubectl.ok(['apply', ...asGitOps, '--force-conflicts', '--kustomize', folder])
    t.strictSame(await caBundles(plane), bundles)
    t.equal((await drift(...asGitOps)).code, 0)
  })
  await t.test('a caBundle that is taken away comes back, and the tool leaves it', async (t) => {
    const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: '' }])
    await kubectl.ok(['patch', 'validatingwebhookconfiguration/pidguard', '--type=json', `--patch=${patch}`])
    await until('the caBundle', async () => (await caBundles(plane)).every((each) => each !== ''))
    t.equal((await sync()).code, 0)
    t.ok((await caBundles(plane)).every((each) => each !== ''))
  })
  await t.test(
    'a DaemonSet of Calico that Git has otherwise: stored as the policy says, and no endless diff',
    async (t) => {
      const wanted = JSON.stringify(calicoNode('kube-system'))
      const apply = () => kubectl.run(['apply', ...asGitOps, '--filename=-'], wanted)
      t.match((await apply()).stderr, 'RollingUpdate changed to OnDelete')
      const stored = () => plane.api.stored<StoredDaemonSet>('daemonsets', 'calico-node', 'kube-system')
      const { metadata, spec } = await stored()
      t.strictSame(spec.updateStrategy, { type: 'OnDelete' })
      for (let count = 0; count < 2; count++) t.equal((await apply()).code, 0)
      t.equal((await stored()).metadata.generation, metadata.generation, 'nothing restarts')
      t.equal((await kubectl.run(['diff', ...asGitOps, '--filename=-'], wanted)).code, 0)
    }
  )
  await Promise.all([controller.stop(), replica.stop()])
})
