import t from 'tap'
import { dataOf, managedMark, trustedBy } from '../../src/certs/keyring.ts'
import { type DoctorFacts, diagnose } from '../../src/cli/doctor-checks.ts'
import type { RegisteredWebhook } from '../../src/kube/installation.ts'
import { birth, day, ringOf } from '../support/keyrings.ts'
import { metricsOf } from '../support/replica-metrics.ts'

const ring = await ringOf()
const wellMetrics = await metricsOf({})
const blindMetrics = await metricsOf({ nodes: { fresh: 0, partial: 0, stale: 0, unread: 2 } })
const caBundle = Buffer.from(trustedBy(ring)).toString('base64')
const outside = {
  matchExpressions: [
    { key: 'kubernetes.io/metadata.name', operator: 'NotIn' as const, values: ['kube-system', 'pidguard-system'] }
  ],
  matchLabels: {}
}

function webhook(change: Partial<RegisteredWebhook> = {}): RegisteredWebhook {
  return {
    name: 'validate.pidguard.io',
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    timeoutSeconds: 3,
    clientConfig: { caBundle },
    namespaceSelector: outside,
    rules: [{ apiGroups: [''], resources: ['pods'] }],
    ...change
  }
}

function configuration(name: string, ...webhooks: RegisteredWebhook[]) {
  return { metadata: { name }, webhooks }
}

function named(name: string, labels: Record<string, string> = {}) {
  return { metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } } }
}

function deployment(ready: number, replicas = 3, image = 'registry/pidguard:0.1.0', updated = replicas) {
  const status = { readyReplicas: ready, updatedReplicas: updated }
  return { spec: { replicas, template: { spec: { containers: [{ image }] } } }, status }
}

const daemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'calico-node', namespace: 'kube-system', labels: { 'k8s-app': 'calico-node' } },
  spec: { template: { spec: { containers: [{ name: 'calico-node', image: 'calico/node:v3.28.0' }] } } }
}
const operator = { apiVersion: 'operator.tigera.io/v1', kind: 'Installation', name: 'default', controller: true }
const secret = { version: '1', annotations: { [managedMark.name]: managedMark.value }, data: dataOf(ring) }
const probe = { mutated: false, validated: true, refusal: undefined, took: 12 }

/** A sound installation, but for what a case changes. */
function facts(change: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    serverVersion: 'v1.30.0',
    namespace: 'pidguard-system',
    mutating: [configuration('pidguard', webhook({ name: 'mutate.pidguard.io', reinvocationPolicy: 'IfNeeded' }))],
    validating: [configuration('pidguard', webhook())],
    deployment: deployment(3),
    endpoints: 3,
    secret,
    policy: 'spec: {}',
    namespaces: [named('kube-system'), named('pidguard-system'), named('shop')],
    daemonSets: [],
    replicas: [{ pod: 'pidguard-a', text: wellMetrics }],
    nodes: undefined,
    hidden: [],
    probe,
    policyMistakes: [],
    version: '0.1.0',
    now: birth,
    ...change
  }
}

void t.test('a sound installation has nothing but ok', async (t) => {
  const levels = diagnose(facts()).map(({ level }) => level)
  t.strictSame([...new Set(levels)], ['ok'])
})

