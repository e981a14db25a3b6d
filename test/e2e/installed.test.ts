// Installed as people install, by one command, and upgraded: doctor calls it sound. Then every process of ours is killed: the rules about objects
// hold. And with new processes people read what they read before.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { updateStrategyWas } from '../../src/kubernetes/annotations.ts'
import { helms } from '../support/helm.ts'
import { projectFolder } from '../support/sources.ts'
import { findAssets } from './support/assets.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { askDoctor } from './support/doctor.ts'
import { buildEarlier, earlierMissing } from './support/earlier.ts'
import { chartFor, helmOf } from './support/helm-cli.ts'
import { folderOf, patience } from './support/installation.ts'
import { addLivingNodes } from './support/nodes.ts'
import { backendsOf, calicoNode, pod, type StoredDaemonSet, someRequests } from './support/objects.ts'
import { namespace, type OwnProcesses, ownProcesses, type Running } from './support/own-processes.ts'
import { type PodRunner, runPods } from './support/pod-runner.ts'
import { makeFolder } from './support/processes.ts'
import { versionOf } from './support/versions.ts'
import { until, untilIs } from './support/wait.ts'

/** A cluster in which an installation runs. */
interface Cluster {
  readonly plane: ControlPlane
  readonly processes: OwnProcesses
  readonly pods: PodRunner
  /** Every process of ours that was started, dead ones too. */
  readonly running: Running[]
}

/** The program of 0.1.0; undefined: no pod runs it. */
async function startCluster(t: Test, earlier?: string): Promise<Cluster> {
  const plane = await startControlPlane({ controllers: true, scheduler: true })
  t.teardown(() => plane.stop())
  await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
  await addLivingNodes(plane, ['node-a', 'node-b', 'node-c'])
  const processes = await ownProcesses(plane)
  const running: Running[] = []
  const noted = async <T extends Running>(start: Promise<T>): Promise<T> => {
    const started = await start
    running.push(started)
    return started
  }
  const pods = runPods(
    plane,
    {
      start: (...args) => noted(processes.start(...args)),
      startController: (...args) => noted(processes.startController(...args))
    },
    earlier === undefined
      ? undefined
      : { image: 'pidguard:0.1.0', start: (...args) => noted(processes.startOther(earlier, ...args)) }
  )
  return { plane, processes, pods, running }
}

const greedy = pod({ name: 'greedy', namespace: 'shop' })
const declared = pod({ name: 'declared', namespace: 'shop', annotations: { 'pidguard.io/pids': 'many' } }, someRequests)
const calico = calicoNode('kube-system')

/** What kubectl prints for each, as a dry run; but for the PIDs of nodes, which no kubelet says here. */
async function printed({ plane: { kubectl } }: Cluster): Promise<string[]> {
  const texts: string[] = []
  for (const object of [greedy, declared, calico]) {
    const { stdout, stderr } = await kubectl.create(object, '--dry-run=server', '--output=name')
    texts.push((stdout + stderr).replaceAll(/^Warning: (pid-headroom|Free PIDs).*\n/gm, ''))
  }
  return texts
}

async function rolledOut({ plane, processes, pods }: Cluster, ...deployments: string[]): Promise<void> {
  for (const name of deployments) {
    await plane.kubectl.ok(['rollout', 'status', `deployment/${name}`, `--namespace=${namespace}`, '--timeout=300s'])
  }
  await untilIs('replicas', () => pods.nodes().length, 3)
  await processes.mountPolicy()
  await until('a denial by the webhook', async () => {
    const { stderr } = await plane.kubectl.create(greedy, '--dry-run=server')
    return /admission webhook "validate\.pidguard\.io" denied/.test(stderr)
  })
}

const ours = ['pidguard', 'pidguard-controller']

