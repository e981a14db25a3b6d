// The component fallback on a real API server: with every replica gone its policies hold; while one answers, people read what they
// read without it, once.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { emit } from '../../src/emit/emit.ts'
import { renderEmitted } from '../../src/emit/render.ts'
import { iptablesBackendWas, pidsEstimate, updateStrategyWas } from '../../src/kubernetes/annotations.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { policyRules } from '../../src/rules/index.ts'
import { projectFolder } from '../support/sources.ts'
import { enforce, evaluationErrors } from './support/admission-policies.ts'
import { startControlPlane } from './support/control-plane.ts'
import { askDoctor } from './support/doctor.ts'
import { install, patience } from './support/installation.ts'
import { backendsOf, calicoNode, deployment, pod, type StoredDaemonSet, someRequests } from './support/objects.ts'
import { until, untilIs } from './support/wait.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl } = plane
const server = plane.version.minor
/** MutatingAdmissionPolicy is v1 from then on. */
const least = 36
const options = { skip: server < least && `before v1.${least}` }

const policy = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec:\n  calico: {iptablesBackend: NFT}\n'
const ofPolicy = renderEmitted(
  emit(
    readPolicy(policy, { rules: policyRules, source: 'the test' }),
    policyRules,
    { server: Math.max(server, least), fallback: true, noLimitRanges: false, fillPods: false, static: undefined },
    Date.now()
  ),
  'the test'
)
const shipped = readFileSync(join(projectFolder, 'manifests/components/fallback/policies.yaml'), 'utf8')

const namespace = 'shop'
await plane.createNamespace(namespace)
const installation = await install(plane, 'default', [], patience)
installation.writePolicy(policy)

const declared = (pids: string, resources = {}) =>
  pod({ name: 'declared', namespace, annotations: { 'pidguard.io/pids': pids } }, resources)

/** One of each: denied by one rule, by two; admitted; warned about; changed. */
const objects: Readonly<Record<string, object>> = {
  'a BestEffort pod': pod({ name: 'greedy', namespace }),
  'an invalid annotation': declared('many', someRequests),
  both: declared('many'),
  'a pod as it should be': pod({ name: 'fine', namespace }, someRequests),
  'a template of BestEffort pods': deployment({ name: 'web', namespace }, 2),
  'calico-node': calicoNode('kube-system'),
  'calico-node with another backend': calicoNode('kube-system', {
    env: [
      { name: 'FELIX_IPTABLESBACKEND', value: 'Legacy' },
      { name: 'felix_iptablesbackend', value: 'auto' }
    ]
  })
}

/** What kubectl prints for each, as a dry run. */
async function printed(): Promise<Record<string, string>> {
  const texts: Record<string, string> = {}
  for (const [name, object] of Object.entries(objects)) {
    const { stdout, stderr } = await kubectl.create(object, '--dry-run=server', '--output=name')
    texts[name] = stdout + stderr
  }
  return texts
}

async function refusal(object: object): Promise<string> {
  const { code, stderr } = await kubectl.create(object, '--dry-run=server')
  return code === 0 ? '' : stderr
}

function stored(name: string): Promise<StoredDaemonSet> {
  return plane.api.stored<StoredDaemonSet>('daemonsets', name, 'kube-system')
}

let without: Record<string, string> = {}

void t.test('while a replica answers, people read what they read without the fallback', options, async (t) => {
  const [controller, replica] = [await installation.startController(), await installation.start()]
  await replica.ready()
  await until('calls of the webhook', async () =>
    (await refusal(pod({ name: 'greedy', namespace }))).includes('webhook')
  )
  without = await printed()
  t.match(without['a BestEffort pod'], /admission webhook "validate\.pidguard\.io" denied/)
  t.match(without['both'], /best-effort[\s\S]*pid-annotations/)
  t.match(without['calico-node'], /RollingUpdate changed to OnDelete[\s\S]*FELIX_IPTABLESBACKEND set to NFT/)
  for (const yaml of [shipped, ofPolicy]) {
    const inForce = await enforce(plane, yaml)
    t.strictSame(await printed(), without)
    await inForce.remove()
  }
  await Promise.all([replica.stop(), controller.stop()])
})

