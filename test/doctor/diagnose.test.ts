import t from 'tap'
import { type DoctorFacts, diagnose } from '../../src/doctor/diagnose.ts'
import type { RegisteredWebhook } from '../../src/doctor/read-installation.ts'
import {
  caBundle,
  calling,
  deploymentOf,
  installationOf,
  namespaceOf,
  registered,
  soundProbe,
  soundSecret
} from '../support/installations.ts'
import { birth, day } from '../support/keyrings.ts'
import { metricsOf } from '../support/replica-metrics.ts'

const blindMetrics = await metricsOf({ nodes: { fresh: 0, partial: 0, stale: 0, unread: 2 } })

const daemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'calico-node', namespace: 'kube-system', labels: { 'k8s-app': 'calico-node' } },
  spec: { template: { spec: { containers: [{ name: 'calico-node', image: 'calico/node:v3.28.0' }] } } }
}

function neighbour(name: string, resources: string[]) {
  const rules = [{ apiGroups: [''], resources }]
  return { metadata: { name }, webhooks: [{ name, failurePolicy: 'Ignore', clientConfig: {}, rules }] }
}
/** The one that everything is changed in here. */
function validating(change: Partial<RegisteredWebhook>): Partial<DoctorFacts> {
  return registered({ 'validate.pidguard.io': change })
}

void t.test('a sound installation has nothing but ok', async (t) => {
  const levels = diagnose(installationOf()).map(({ level }) => level)
  t.strictSame([...new Set(levels)], ['ok'])
})

void t.test('whom the API server trusts is not fine where nobody could look', async (t) => {
  const checks = diagnose(installationOf({ mutating: [], validating: [], hidden: hidden.registration }))
  t.notOk(checks.some(({ about }) => about === 'caBundle'))
})

