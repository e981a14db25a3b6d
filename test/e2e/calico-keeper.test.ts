// Calico that was there before pidguard, or was written while it was down, by each tool that writes it: reported and repaired
// within seconds, and no pod restarts that nobody deleted.
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { type Helm, helm, helms } from '../support/helm.ts'
import { findAssets } from './support/assets.ts'
import { keepPodsReady } from './support/calico-pods.ts'
import { startControlPlane } from './support/control-plane.ts'
import { corpusFolder, manifestDocuments } from './support/corpus.ts'
import { addNode, type FleetNode } from './support/fleet.ts'
import { install, patience, type Replica, type Running } from './support/installation.ts'
import { keepAlive } from './support/nodes.ts'
import { backendsOf, calicoNode, type StoredDaemonSet, type StoredObject } from './support/objects.ts'
import { until, untilIs } from './support/wait.ts'

const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
const nodes = ['node-a', 'node-b', 'node-c']
/** What their kubelets say may be changed. */
const fleet: FleetNode[] = []
for (const name of nodes) fleet.push(await addNode(t, plane, name, { limit: 1_000, inUse: 100 }))
await keepAlive(plane, nodes)
keepPodsReady(plane)
await kubectl.ok(
  ['apply', '--filename=-'],
  JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'felixconfigurations.crd.projectcalico.org' },
    spec: {
      group: 'crd.projectcalico.org',
      scope: 'Cluster',
      names: { kind: 'FelixConfiguration', plural: 'felixconfigurations' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
        }
      ]
    }
  })
)
await kubectl.ok(['wait', '--for=condition=Established', 'crd/felixconfigurations.crd.projectcalico.org'])
const installation = await install(plane, 'default', ['calico-repair'], patience)

const root = resolve(import.meta.dirname, '../..')
const kubeconfig = join(plane.folder, 'kubeconfig')
const policyFile = join(plane.folder, 'calico-policy.yaml')

function writePolicy(calico: object): void {
  const document = { apiVersion: 'pidguard.io/v1alpha1', kind: 'PidGuardPolicy', spec: { calico } }
  writeFileSync(policyFile, stringify(document))
  installation.writePolicy(stringify(document))
}

/** pidguard while it is up: one leading controller, one replica of the webhook. */
interface Up {
  readonly controller: Running
  readonly webhook: Replica
  /** When both were ready; what was found before that counts as 0 seconds. */
  readonly since: number
  stop(): Promise<void>
}

/** It is stopped at the end of the test at the latest. */
async function up(t: Test, calico: object): Promise<Up> {
  writePolicy(calico)
  const controller = await installation.startController('--readings=snapshot', `--snapshot=${emptySnapshot}`)
  const webhook = await installation.start('--readings=snapshot', `--snapshot=${emptySnapshot}`)
  await Promise.all([controller.ready(), webhook.ready()])
  let stopped: Promise<unknown> | undefined
  const stop = async () => {
    stopped ??= Promise.all([controller.stop(), webhook.stop()])
    await stopped
  }
  t.teardown(stop)
  return { controller, webhook, since: performance.now(), stop }
}

const emptySnapshot = join(plane.folder, 'snapshot.json')
writeFileSync(
  emptySnapshot,
  JSON.stringify({
    apiVersion: 'pidguard.io/v1alpha1',
    kind: 'NodeSnapshot',
    takenAt: new Date().toISOString(),
    nodes: nodes.map((name) => ({ name }))
  })
)

const nft = { iptablesBackend: 'NFT' }
const repairing = { ...nft, repair: true }

// kubectl and the built program, as a person has them who follows a remedy.
const found = findAssets(process.env)
const bin = join(plane.folder, 'bin')
mkdirSync(bin)
for (const [name, command] of [
  ['kubectl', `exec ${'programs' in found ? found.programs.get('kubectl') : 'kubectl'} "$@"`],
  ['pidguard', `exec ${process.execPath} ${join(root, 'dist/main.js')} "$@"`]
] as const) {
  writeFileSync(join(bin, name), `#!/bin/sh\n${command}\n`)
  chmodSync(join(bin, name), 0o755)
}