void t.test('with every replica gone the shipped policy denies the same pods and sets OnDelete', options, async (t) => {
  t.equal(await refusal(pod({ name: 'greedy', namespace })), '', 'without the fallback: let through')
  t.match(
    (await askDoctor(plane)).stdout,
    /while we are down.*nothing is checked: best-effort, pid-annotations, calico-/
  )
  const inForce = await enforce(plane, shipped)
  // The policy in the ConfigMap is the shipped one.
  t.match(
    (await askDoctor(plane)).stdout,
    /while we are down.*these rules hold: best-effort, pid-annotations, calico-update-strategy/
  )
  t.match(
    await refusal(pod({ name: 'greedy', namespace })),
    /ValidatingAdmissionPolicy.*best-effort: QoS class BestEffort/
  )
  await kubectl.create(calicoNode('kube-system'))
  const { spec, metadata } = await stored('calico-node')
  t.strictSame(spec.updateStrategy, { type: 'OnDelete' })
  t.strictSame(backendsOf(await stored('calico-node')), [], 'it names no backend')
  t.match(metadata.annotations, { [updateStrategyWas]: 'RollingUpdate' })
  await kubectl.ok(['delete', 'daemonset', 'calico-node', '--namespace=kube-system'])
  await inForce.remove()
})

void t.test('with every replica gone the policies of a document hold', options, async (t) => {
  await enforce(plane, ofPolicy)
  t.match((await askDoctor(plane)).stdout, /while we are down.*not what the policy says now: calico\.pidguard\.io/)
  // The frame is the API server's, and so is the prefix of kubectl; the sentence is ours.
  const sentence = (text = '') => text.replace(/^[\s\S]*denied (the )?request: /, '')
  for (const name of ['a BestEffort pod', 'an invalid annotation'])
    t.equal(sentence(await refusal(objects[name] ?? {})), sentence(without[name]), name)
  t.equal(await refusal(deployment({ name: 'web', namespace }, 2)), '', 'its pods are denied')

  await t.test('a pod cannot pass for one that the webhook has seen', async (t) => {
    const annotations = { [pidsEstimate]: '1' }
    t.match(await refusal(pod({ name: 'greedy', namespace, annotations })), 'best-effort')
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
    const { body } = await plane.api.post(path, pod({ name: 'fine', namespace, annotations }, someRequests))
    t.notOk(body.metadata?.annotations?.[pidsEstimate])
  })

  await t.test('calico-node is pinned and OnDelete', async (t) => {
    await kubectl.ok(['create', '--filename=-'], JSON.stringify(objects['calico-node with another backend']))
    const { spec, metadata } = await stored('calico-node')
    t.strictSame(spec.updateStrategy, { type: 'OnDelete' })
    t.strictSame(backendsOf(await stored('calico-node')), ['NFT'])
    t.match(metadata.annotations, { [updateStrategyWas]: 'RollingUpdate', [iptablesBackendWas]: '"auto"' })
  })
})

void t.test('the next write that the webhook sees says what was changed meanwhile, once', options, async (t) => {
  const [controller, replica] = [await installation.startController(), await installation.start()]
  await replica.ready()
  const touch = ['label', 'daemonset', 'calico-node', '--namespace=kube-system', '--overwrite']
  await untilIs(
    'calls of the webhook',
    async () => (await refusal(pod({ name: 'greedy', namespace }))).includes('webhook'),
    true
  )
  const { stderr } = await kubectl.run([...touch, 'touched=once'])
  t.match(stderr, /RollingUpdate changed to OnDelete[\s\S]*FELIX_IPTABLESBACKEND set to NFT.*it was "auto"/)
  const { metadata } = await stored('calico-node')
  t.notOk(metadata.annotations?.[updateStrategyWas] ?? metadata.annotations?.[iptablesBackendWas])
  t.equal((await kubectl.run([...touch, 'touched=twice'])).stderr, '')
  await kubectl.ok(['delete', 'daemonset', 'calico-node', '--namespace=kube-system'])
  t.strictSame(await printed(), without)
  await Promise.all([replica.stop(), controller.stop()])
})

void t.test('no expression ended in an error', options, async (t) => t.strictSame(await evaluationErrors(plane), []))