/** `backends`: what the policy says of the backend of calico-node. */
async function holds(t: Test, cluster: Cluster, rules: RegExp, backends: readonly string[]): Promise<void> {
  const { plane, running } = cluster
  const { kubectl } = plane
  await rolledOut(cluster, ...ours)
  const sound = async (): Promise<void> => {
    await until('a leader that doctor sees', async () => (await askDoctor(plane)).code === 0).catch(() => {})
    const { code, stdout, stderr } = await askDoctor(plane)
    t.equal(code, 0, stdout + stderr)
    t.match(stdout, rules)
  }
  await sound()
  let before = await printed(cluster)
  await until('the policy of the ConfigMap in every replica', async () => {
    const last = before
    before = await printed(cluster)
    return before[2]?.includes('FELIX_IPTABLESBACKEND set to') === backends.length > 0 && `${last}` === `${before}`
  })
  for (const [i, rule] of ['best-effort', 'pid-annotations'].entries()) {
    t.match(before[i], /^Error from server .*admission webhook "validate\.pidguard\.io" denied/)
    t.equal(before[i]?.split(`${rule}: `).length, 2, `once: ${before[i]}`)
  }
  t.match(before[2], /RollingUpdate changed to OnDelete/)

  await t.test('with every process of ours killed', async (t) => {
    for (const process of running) await process.stop('SIGKILL')
    t.match((await kubectl.create(greedy)).stderr, /ValidatingAdmissionPolicy.*best-effort: QoS class BestEffort/)
    t.match((await kubectl.create(declared)).stderr, /ValidatingAdmissionPolicy.*pid-annotations: declared PIDs/)
    const { code, stderr } = await kubectl.create(calico)
    t.equal(code, 0, stderr)
    const stored = await plane.api.stored<StoredDaemonSet>('daemonsets', 'calico-node', 'kube-system')
    t.strictSame(stored.spec.updateStrategy, { type: 'OnDelete' })
    t.strictSame(backendsOf(stored), backends)
    t.match(stored.metadata.annotations, { [updateStrategyWas]: 'RollingUpdate' })
    await kubectl.ok(['delete', 'daemonset', 'calico-node', '--namespace=kube-system'])
  })

  await t.test('and with new ones', async (t) => {
    // As when their nodes come back: the pods are made anew.
    const label = `--selector=app.kubernetes.io/name in (${ours.join()})`
    await kubectl.ok(['delete', 'pods', label, `--namespace=${namespace}`, '--wait=false'])
    await rolledOut(cluster, ...ours)
    t.strictSame(await printed(cluster), before)
  })
  await sound()
}

/** MutatingAdmissionPolicy is v1 from then on. */
const least = 36
const assets = findAssets(process.env)
const minor = 'missing' in assets ? least : versionOf(assets.programs.get('kube-apiserver') ?? '').minor
const tooOld = minor < least && `before v1.${least}`

void t.test(
  'one kubectl apply -k, of 0.1.0 and then of this version',
  { skip: tooOld || earlierMissing },
  async (t) => {
    const folder = makeFolder('pidguard-0.1.0-')
    const cluster = await startCluster(t, buildEarlier(folder))
    const { plane, processes } = cluster
    const apply = (place: string) => plane.kubectl.ok(['apply', '--kustomize', place])
    await apply(folderOf(processes, 'default', [], patience, { manifests: join(folder, 'manifests') }))
    await rolledOut(cluster, 'pidguard')
    await apply(folderOf(processes, 'default', ['fallback'], patience, { image: 'next' }))
    const rules = /while we are down.*these rules hold: best-effort, pid-annotations, calico-update-strategy/
    await holds(t, cluster, rules, [])
  }
)

/** A chart of 0.1.0 there is not: the earlier release is one without a policy of its own. */
const noHelm = helms.length === 0 && 'no Helm: PIDGUARD_HELM names none, nor is it on PATH'

void t.test('one helm install, and an upgrade to a policy of its own', { skip: tooOld || noHelm }, async (t) => {
  const cluster = await startCluster(t)
  const { plane, processes } = cluster
  const helm = helmOf(plane, helms[0]?.program ?? 'helm')
  const own = ['pidguard', chartFor(processes.folder, processes.servicePort), `--namespace=${namespace}`]
  const ok = async (verb: string, values: object, ...more: string[]): Promise<void> => {
    const file = join(processes.folder, 'values.json')
    writeFileSync(file, JSON.stringify({ timeoutSeconds: patience, ...values }))
    const { code, stderr } = await helm(verb, ...own, `--values=${file}`, '--wait', '--timeout=300s', ...more)
    if (code !== 0) throw new Error(`helm ${verb}: exit code ${code}\n${stderr}`)
  }
  await ok('install', { components: { fallback: true } }, '--create-namespace')
  await rolledOut(cluster, ...ours)
  const policy = { calico: { iptablesBackend: 'NFT' } }
  // What docs/install.md says for a policy of one's own.
  const document = join(processes.folder, 'my-policy.yaml')
  writeFileSync(document, JSON.stringify({ apiVersion: 'pidguard.io/v1alpha1', kind: 'PidGuardPolicy', spec: policy }))
  const flags = ['emit', '--fallback', `--policy=${document}`, `--kubernetes-version=1.${minor}`]
  const emitted = execFileSync(process.execPath, [join(projectFolder, 'dist/main.js'), ...flags], { encoding: 'utf8' })
  const extraObjects = parseAllDocuments(emitted).map((each) => each.toJS())
  await ok('upgrade', { policy, extraObjects, podAnnotations: { changed: 'yes' } })
  await holds(t, cluster, /while we are down.*these rules hold: .*calico-iptables-backend/, ['NFT'])
})
