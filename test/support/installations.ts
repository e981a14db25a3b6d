import { dataOf, managedMark, trustedBy } from '../../src/certs/keyring.ts'
import type { AdmissionProbe } from '../../src/doctor/admission-probe.ts'
import type { DoctorFacts } from '../../src/doctor/diagnose.ts'
import {
  type ConfigurationKind,
  type ExpectedWebhook,
  expectedWebhooks,
  pathOf
} from '../../src/doctor/expected-webhooks.ts'
import type { Deployment, RegisteredWebhook, WebhookConfiguration } from '../../src/doctor/read-installation.ts'
import { birth, ringOf } from './keyrings.ts'
import { metricsOf } from './replica-metrics.ts'

const ring = await ringOf()
const wellMetrics = await metricsOf({})
/** Trusts the certificate in `soundSecret`. */
export const caBundle = Buffer.from(trustedBy(ring)).toString('base64')

type WebhookChanges = Readonly<Record<string, Partial<RegisteredWebhook> | undefined>>

/** What manifests/base registers, but for what a test changes by the names of webhooks; undefined: it is not there. */
export function registered(changes: WebhookChanges = {}): Pick<DoctorFacts, 'mutating' | 'validating'> {
  return {
    mutating: [configurationOf('MutatingWebhookConfiguration', changes)],
    validating: [configurationOf('ValidatingWebhookConfiguration', changes)]
  }
}

function configurationOf(kind: ConfigurationKind, changes: WebhookChanges): WebhookConfiguration {
  const webhooks = expectedWebhooks.filter((each) => each.kind === kind).map(webhookOf)
  const kept = webhooks.filter(({ name }) => !(name in changes) || changes[name] !== undefined)
  return { metadata: { name: 'pidguard' }, webhooks: kept.map((webhook) => ({ ...webhook, ...changes[webhook.name] })) }
}

function webhookOf({ name, kind, operations, resources }: ExpectedWebhook): RegisteredWebhook {
  return {
    name,
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    timeoutSeconds: 3,
    ...(kind === 'MutatingWebhookConfiguration' ? { reinvocationPolicy: 'IfNeeded' } : {}),
    clientConfig: calling({ path: pathOf[kind] }),
    namespaceSelector: outside('kube-system', 'pidguard-system'),
    rules: resources.map((resource) => {
      const [whole = '', ...below] = resource.split('/')
      const [plural = '', ...group] = whole.split('.')
      return { apiGroups: [group.join('.')], resources: [[plural, ...below].join('/')], operations }
    })
  }
}

/** Calls our Service, as a validating webhook does but for what is changed. */
export function calling(
  change: Partial<NonNullable<RegisteredWebhook['clientConfig']['service']>>
): RegisteredWebhook['clientConfig'] {
  return {
    caBundle,
    service: { namespace: 'pidguard-system', name: 'pidguard', path: '/validate', port: 443, ...change }
  }
}

/** Every namespace but these, and those that are labelled to be left out. */
export function outside(...names: readonly string[]): NonNullable<RegisteredWebhook['namespaceSelector']> {
  return {
    matchLabels: {},
    matchExpressions: [
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: names },
      { key: 'pidguard.io/admission', operator: 'NotIn', values: ['ignore'] }
    ]
  }
}

/** A Namespace as from v1.21 on. */
export function namespaceOf(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } } }
}

export function deploymentOf(
  ready: number,
  replicas = 3,
  image = 'registry/pidguard:0.1.0',
  updated = replicas
): Deployment {
  const status = { readyReplicas: ready, updatedReplicas: updated }
  return { spec: { replicas, template: { spec: { containers: [{ image }] } } }, status }
}

export const soundSecret = {
  version: '1',
  annotations: { [managedMark.name]: managedMark.value },
  data: dataOf(ring)
}

/** The default policy: one pod is refused, the other marked. */
export const soundProbe: AdmissionProbe = {
  validate: { pod: undefined, mutated: false, validated: true, refusal: undefined, took: 12 },
  mutate: { pod: { kind: 'Pod' }, mutated: true, validated: false, refusal: undefined, took: 9 }
}

/** A sound installation, but for what a test changes. */
export function installationOf(change: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    serverVersion: 'v1.30.0',
    namespace: 'pidguard-system',
    ...registered(),
    deployment: deploymentOf(3),
    controllers: deploymentOf(2, 2),
    service: { spec: { type: 'ClusterIP', ports: [{ port: 443 }] } },
    addresses: 3,
    secret: soundSecret,
    policy: 'spec: {}',
    policyMistakes: [],
    admissionPolicies: undefined,
    expectedPolicies: undefined,
    policyView: () => ({ validate: true, mutate: true }),
    calicoView: undefined,
    taintNodes: false,
    autoscaled: false,
    schedulePids: false,
    scheduler: undefined,
    systemNamespaces: ['kube-system', 'pidguard-system'],
    namespaces: [namespaceOf('kube-system'), namespaceOf('pidguard-system'), namespaceOf('shop')],
    daemonSets: [],
    needed: [],
    replicas: [{ pod: 'pidguard-a', text: wellMetrics }],
    nodes: undefined,
    felixConfigurations: [],
    hidden: [],
    probe: soundProbe,
    ownRights: { policy: 'there', change: 'refused' },
    probeNamespace: 'default',
    version: '0.1.0',
    now: birth,
    ...change
  }
}