/** Runs a line as a person would. */
function shell(line: string): Promise<{ code: number; text: string }> {
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: plane.folder, KUBECONFIG: kubeconfig }
  return new Promise((done) => {
    execFile('sh', ['-c', line], { env, cwd: plane.folder }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` })
    )
  })
}

interface DaemonSet extends StoredDaemonSet {
  readonly status: {
    readonly observedGeneration?: number
    readonly numberReady?: number
    readonly desiredNumberScheduled?: number
    readonly updatedNumberScheduled?: number
  }
}

const name = 'calico-node'
const stored = () => api.stored<DaemonSet>('daemonsets', name, 'kube-system')
const pods = async () =>
  (await api.list<StoredObject>('pods', 'kube-system', 'labelSelector=k8s-app%3Dcalico-node'))
    .map(({ metadata }) => metadata.uid)
    .sort()

/** Its pods, once each node has one that is ready. */
async function settled(isUpdated = false): Promise<string[]> {
  await until('a ready pod on each node', async () => {
    const { metadata, status } = await stored()
    const isReady =
      status.observedGeneration === metadata.generation &&
      status.numberReady === nodes.length &&
      status.desiredNumberScheduled === nodes.length
    return isReady && (!isUpdated || status.updatedNumberScheduled === nodes.length)
  })
  return await pods()
}

function isAsPolicy(daemonSet: StoredDaemonSet): boolean {
  const strategy = daemonSet.spec.updateStrategy as { type: string }
  return strategy.type === 'OnDelete' && String(backendsOf(daemonSet)) === 'NFT'
}

interface StoredEvent extends StoredObject {
  readonly reason: string
  readonly message: string
  readonly involvedObject: { readonly name: string; readonly uid: string }
}

async function eventsOf(reason: string): Promise<StoredEvent[]> {
  const { metadata } = await stored()
  const events = await api.list<StoredEvent>('events', 'kube-system', `fieldSelector=reason%3D${reason}`)
  return events.filter(({ involvedObject }) => involvedObject.uid === metadata.uid)
}

/** What a source of Calico writes; each writes the same when it is called again. */
interface Source {
  readonly name: string
  readonly skip?: string | undefined
  readonly isOperator?: boolean
  /** `image` is another release. */
  write(image?: string): Promise<void>
}

/** The DaemonSet of a release as Calico publishes it; where that is not at hand, what all of them have in common. */
function stock(version: string, fallback: string): object {
  const corpus = corpusFolder()
  if (corpus === undefined) return withImage(calicoNode('kube-system') as Manifest, fallback)
  const documents = manifestDocuments(join(corpus, 'calico', version, 'calico.yaml'))
  const { manifest } = documents.find(({ manifest }) => manifest.kind === 'DaemonSet') ?? {}
  return slim(manifest as unknown as Manifest)
}

interface Manifest {
  readonly spec: {
    template: { spec: { containers: { image: string }[]; serviceAccountName?: string; initContainers?: object[] } }
  }
}

/** Nothing runs its pods here, and nobody made its ServiceAccount. */
function slim(manifest: Manifest): object {
  const copy = structuredClone(manifest)
  delete copy.spec.template.spec.serviceAccountName
  return copy
}

function withImage(manifest: Manifest, image: string | undefined): object {
  const copy = structuredClone(manifest)
  if (image !== undefined) for (const container of copy.spec.template.spec.containers) container.image = image
  return copy
}

const chart = calicoNode('kube-system', { env: [{ name: 'FELIX_IPTABLESBACKEND', value: 'auto' }] }) as Manifest
const installationOwner = {
  apiVersion: 'operator.tigera.io/v1',
  kind: 'Installation',
  name: 'default',
  uid: 'e2e',
  controller: true
}
const owned = calicoNode('kube-system', { ownerReferences: [installationOwner] }) as Manifest
const v331 = withImage(
  slim(stock('v3.32.1', 'quay.io/calico/node:v3.31.7') as Manifest) as Manifest,
  'quay.io/calico/node:v3.31.7'
) as Manifest

const chartFolder = join(plane.folder, 'chart')
mkdirSync(join(chartFolder, 'templates'), { recursive: true })
writeFileSync(join(chartFolder, 'Chart.yaml'), 'apiVersion: v2\nname: calico\nversion: 1.0.0\n')
writeFileSync(join(chartFolder, 'values.yaml'), `image: ${chart.spec.template.spec.containers[0]?.image}\n`)
writeFileSync(
  join(chartFolder, 'templates/ds.yaml'),
  stringify(withImage(chart, '{{ .Values.image }}'))
    .replace("image: '{{ .Values.image }}'", 'image: {{ .Values.image }}')
    .replace('image: "{{ .Values.image }}"', 'image: {{ .Values.image }}')
)

/** By one of the Helms of the person who runs the tests; they come with no package of ours. */
async function helmUpgrade({ program }: Helm, ...args: string[]): Promise<void> {
  const { code, text } = await shell(
    `${program} upgrade calico ${chartFolder} --install --namespace kube-system ${args.join(' ')}`
  )
  if (code !== 0) throw new Error(text)
}

async function applied(object: object, ...args: string[]): Promise<void> {
  const { code, stderr } = await kubectl.apply(JSON.stringify(object), ...args)
  if (code !== 0) throw new Error(stderr)
}

/** As the operator does it: the whole object, whatever is stored. */
async function put(object: object): Promise<void> {
  const path = '/apis/apps/v1/namespaces/kube-system/daemonsets'
  const held = await api.get(`${path}/${name}`)
  const answer = await (held.status === 404 ? api.post(path, object) : api.put(`${path}/${name}`, object))
  if (answer.status >= 300) throw new Error(answer.body.message)
}

const noHelm = helms.length === 0 ? 'PIDGUARD_HELM is not set' : undefined
const isHelm4 = ({ version }: Helm): boolean => version.startsWith('v4.')
/** Helm 3 sends a patch, Helm 4 either that or a server-side apply. */
const helmSources = helms.flatMap((helm): Source[] => {
  const ways = isHelm4(helm) ? ['--server-side=false', '--server-side=true --force-conflicts'] : ['']
  return ways.map((way) => ({
    name: `Helm ${helm.version} ${way} of a chart that says auto`,
    write: (image) => helmUpgrade(helm, way, ...(image === undefined ? [] : [`--set image=${image}`]))
  }))
})
const sources: Source[] = [
  { name: 'kubectl apply of a stock manifest', write: (image) => applied(withImage(v331, image)) },
  { name: 'kubectl replace of a stock manifest', write: (image) => put(withImage(v331, image)) },
  {
    name: 'server-side apply of a chart that says auto',
    write: (image) => applied(withImage(chart, image), '--server-side', '--force-conflicts')
  },
  ...(noHelm === undefined
    ? helmSources
    : [{ name: 'Helm of a chart that says auto', skip: noHelm, write: () => Promise.resolve() }]),
  { name: 'the tigera operator', isOperator: true, write: (image) => put(withImage(owned, image)) }
]

async function removeCalico(): Promise<void> {
  if (helm !== undefined) await shell(`${helm} uninstall calico --namespace kube-system`)
  await kubectl.run(['delete', 'daemonset', name, '--namespace=kube-system', '--ignore-not-found', '--wait=true'])
  await until('no pods', async () => (await pods()).length === 0)
}

const outOfPolicy = (running: Up) => running.controller.metric('pidguard_calico_daemonsets{state="out-of-policy"}')

/** Seconds from `since` until it was reported, by metric and Event. */
async function reported(running: Up): Promise<number> {
  await until('out of policy in the metrics', async () => ((await outOfPolicy(running)) ?? 0) > 0)
  await until('an Event', async () => (await eventsOf('CalicoOutOfPolicy')).length > 0)
  return (performance.now() - running.since) / 1_000
}

async function repaired(running: Up): Promise<number> {
  await until('as the policy says', async () => isAsPolicy(await stored()))
  return (performance.now() - running.since) / 1_000
}

const written = async (running: Up) =>
  (await running.controller.metric('pidguard_calico_repairs_total{result="written"}')) ?? 0
/** Of several looks of the keeper: what it would do once more, it would have done. */
const someLooks = 4_500

/** Own choice for a machine under load; what was measured is in the comments. */
async function checkTimes(t: Test, what: string, seconds: number, wanted: number): Promise<void> {
  t.comment(`${what} after ${seconds.toFixed(1)} s`)
  t.ok(seconds < wanted * 10, `${what} after ${seconds.toFixed(1)} s`)
}

for (const source of sources) {
  void t.test(source.name, { skip: source.skip ?? false }, async (t) => {
    await removeCalico()

    await t.test('installed before pidguard: reported, and nothing else', async (t) => {
      await source.write()
      const before = await settled()
      const running = await up(t, nft)
      await checkTimes(t, 'reported', await reported(running), 10)
      await sleep(someLooks)
      t.notOk(isAsPolicy(await stored()), 'left as it is')
      t.strictSame(await pods(), before, 'no pod restarts')
      t.equal(await written(running), 0)
      await running.stop()
    })

    await t.test('with repair: the strategy, then the variable, and no pod restarts', async (t) => {
      const before = await settled()
      const running = await up(t, repairing)
      if (source.isOperator === true) {
        await checkTimes(t, 'reported', await reported(running), 10)
        await sleep(someLooks)
        t.equal(await written(running), 0, 'what an operator owns is never repaired')
      } else {
        await checkTimes(t, 'repaired', await repaired(running), 30)
        await sleep(someLooks)
        t.ok((await written(running)) <= 2, `${await written(running)} writes by us for theirs`)
        t.ok(isAsPolicy(await stored()))
      }
      t.strictSame(await pods(), before, 'no pod restarts')
      await running.stop()
    })

    await t.test('written while pidguard is down: reported and repaired when it is back', async (t) => {
      await source.write('quay.io/calico/node:v3.32.1')
      const before = await settled(true)
      const running = await up(t, repairing)
      if (source.isOperator === true) await checkTimes(t, 'reported', await reported(running), 10)
      else {
        await checkTimes(t, 'repaired', await repaired(running), 30)
        t.ok((await eventsOf('CalicoRepaired')).length > 0)
      }
      await sleep(someLooks)
      t.ok((await written(running)) <= 2, `${await written(running)} writes by us`)
      t.strictSame(await pods(), before, 'no pod restarts')

      // What follows happens while it is up: an upgrade, and the way back.
      for (const image of ['quay.io/calico/node:v3.32.2', 'quay.io/calico/node:v3.31.7']) {
        await source.write(image)
        await sleep(someLooks)
        const daemonSet = await stored()
        t.match(JSON.stringify(daemonSet.spec), image)
        if (source.isOperator === true) continue
        t.ok(isAsPolicy(daemonSet), `${image}: as the policy says`)
        t.strictSame(await pods(), before, `${image}: no pod restarts`)
      }
      t.ok((await written(running)) <= 2, 'the webhook fixed those, not the keeper')
      await running.stop()
    })

    await t.test(
      'installed after pidguard: as the policy says from the start',
      { skip: source.isOperator ?? false },
      async (t) => {
        await removeCalico()
        const running = await up(t, nft)
        await source.write()
        t.ok(isAsPolicy(await stored()))
        await settled()
        await untilIs('none out of policy, once it leads', () => outOfPolicy(running), 0)
        await running.stop()
      }
    )
  })
}

/** The remedy that doctor prints for Calico, as it prints it. */
async function remedyOfDoctor(): Promise<string> {
  const { text } = await shell('pidguard doctor -o json')
  const checks = JSON.parse(text) as { about: string; level: string; found: string; remedy?: string }[] | { checks: [] }
  const list = Array.isArray(checks) ? checks : checks.checks
  const calico = (list as { about: string; level: string; remedy?: string }[]).find(
    ({ about, level }) => about.startsWith('Calico') && level === 'warn'
  )
  return calico?.remedy ?? ''
}

async function isCleanForDoctor(): Promise<boolean> {
  return (await remedyOfDoctor()) === ''
}

async function policyInCluster(calico: object): Promise<void> {
  const text = stringify({ apiVersion: 'pidguard.io/v1alpha1', kind: 'PidGuardPolicy', spec: { calico } })
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'pidguard-policy', namespace: 'pidguard-system' },
    data: { 'policy.yaml': text }
  }
  await applied(object, '--server-side', '--force-conflicts')
}

void t.test('what is printed is run as it is printed, and leads to a clean result', async (t) => {
  await t.test('doctor: a write that is fixed', async (t) => {
    await removeCalico()
    await applied(v331)
    const before = await settled()
    await policyInCluster(nft)
    const running = await up(t, nft)
    const [command = ''] = (await remedyOfDoctor()).split(': pidguard fixes')
    t.match(command, /^kubectl annotate --overwrite/)
    const { code, text } = await shell(command)
    t.equal(code, 0, text)
    t.match(text, /Warning: .*calico-update-strategy: RollingUpdate changed to OnDelete/, 'its author is warned')
    t.ok(isAsPolicy(await stored()))
    t.ok(await isCleanForDoctor(), await remedyOfDoctor())
    t.strictSame(await pods(), before, 'nothing restarts')
    await running.stop()
  })

  await t.test('the rollout that it prints', async (t) => {
    const old = await settled()
    const printed = await shell('pidguard calico rollout')
    t.match(printed.text, /# node-a: Felix goes from detection at start to NFT: .*drain and reboot/)
    const { code, text } = await shell('pidguard calico rollout | sh')
    t.equal(code, 0, text)
    const now = await settled(true)
    t.notOk(
      now.some((uid) => old.includes(uid)),
      'every pod was replaced'
    )
    t.match((await shell('pidguard calico rollout')).text, '# every pod runs the newest revision')
  })

  await t.test('the rollout that it does: only where PIDs are known and free, one node after the other', async (t) => {
    const running = await up(t, nft)
    await kubectl.ok(['set', 'env', 'daemonset/calico-node', '--namespace=kube-system', 'FELIX_LOGSEVERITYSCREEN=Info'])
    const before = await settled()
    const [, second] = fleet as [FleetNode, FleetNode, FleetNode]
    second.silent = true
    const stops = await shell('pidguard calico rollout --run --kubelet-insecure')
    t.equal(stops.code, 1, stops.text)
    t.match(stops.text, /node-a: calico-node-\w+ is ready/)
    t.match(stops.text, /stopped\. node-b: its free PIDs are not known/)
    t.equal((await settled()).filter((uid) => !before.includes(uid)).length, 1, 'one pod was replaced')

    second.silent = false
    second.kubepods = { limit: 1_000, inUse: 950 }
    const waits = shell('pidguard calico rollout --run --kubelet-insecure')
    await sleep(someLooks)
    t.equal((await pods()).filter((uid) => !before.includes(uid)).length, 1, 'it waits for PIDs')
    second.kubepods = { limit: 1_000, inUse: 100 }
    const { code, text } = await waits
    t.equal(code, 0, text)
    t.match(text, /node-b: 50 PIDs short of its floor.*; waiting/)
    // What it says, and what a refused write says, to see who holds them.
    for (const line of ['pidguard top pods --node node-b', 'pidguard top nodes']) {
      const shown = await shell(`${line} --kubelet-insecure`)
      t.equal(shown.code, 0, shown.text)
    }
    t.match(text, /2 pods replaced/)
    t.notOk((await settled(true)).some((uid) => before.includes(uid)))
    await running.stop()
  })

  await t.test('doctor with hold: a write that restarts', async (t) => {
    await removeCalico()
    await applied(v331)
    await settled()
    const hold = { ...nft, updateStrategy: 'hold' }
    await policyInCluster(hold)
    const running = await up(t, hold)
    const [command = ''] = (await remedyOfDoctor()).split(': pidguard fixes')
    t.match(command, /^kubectl rollout restart/)
    const { code, text } = await shell(command)
    t.equal(code, 0, text)
    t.ok(await isCleanForDoctor(), await remedyOfDoctor())
    t.match((await stored()).spec.updateStrategy, { type: 'RollingUpdate' })
    await settled(true)
    await running.stop()
  })

  await t.test('the remedy for what an operator owns: a FelixConfiguration', async (t) => {
    await removeCalico()
    await put(owned)
    await policyInCluster(nft)
    const running = await up(t, nft)
    await reported(running)
    t.match(await remedyOfDoctor(), /^Set spec.iptablesBackend of the FelixConfiguration named default to .*NFT/)
    await applied({
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'FelixConfiguration',
      metadata: { name: 'default' },
      spec: { iptablesBackend: 'NFT' }
    })
    await until('clean for the keeper', async () => (await outOfPolicy(running)) === 0)
    t.ok(await isCleanForDoctor(), await remedyOfDoctor())
    const { stderr } = await kubectl.run(['annotate', 'daemonset', name, '--namespace=kube-system', 'a=b'])
    t.notMatch(stderr, 'Warning', 'nor does the webhook warn')
    await kubectl.ok(['delete', 'felixconfiguration.crd.projectcalico.org', 'default'])
    await running.stop()
  })

  await t.test('nodes that no single value fits: the variable is not written; without theirs it is', async (t) => {
    await removeCalico()
    const ofNode = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'FelixConfiguration',
      metadata: { name: 'node.node-c' },
      spec: { iptablesBackend: 'Legacy' }
    }
    await applied(ofNode)
    await applied(v331)
    await policyInCluster(repairing)
    const running = await up(t, repairing)
    await reported(running)
    t.match(await remedyOfDoctor(), /^No single value fits these nodes: leave FELIX_IPTABLESBACKEND unset/)
    await sleep(someLooks)
    t.strictSame(backendsOf(await stored()), [])
    await applied({ ...ofNode, metadata: { name: 'default' }, spec: { iptablesBackend: 'NFT' } })
    await until('clean with default', async () => (await outOfPolicy(running)) === 0)
    t.ok(await isCleanForDoctor(), await remedyOfDoctor())
    await kubectl.ok(['delete', 'felixconfiguration.crd.projectcalico.org', 'default', 'node.node-c'])
    await until('the variable', async () => isAsPolicy(await stored()))
    t.ok(await isCleanForDoctor())
    await running.stop()
  })

  await t.test('a fight: it stops after two writes, and ends when the manifest says the same', async (t) => {
    await removeCalico()
    writePolicy(repairing)
    // No webhook answers, so each write is stored as it was sent.
    const controller = await installation.startController('--readings=snapshot', `--snapshot=${emptySnapshot}`)
    t.teardown(() => controller.stop())
    await controller.ready()
    const running = { controller } as Up
    await put(v331)
    const before = await settled()
    let others = 1
    for (const undone of [1, 2]) {
      await until('as the policy says', async () => isAsPolicy(await stored()))
      t.ok((await written(running)) <= 2 * others, `${await written(running)} writes by us for ${others} by others`)
      await put(v331)
      others++
      t.comment(`undone ${undone} times`)
    }
    await until('the repair stops', async () => (await eventsOf('CalicoRepairStopped')).length > 0)
    const writes = await written(running)
    t.ok(writes <= 4, `${writes} writes by us`)
    await sleep(someLooks)
    t.equal(await written(running), writes, 'it writes no more')
    t.notOk(isAsPolicy(await stored()))
    t.equal(await controller.metric('pidguard_calico_daemonsets{state="stopped"}'), 1)
    t.strictSame(await pods(), before, 'no pod restarts')

    t.match((await eventsOf('CalicoRepairStopped'))[0]?.message, "Write the policy's values into the manifest or chart")
    writeFileSync(join(plane.folder, 'calico.yaml'), stringify(v331))
    const { code, text } = await shell(
      `pidguard mutate --write --policy ${policyFile} calico.yaml; kubectl replace --filename calico.yaml --namespace kube-system`
    )
    t.equal(code, 0, text)
    await until('none out of policy', async () => (await outOfPolicy(running)) === 0)
    t.strictSame(await pods(), before, 'no pod restarts')
    await controller.stop()
  })

  await t.test('mutate --write on a manifest: then validate finds nothing', async (t) => {
    writeFileSync(join(plane.folder, 'calico.yaml'), stringify(v331))
    writePolicy(nft)
    const mutated = await shell(`pidguard mutate --write --policy ${policyFile} calico.yaml`)
    t.ok(mutated.code < 2, mutated.text)
    const { code, text } = await shell(`pidguard validate --policy ${policyFile} --fail-on change calico.yaml`)
    t.equal(code, 0, text)
  })
})

/** What the kubelet of a node reports of its system. */
async function setSystem(node: string, osImage: string): Promise<void> {
  const status = { nodeInfo: { osImage, kernelVersion: '6.1.0' } }
  const args = ['--subresource=status', '--type=merge', `--patch=${JSON.stringify({ status })}`]
  await kubectl.ok(['patch', 'node', node, ...args])
}

void t.test('a policy that contradicts a node is found before it is enforced', async (t) => {
  await removeCalico()
  await put(v331)
  await settled()
  for (const node of nodes) await setSystem(node, 'Debian GNU/Linux 12 (bookworm)')
  await setSystem('node-c', 'CentOS Linux 7 (Core)')
  for (const node of fleet) {
    node.log = `2026-11-30 08:00:00.000 [INFO][60] felix/feature_detect_linux.go 414: Looked up iptables command backendMode="nft" candidates=[]string{"iptables-nft-restore", "iptables-restore"} command="iptables-nft-restore" ipVersion=0x4 saveOrRestore="restore"\n`
  }
  const file = (calico: object) => {
    const document = { apiVersion: 'pidguard.io/v1alpha1', kind: 'PidGuardPolicy', spec: { calico } }
    writeFileSync(join(plane.folder, 'new.yaml'), stringify(document))
  }
  file(nft)
  const shown = await shell('pidguard calico --policy new.yaml')
  t.equal(shown.code, 1, shown.text)
  t.match(shown.text, /^node-a +detection at start +built in +NFT +newest +NFT +Debian/m, 'as its log says')
  t.match(shown.text, /! The policy says NFT, and node-c .* would need Legacy: no single value fits/)
  interface Report {
    readonly findings: readonly { ruleId: string; object: { name: string }; detail: string }[]
  }
  const audited = async () => {
    const { text } = await shell(
      'pidguard audit --policy new.yaml --kubelet-insecure -o json=audit.json; cat audit.json'
    )
    const { findings } = JSON.parse(text.slice(text.indexOf('{'))) as Report
    return findings.filter(({ ruleId }) => ruleId === 'calico-node-backend')
  }
  t.match(
    (await audited()).map(({ object, detail }) => `${object.name} ${detail}`),
    [
      /^node-c "CentOS Linux 7 \(Core\)" needs Legacy, the policy says NFT$/,
      /^node-c Felix was seen to use NFT, and "CentOS Linux 7 \(Core\)" needs Legacy$/
    ]
  )
  // What it says: each node what it needs, then a reboot.
  file({})
  for (const [name, iptablesBackend] of [
    ['default', 'NFT'],
    ['node.node-c', 'Legacy']
  ]) {
    await applied({
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'FelixConfiguration',
      metadata: { name },
      spec: { iptablesBackend }
    })
  }
  const [, , third] = fleet as [FleetNode, FleetNode, FleetNode]
  third.log = third.log.replaceAll('nft', 'legacy')
  const clean = await shell('pidguard calico --policy new.yaml')
  t.equal(clean.code, 0, clean.text)
  t.strictSame(await audited(), [])
  await kubectl.ok(['delete', 'felixconfiguration.crd.projectcalico.org', 'default', 'node.node-c'])
})

void t.test('who waits for the rollout', { skip: noHelm ?? false }, async (t) => {
  for (const helm of helms) {
    await t.test(`helm --wait of ${helm.version}`, async (t) => {
      await removeCalico()
      const running = await up(t, nft)
      await helmUpgrade(helm)
      await settled()
      const waits = isHelm4(helm)
      const upgrade = (image: string, ...args: string[]) =>
        shell(
          `${helm.program} upgrade calico ${chartFolder} --namespace kube-system --set image=${image} --wait ${waits ? '--force-conflicts' : ''} ${args.join(' ')}`
        )
      const spec = async () => JSON.stringify((await stored()).spec)
      const waited = await upgrade('quay.io/calico/node:v3.32.1', '--timeout=15s')
      t.equal(waited.code !== 0, waits, `Helm 4 waits until it times out, Helm 3 does not wait: ${waited.text}`)
      t.match(await spec(), 'node:v3.32.1')
      if (waits) {
        t.match(waited.text, 'Updated: 0/3', 'as Flux counts: both by kstatus')
        const back = await upgrade('quay.io/calico/node:v3.32.2', '--timeout=15s', '--rollback-on-failure')
        t.not(back.code, 0, back.text)
        t.notMatch(await spec(), 'node:v3.32.2', 'it rolls back')
      }
      const status = await shell('kubectl rollout status daemonset/calico-node -n kube-system')
      t.not(status.code, 0, status.text)

      const finished = upgrade('quay.io/calico/node:v3.32.3', '--timeout=300s')
      await until('the new template', async () => (await spec()).includes('node:v3.32.3'))
      await settled()
      const replaced = await shell('pidguard calico rollout | sh')
      t.equal(replaced.code, 0, replaced.text)
      const { code, text } = await finished
      t.equal(code, 0, `it ends when the pods were replaced: ${text}`)
      await running.stop()
    })
  }
})

void t.test('no call of a webhook failed but while it was down', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /webhook.*(panic|malformed)/i)
})