const vital = [{ apiGroups: ['', 'apps'], resources: ['pods', 'daemonsets'] }]
const hidden = {
  registration: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
  Deployment: ['deployments'],
  Service: ['services', 'endpointslices'],
  Secret: ['secrets']
}
const cases: { name: string; change: Partial<DoctorFacts>; want: string[] }[] = [
  {
    name: 'no configuration, and a pod that was not tried',
    change: { mutating: [], probe: undefined },
    want: ['error MutatingWebhookConfiguration']
  },
  {
    name: 'no configuration to be seen, yet a real call arrives',
    change: { mutating: [] },
    want: ['warn MutatingWebhookConfiguration']
  },
  {
    name: 'no configuration, and a real call that arrives for the other half only',
    change: { validating: [], probe: { ...soundProbe, validate: { ...soundProbe.validate, validated: false } } },
    want: ['error ValidatingWebhookConfiguration', 'info a real call']
  },
  {
    name: 'two that may not be read',
    change: { mutating: [], validating: [], hidden: hidden.registration },
    want: hidden.registration.map((each) => `warn ${each}`)
  },
  {
    name: 'one of two that may not be read, the other not there',
    change: { mutating: [], validating: [], hidden: ['mutatingwebhookconfigurations'], probe: undefined },
    want: ['warn mutatingwebhookconfigurations', 'error ValidatingWebhookConfiguration']
  },
  {
    name: 'webhooks that are gone',
    change: registered({
      'daemonsets.mutate.pidguard.io': undefined,
      'calico.validate.pidguard.io': undefined,
      'workloads.validate.pidguard.io': undefined
    }),
    want: [
      'error daemonsets.mutate.pidguard.io',
      'error workloads.validate.pidguard.io',
      'error calico.validate.pidguard.io'
    ]
  },
  {
    name: 'a resource less',
    change: registered({
      'calico.validate.pidguard.io': { rules: [{ apiGroups: ['*'], resources: ['felixconfigurations'] }] }
    }),
    want: ['error calico.validate.pidguard.io']
  },
  {
    name: 'an operation less',
    change: registered({
      'daemonsets.mutate.pidguard.io': {
        rules: [{ apiGroups: ['apps'], resources: ['daemonsets'], operations: ['CREATE'] }]
      }
    }),
    want: ['error daemonsets.mutate.pidguard.io']
  },
  {
    name: 'another Service',
    change: validating({ clientConfig: calling({ name: 'other' }) }),
    want: ['error validate.pidguard.io']
  },
  {
    name: 'a Service elsewhere',
    change: validating({ clientConfig: calling({ namespace: 'default' }) }),
    want: ['error validate.pidguard.io']
  },
  {
    name: 'another path',
    change: validating({ clientConfig: calling({ path: '/mutate' }) }),
    want: ['error validate.pidguard.io']
  },
  {
    name: 'a port that the Service has not',
    change: validating({ clientConfig: calling({ port: 8443 }) }),
    want: ['error validate.pidguard.io']
  },
  {
    name: 'a port of its own on both sides',
    change: {
      service: { spec: { type: 'ClusterIP', ports: [{ port: 443 }, { port: 8443 }] } },
      ...validating({ clientConfig: calling({ port: 8443 }) })
    },
    want: []
  },
  {
    name: 'a port of an ExternalName, which has none',
    change: {
      service: { spec: { type: 'ExternalName' } },
      ...validating({ clientConfig: calling({ port: 8443 }) })
    },
    want: []
  },
  {
    name: 'called by URL',
    change: validating({ clientConfig: { caBundle, url: 'https://pidguard.example/validate' } }),
    want: ['warn validate.pidguard.io']
  },
  {
    name: 'Fail for what the network needs',
    change: validating({ failurePolicy: 'Fail', rules: vital }),
    want: ['error validate.pidguard.io']
  },
  { name: 'Fail for pods only', change: validating({ failurePolicy: 'Fail' }), want: [] },
  { name: 'a timeout at the limit', change: validating({ timeoutSeconds: 5 }), want: [] },
  { name: 'a timeout above it', change: validating({ timeoutSeconds: 6 }), want: ['warn validate.pidguard.io'] },
  { name: 'side effects', change: validating({ sideEffects: 'Unknown' }), want: ['warn validate.pidguard.io'] },
  {
    name: 'what changes pods is asked only once',
    change: registered({ 'mutate.pidguard.io': { reinvocationPolicy: 'Never' } }),
    want: ['warn mutate.pidguard.io']
  },
  {
    name: 'a caBundle of somebody else',
    change: validating({ clientConfig: { ...calling({}), caBundle: 'eA==' } }),
    want: ['error caBundle']
  },
  {
    name: 'no caBundle',
    change: validating({ clientConfig: { ...calling({}), caBundle: '' } }),
    want: ['error caBundle']
  },
  { name: 'no Deployment', change: { deployment: undefined }, want: ['error replicas'] },
  {
    name: 'a Deployment that may not be read',
    change: { deployment: undefined, controllers: undefined, hidden: hidden.Deployment },
    want: ['warn deployments']
  },
  {
    name: 'that, and nobody behind the Service',
    change: {
      deployment: undefined,
      controllers: undefined,
      addresses: 0,
      hidden: hidden.Deployment,
      probe: undefined
    },
    want: ['warn deployments', 'error endpoints']
  },
  { name: 'no Service', change: { service: undefined, addresses: 0, probe: undefined }, want: ['error Service'] },
  { name: 'no Service, yet a real call arrives', change: { service: undefined, addresses: 0 }, want: ['warn Service'] },
  {
    name: 'a Service that is a name elsewhere, which has no addresses',
    change: { service: { spec: { type: 'ExternalName' } }, addresses: 0 },
    want: []
  },
  { name: 'no address, yet a real call arrives', change: { addresses: 0 }, want: ['warn endpoints'] },
  {
    name: 'a Service that may not be read',
    change: { service: undefined, addresses: undefined, hidden: hidden.Service },
    want: ['warn services', 'warn endpointslices']
  },
  { name: 'one replica of three is missing', change: { deployment: deploymentOf(2) }, want: ['warn replicas'] },
  {
    name: 'none is ready',
    change: { deployment: deploymentOf(0), addresses: 0, probe: undefined },
    want: ['error replicas', 'error endpoints']
  },
  { name: 'only one is wanted', change: { deployment: deploymentOf(1, 1) }, want: ['warn replicas'] },
  { name: 'a rollout in between', change: { deployment: deploymentOf(3, 3, undefined, 2) }, want: ['warn version'] },
  { name: 'another version', change: { deployment: deploymentOf(3, 3, 'pidguard:0.2.0') }, want: ['warn version'] },
  { name: 'an image by digest', change: { deployment: deploymentOf(3, 3, 'pidguard@sha256:0a') }, want: [] },
  { name: 'no controllers', change: { controllers: undefined }, want: ['error controllers'] },
  { name: 'no controller is ready', change: { controllers: deploymentOf(0, 2) }, want: ['error controllers'] },
  { name: 'one controller is missing', change: { controllers: deploymentOf(1, 2) }, want: ['warn controllers'] },
  { name: 'only one controller is wanted', change: { controllers: deploymentOf(1, 1) }, want: ['warn controllers'] },
  { name: 'no Secret', change: { secret: undefined }, want: ['error certificate'] },
  {
    name: 'a Secret that may not be read',
    change: { secret: undefined, hidden: hidden.Secret },
    want: ['warn secrets']
  },
  { name: 'two weeks left', change: { now: birth + 76 * day }, want: [] },
  { name: 'less than two weeks left', change: { now: birth + 76 * day + 1 }, want: ['warn certificate'] },
  { name: 'expired', change: { now: birth + 90 * day + 1 }, want: ['error certificate'] },
  { name: 'no pair', change: { secret: { ...soundSecret, data: {} } }, want: ['error certificate'] },
  { name: 'no ConfigMap', change: { policy: undefined }, want: ['error policy'] },
  { name: 'two mistakes', change: { policyMistakes: ['a', 'b'] }, want: ['error policy', 'error policy'] },
  {
    name: 'Calico, and no policy that is known',
    change: { daemonSets: [daemonSet] },
    want: ['warn Calico kube-system/calico-node']
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
    change: { mutating: [...installationOf().mutating, neighbour('istio', ['pods'])] },
    want: ['info neighbours']
  },
  {
    name: 'a neighbour that does not',
    change: { mutating: [...installationOf().mutating, neighbour('certs', [])] },
    want: []
  },
  {
    name: 'a namespace left out',
    change: { namespaces: [...installationOf().namespaces, namespaceOf('old', { 'pidguard.io/admission': 'ignore' })] },
    want: ['info namespaces']
  }
]
for (const { name, change, want } of cases) {
  void t.test(`${name}: ${want.join(', ') || 'nothing'}`, async (t) => {
    const found = diagnose(installationOf(change)).filter(({ level }) => level !== 'ok')
    t.strictSame(
      found.map(({ level, about }) => `${level} ${about}`),
      want
    )
    for (const { level, remedy, about } of found) if (level !== 'info') t.ok(remedy, `${about}: what to do`)
  })
}