function registered(change: Partial<RegisteredWebhook>): Partial<DoctorFacts> {
  return { validating: [configuration('pidguard', webhook(change))] }
}
const daemonSets = [{ apiGroups: ['apps'], resources: ['daemonsets'] }]
const cases: { name: string; change: Partial<DoctorFacts>; want: string[] }[] = [
  { name: 'no configuration', change: { mutating: [] }, want: ['error MutatingWebhookConfiguration'] },
  {
    name: 'Fail for what the network needs',
    change: registered({ failurePolicy: 'Fail', rules: daemonSets }),
    want: ['error validate.pidguard.io']
  },
  { name: 'Fail for pods only', change: registered({ failurePolicy: 'Fail' }), want: [] },
  { name: 'a timeout at the limit', change: registered({ timeoutSeconds: 5 }), want: [] },
  { name: 'a timeout above it', change: registered({ timeoutSeconds: 6 }), want: ['warn validate.pidguard.io'] },
  { name: 'side effects', change: registered({ sideEffects: 'Unknown' }), want: ['warn validate.pidguard.io'] },
  {
    name: 'what changes pods is asked only once',
    change: { mutating: [configuration('pidguard', webhook({ name: 'mutate.pidguard.io' }))] },
    want: ['warn mutate.pidguard.io']
  },
  {
    name: 'our own namespace is not kept out',
    change: registered({ namespaceSelector: {} }),
    want: ['info validate.pidguard.io', 'info validate.pidguard.io']
  },
  {
    name: 'nor from a webhook that fails',
    change: registered({ namespaceSelector: {}, failurePolicy: 'Fail' }),
    want: ['error validate.pidguard.io', 'error validate.pidguard.io']
  },
  {
    name: 'a caBundle of somebody else',
    change: registered({ clientConfig: { caBundle: 'eA==' } }),
    want: ['error caBundle']
  },
  { name: 'no caBundle', change: registered({ clientConfig: {} }), want: ['error caBundle'] },
  { name: 'no Deployment', change: { deployment: undefined }, want: ['error replicas'] },
  { name: 'one replica of three is missing', change: { deployment: deployment(2) }, want: ['warn replicas'] },
  {
    name: 'none is ready',
    change: { deployment: deployment(0), endpoints: 0 },
    want: ['error replicas', 'error endpoints']
  },
  { name: 'only one is wanted', change: { deployment: deployment(1, 1) }, want: ['warn replicas'] },
  { name: 'a rollout in between', change: { deployment: deployment(3, 3, undefined, 2) }, want: ['warn version'] },
  { name: 'another version', change: { deployment: deployment(3, 3, 'pidguard:0.2.0') }, want: ['warn version'] },
  { name: 'an image by digest', change: { deployment: deployment(3, 3, 'pidguard@sha256:0a') }, want: [] },
  { name: 'no Secret', change: { secret: undefined }, want: ['error certificate'] },
  { name: 'a Secret that may not be read', change: { secret: undefined, hidden: ['secrets'] }, want: ['warn secrets'] },
  { name: 'two weeks left', change: { now: birth + 76 * day }, want: [] },
  { name: 'less than two weeks left', change: { now: birth + 76 * day + 1 }, want: ['warn certificate'] },
  { name: 'expired', change: { now: birth + 90 * day + 1 }, want: ['error certificate'] },
  { name: 'no pair', change: { secret: { ...secret, data: {} } }, want: ['error certificate'] },
  { name: 'no ConfigMap', change: { policy: undefined }, want: ['error policy'] },
  { name: 'two mistakes', change: { policyMistakes: ['a', 'b'] }, want: ['error policy', 'error policy'] },
  { name: 'the pod passed', change: { probe: { ...probe, validated: false } }, want: ['error a real call'] },
  {
    name: 'the API server refused',
    change: { probe: { ...probe, validated: false, refusal: 'failed calling webhook' } },
    want: ['error a real call']
  },
  { name: 'Calico detects', change: { daemonSets: [daemonSet] }, want: ['warn Calico kube-system/calico-node'] },
  {
    name: 'Calico of the operator',
    change: {
      daemonSets: [{ ...daemonSet, metadata: { ...daemonSet.metadata, ownerReferences: [operator] } }]
    },
    want: ['info Calico kube-system/calico-node']
  },
  { name: 'a DaemonSet that is no Calico', change: { daemonSets: [{ ...daemonSet, spec: {} }] }, want: [] },
  {
    name: 'replicas that may not be asked',
    change: { replicas: undefined, hidden: ['pods/proxy'] },
    want: ['warn pods/proxy']
  },
  {
    name: 'a replica that reads no node',
    change: { replicas: [{ pod: 'a', text: blindMetrics }] },
    want: ['error node data of a']
  },
  {
    name: 'a neighbour that changes pods',
    change: { mutating: [...facts().mutating, configuration('istio', webhook({ name: 'i' }))] },
    want: ['info neighbours']
  },
  {
    name: 'a neighbour that does not',
    change: { mutating: [...facts().mutating, configuration('certs', webhook({ rules: [] }))] },
    want: []
  },
  {
    name: 'a namespace left out',
    change: { namespaces: [...facts().namespaces, named('old', { 'pidguard.io/admission': 'ignore' })] },
    want: ['info namespaces']
  }
]
for (const { name, change, want } of cases) {
  void t.test(`${name}: ${want.join(', ') || 'nothing'}`, async (t) => {
    const found = diagnose(facts(change)).filter(({ level }) => level !== 'ok')
    t.strictSame(
      found.map(({ level, about }) => `${level} ${about}`),
      want
    )
    for (const { level, remedy, about } of found) if (level !== 'info') t.ok(remedy, `${about}: what to do`)
  })
}
