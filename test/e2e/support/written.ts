import fc from 'fast-check'

/** Objects that an API server takes, of all that the rules about objects look at. */

const images = fc.constantFrom(
  'docker.io/calico/node:v3.28.0',
  'docker.io/calico/node:v3.11.2',
  'docker.io/calico/node:v3.16.10',
  'rancher/hardened-calico:v3.32.1-build20260101',
  'registry.example.com/calico-node:v3.28',
  'registry.example.com/dotnet/shop:1',
  'registry.example.com/app',
  'registry.example.com:5000/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  'quay.io/prometheus/node-exporter:v1.9.0',
  'mirrored-prometheus-node-exporter:v1'
)

const quantities = fc.constantFrom('0', '0m', '1n', '1m', '250m', '1', '64Mi', '1Gi')
const list = (names: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(names, quantities), { maxLength: 3 }).map((entries) => Object.fromEntries(entries))
const resourceName = fc.constantFrom('cpu', 'memory', 'ephemeral-storage')
/** Limits alone, or requests alone: the API refuses a request above its limit. */
const resources = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  list(resourceName).map((requests) => ({ requests })),
  list(resourceName).map((limits) => ({ limits })),
  list(resourceName).map((same) => ({ limits: same, requests: same }))
)
const podResources = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  fc.constant({}),
  list(fc.constantFrom('cpu', 'memory')).map((requests) => ({ requests })),
  list(fc.constantFrom('cpu', 'memory')).map((limits) => ({ limits }))
)

const variable = fc.oneof(
  fc.record({
    name: fc.constantFrom(
      'FELIX_IPTABLESBACKEND',
      'felix_iptablesbackend',
      'FELIX_IptablesBackend',
      'FELIX_IPTABLES_BACKEND',
      'FELIX_NFTABLESMODE',
      'FELIX_USEINTERNALDATAPLANEDRIVER'
    ),
    value: fc.constantFrom('NFT', 'nft', 'Legacy', 'auto', '', ' NFT', 'none', 'Enabled', 'false', '$(OTHER)')
  }),
  fc.record({
    name: fc.constantFrom('DOTNET_ThreadPool_ForceMaxWorkerThreads', 'COMPlus_ThreadPool_ForceMaxWorkerThreads'),
    value: fc.constantFrom('C8', 'c9', '0xC8', '00c8', ' FF ', '7FFF', '8000', '0', '200', '', 'zz', '100000000')
  }),
  fc.record({
    name: fc.constantFrom('FELIX_IPTABLESBACKEND', 'DOTNET_ThreadPool_ForceMaxWorkerThreads'),
    valueFrom: fc.constant({ configMapKeyRef: { name: 'c', key: 'k' } })
  }),
  fc.record({
    name: fc.constantFrom('JAVA_OPTS', 'SERVER_TOMCAT_THREADS_MAX', 'PATH'),
    value: fc.constantFrom('-XX:ActiveProcessorCount=2', '200', '')
  })
)

const words = fc.array(
  fc.constantFrom(
    '--collector.processes',
    '--no-collector.processes',
    'calico-felix',
    '-Dserver.tomcat.threads.max=9',
    'run'
  ),
  { maxLength: 3 }
)

function container(names: fc.Arbitrary<string>): fc.Arbitrary<object> {
  return fc.record(
    {
      name: names,
      image: images,
      env: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(variable, { maxLength: 4 })),
      envFrom: fc.constantFrom(undefined, undefined, undefined, [{ configMapRef: { name: 'c', optional: true } }]),
      command: fc.constantFrom(undefined, ['sh', '-c'], ['calico-felix']),
      args: words,
      resources
    },
    { requiredKeys: ['name', 'image', 'resources'] }
  )
}

export const podSpec = fc
  .record(
    {
      first: container(fc.constantFrom('app', 'calico-node', 'calico-node')),
      second: fc.option(container(fc.constant('second')), { nil: undefined }),
      init: fc.option(container(fc.constant('init')), { nil: undefined }),
      sidecar: fc.option(container(fc.constant('sidecar')), { nil: undefined }),
      resources: podResources,
      hostNetwork: fc.constantFrom(undefined, true),
      nodeSelector: fc.constantFrom(
        undefined,
        undefined,
        { 'kubernetes.io/os': 'linux' },
        { 'kubernetes.io/os': 'windows' }
      )
    },
    { requiredKeys: ['first'] }
  )
  .map(({ first, second, init, sidecar, ...rest }) => ({
    ...rest,
    containers: [first, ...(second === undefined ? [] : [second])],
    initContainers: [
      ...(init === undefined ? [] : [init]),
      ...(sidecar === undefined ? [] : [{ ...sidecar, restartPolicy: 'Always' }])
    ]
  }))

const labels = fc.constantFrom(
  {},
  { 'k8s-app': 'calico-node' },
  { 'k8s-app': 'canal', runtime: 'jvm' },
  { runtime: 'jvm' }
)
const declared = fc.constantFrom(
  undefined,
  undefined,
  '1',
  '4194304',
  '4194305',
  '0',
  '08',
  'many',
  '',
  '5\n"6"',
  'x'.repeat(60)
)
const annotations = declared.map((count) => (count === undefined ? {} : { 'pidguard.io/pids': count }))

const uid = '0c6a3f0e-6d5c-4b0e-9a59-2f6a6f3c1c11'
const owner = fc.constantFrom(
  ...[
    undefined,
    undefined,
    undefined,
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'report-5d4f8c7b9', controller: true },
    { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', controller: true },
    { apiVersion: 'batch/v1', kind: 'Job', name: 'report-29012345', controller: true },
    { apiVersion: 'batch/v1', kind: 'Job', name: 'report-20241115', controller: true },
    { apiVersion: 'operator.tigera.io/v1', kind: 'Installation', name: 'default', controller: true },
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'not-the-controller' }
  ].map((reference) => (reference === undefined ? [] : [{ uid, ...reference }]))
)

export interface Written {
  readonly apiVersion: string
  readonly kind: string
  readonly resource: string
  readonly metadata: object
  readonly spec: object
}

const podMetadata = fc.record({
  labels,
  annotations,
  ownerReferences: owner,
  hash: fc.constantFrom({}, { 'pod-template-hash': '5d4f8c7b9' })
})

export const pod: fc.Arbitrary<Written> = fc
  .record({ metadata: podMetadata, spec: podSpec })
  .map(({ metadata: { labels: own, hash, ...rest }, spec }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    resource: 'pods',
    metadata: { labels: { ...own, ...hash }, ...rest },
    spec
  }))

const template = fc.record({ labels, annotations, spec: podSpec }).map(({ labels: own, annotations: said, spec }) => ({
  metadata: { labels: { app: 'x', ...own }, annotations: said },
  spec: { ...spec, restartPolicy: undefined }
}))
const selector = { matchLabels: { app: 'x' } }

export const ofTemplate: fc.Arbitrary<Written> = fc
  .record({
    kind: fc.constantFrom('Deployment', 'StatefulSet', 'ReplicaSet', 'Job', 'CronJob', 'ReplicationController'),
    labels,
    owner,
    template
  })
  .map(({ kind, labels: own, owner: ownerReferences, template: of }) =>
    workload(kind, { labels: own, ownerReferences }, of)
  )

function workload(kind: string, metadata: object, of: { readonly spec: object }): Written {
  const finite = { ...of, spec: { ...of.spec, restartPolicy: 'Never' } }
  switch (kind) {
    case 'Job':
      return { apiVersion: 'batch/v1', kind, resource: 'jobs', metadata, spec: { template: finite } }
    case 'CronJob':
      return {
        apiVersion: 'batch/v1',
        kind,
        resource: 'cronjobs',
        metadata,
        spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: finite } } }
      }
    case 'ReplicationController':
      return {
        apiVersion: 'v1',
        kind,
        resource: 'replicationcontrollers',
        metadata,
        spec: { selector: { app: 'x' }, template: of }
      }
    default: {
      const serviceName = kind === 'StatefulSet' ? { serviceName: 'x' } : {}
      const resource = `${kind.toLowerCase()}s`
      return { apiVersion: 'apps/v1', kind, resource, metadata, spec: { ...serviceName, selector, template: of } }
    }
  }
}

const strategy = fc.constantFrom(
  undefined,
  { type: 'OnDelete' },
  { type: 'RollingUpdate' },
  { type: 'OnDelete', rollingUpdate: { maxUnavailable: 1 } },
  { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 3 } }
)

export const daemonSet: fc.Arbitrary<Written> = fc
  .record({ labels, owner, template, updateStrategy: strategy })
  .map(({ labels: own, owner: ownerReferences, template: of, updateStrategy }) => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    resource: 'daemonsets',
    metadata: { labels: own, ownerReferences },
    spec: { selector, template: of, updateStrategy }
  }))

export const configuration: fc.Arbitrary<Written> = fc
  .record({
    group: fc.constantFrom('crd.projectcalico.org/v1', 'projectcalico.org/v3'),
    name: fc.constantFrom('default', 'node.a'),
    spec: fc.record(
      {
        iptablesBackend: fc.constantFrom<unknown>('NFT', 'nft', 'Legacy', 'Auto', 'none', '', 5, null),
        nftablesMode: fc.constantFrom<unknown>('Enabled', 'Auto', 'Disabled', 7)
      },
      { requiredKeys: [] }
    )
  })
  .map(({ group, name, spec }) => ({
    apiVersion: group,
    kind: 'FelixConfiguration',
    resource: 'felixconfigurations',
    metadata: { name },
    spec
  }))
