import type { JsonRecord } from '../../../src/lib/json/shape.ts'

/** A change that a person with a token of ours might try, as one call of the API. */
export interface Write {
  readonly name: string
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
  /** Of a PATCH; a list of operations is a JSON patch by itself. */
  readonly contentType?: string
}

const namespace = 'pidguard-system'
const registration = '/apis/admissionregistration.k8s.io/v1'
const apply = 'application/apply-patch+yaml'
const merge = 'application/merge-patch+json'
const strategic = 'application/strategic-merge-patch+json'

function patch(name: string, path: string, body: object, contentType?: string): Write {
  const kind = contentType ?? (Array.isArray(body) ? 'application/json-patch+json' : merge)
  return { name, method: 'PATCH', path, body, contentType: kind }
}

function create(name: string, path: string, body: object): Write {
  return { name, method: 'POST', path, body }
}

/** `held`: the configuration as it is stored. */
function ofConfiguration(resource: string, kind: string, held: JsonRecord): Write[] {
  const path = `${registration}/${resource}/pidguard`
  const webhooks = held['webhooks'] as readonly JsonRecord[]
  const config = '/webhooks/0/clientConfig'
  const change = (name: string, ...operations: object[]) => patch(`${kind}: ${name}`, path, operations)
  const replace = (field: string, value: unknown) => ({ op: 'add', path: `/webhooks/0/${field}`, value })
  const whole = (name: string, list: readonly JsonRecord[]) =>
    change(name, { op: 'replace', path: '/webhooks', value: list })
  const other = { ...webhooks[0], name: 'other.pidguard.io' }
  const meta = (name: string, metadata: object) => patch(`${kind}: ${name}`, path, { metadata })
  return [
    change('caBundle removed', { op: 'remove', path: `${config}/caBundle` }),
    change('a url', { op: 'replace', path: config, value: { url: 'https://attacker.example' } }),
    change('another service', { op: 'replace', path: `${config}/service/name`, value: 'x' }),
    change('another path', { op: 'replace', path: `${config}/service/path`, value: '/x' }),
    change('failurePolicy', replace('failurePolicy', 'Fail')),
    change('rules', replace('rules', [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }])),
    change('namespaceSelector', replace('namespaceSelector', {})),
    change('objectSelector', replace('objectSelector', { matchLabels: { a: 'b' } })),
    change('timeoutSeconds', replace('timeoutSeconds', 30)),
    change('matchConditions', replace('matchConditions', [{ name: 'never', expression: 'false' }])),
    change('sideEffects', replace('sideEffects', 'NoneOnDryRun'), replace('matchPolicy', 'Exact')),
    whole('a webhook more', [...webhooks, other]),
    whole('a webhook less', webhooks.slice(1)),
    whole('no webhooks', []),
    whole('another order', webhooks.toReversed()),
    whole('another name', [other, ...webhooks.slice(1)]),
    meta('a label', { labels: { x: 'y' } }),
    meta('an annotation', { annotations: { 'cert-manager.io/inject-ca-from': 'a/b' } }),
    meta('a finalizer', { finalizers: ['example.com/x'] }),
    meta('an owner', { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'a' }] }),
    patch(
      `${kind}: server-side apply`,
      `${path}?fieldManager=x&force=true`,
      { ...bare(held, kind), webhooks: [other] },
      apply
    ),
    { name: `${kind}: deleted`, method: 'DELETE', path },
    { name: `${kind}: all deleted`, method: 'DELETE', path: `${registration}/${resource}` },
    create(`${kind}: another`, `${registration}/${resource}`, {
      ...bare(held, kind),
      metadata: { name: 'x' },
      webhooks: [other]
    })
  ]
}

function bare({ apiVersion }: JsonRecord, kind: string): JsonRecord {
  return { apiVersion, kind, metadata: { name: 'pidguard' } }
}

const taint = { key: 'pidguard.io/low-pids', effect: 'NoSchedule' }

/** `taints`: those that the node has. */
function ofNode(node: string, taints: readonly object[]): Write[] {
  const path = `/api/v1/nodes/${node}`
  const spec = (name: string, change: object) => patch(`node: ${name}`, path, { spec: change })
  const withTaints = (name: string, ...more: object[]) => spec(name, { taints: [...taints, ...more] })
  const meta = (name: string, metadata: object) => patch(`node: ${name}`, path, { metadata })
  return [
    withTaints('a taint that evicts', { ...taint, effect: 'NoExecute' }),
    withTaints('both effects', taint, { ...taint, effect: 'NoExecute' }),
    withTaints('a value', { ...taint, value: 'x' }),
    withTaints('another key', { key: 'x', effect: 'NoSchedule' }),
    spec("another's taint removed", { taints: [taint] }),
    spec("another's taint changed", { taints: taints.map((each) => ({ ...each, value: 'x' })) }),
    meta('a label', { labels: { x: 'y' } }),
    patch('node: a label with the taint', path, {
      metadata: { labels: { x: 'y' } },
      spec: { taints: [...taints, taint] }
    }),
    meta('an annotation', { annotations: { x: 'y' } }),
    meta('a finalizer', { finalizers: ['example.com/x'] }),
    meta('an owner', { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'a' }] }),
    spec('a cordon', { unschedulable: true }),
    spec('podCIDR', { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] }),
    spec('providerID', { providerID: 'x' }),
    create('node: another', '/api/v1/nodes', { metadata: { name: 'x' } }),
    { name: 'node: deleted', method: 'DELETE', path },
    { name: 'node: all deleted', method: 'DELETE', path: '/api/v1/nodes' },
    ...[
      { name: 'cpu', status: { capacity: { cpu: '1k' } } },
      { name: 'no pods', status: { allocatable: { pods: '0' } } },
      { name: 'a condition', status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      { name: 'an address', status: { addresses: [{ type: 'InternalIP', address: '127.0.0.2' }] } },
      { name: 'nodeInfo', status: { nodeInfo: { kubeletVersion: 'v9' } } },
      { name: 'a label through the status', metadata: { labels: { x: 'y' } } },
      { name: 'too many PIDs', status: { capacity: { 'pidguard.io/pids': '4194305' } } }
    ].map(({ name, ...change }) => patch(`node status: ${name}`, `${path}/status`, change))
  ]
}

/** What RBAC cannot narrow to a name, and what it need not. */
function ofNames(): Write[] {
  const own = (resource: string) => `/api/v1/namespaces/${namespace}/${resource}`
  const named = (name: string) => ({ metadata: { name, namespace } })
  const token = { 'kubernetes.io/service-account.name': 'pidguard-controller' }
  const data = { 'tls.crt': '', 'tls.key': '' }
  const secret = (name: string, metadata: object, type: string) =>
    create(`secret: ${name}`, own('secrets'), { metadata: { namespace, ...metadata }, type, data })
  const event = {
    involvedObject: { kind: 'Pod', name: 'x', namespace: 'kube-system' },
    reason: 'x',
    message: 'x',
    type: 'Warning'
  }
  const binding = {
    metadata: { name: 'x' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'pidguard', namespace }]
  }
  return [
    secret('another name', { name: 'other' }, 'Opaque'),
    secret('a generated name', { generateName: 'pidguard-tls' }, 'Opaque'),
    secret('a token', { name: 'pidguard-tls', annotations: token }, 'kubernetes.io/service-account-token'),
    { name: 'secret: deleted', method: 'DELETE', path: `${own('secrets')}/pidguard-tls` },
    create('lease: another name', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, named('other')),
    create('budget: another name', `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, {
      ...named('other'),
      spec: { maxUnavailable: 0, selector: {} }
    }),
    create('event: of a pod', '/api/v1/namespaces/kube-system/events', {
      metadata: { name: 'x', namespace: 'kube-system' },
      ...event
    }),
    create('token: of the controller', `${own('serviceaccounts')}/pidguard-controller/token`, { spec: {} }),
    create('token: of default', `${own('serviceaccounts')}/default/token`, { spec: {} }),
    create('pod', own('pods'), { ...named('x'), spec: { containers: [{ name: 'x', image: 'x' }] } }),
    create('cluster-admin', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding),
    patch('its own role', `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/pidguard-controller`, {
      rules: []
    }),
    {
      name: 'the policy deleted',
      method: 'DELETE',
      path: `${registration}/validatingadmissionpolicies/own-names.pidguard.io`
    },
    {
      name: 'the binding deleted',
      method: 'DELETE',
      path: `${registration}/validatingadmissionpolicybindings/own-names.pidguard.io`
    }
  ]
}

export interface Held {
  readonly mutating: JsonRecord
  readonly validating: JsonRecord
  readonly node: string
  readonly taints: readonly object[]
}

/** Every write that none of our tokens may make. */
export function unwantedWrites({ mutating, validating, node, taints }: Held): readonly Write[] {
  return [
    ...ofConfiguration('mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', mutating),
    ...ofConfiguration('validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', validating),
    ...ofNode(node, taints),
    ...ofNames()
  ]
}

/** What the controller writes, in every way in which it writes it, and some more in which the same comes out. */
export function wantedWrites({ mutating, validating, node, taints }: Held): readonly Write[] {
  const bundle = Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64')
  const configurations = [
    ['mutatingwebhookconfigurations', mutating],
    ['validatingwebhookconfigurations', validating]
  ] as const
  const path = `/api/v1/nodes/${node}`
  const event = (kind: string, name: string, where: string) =>
    create(`event: of a ${kind}`, `/api/v1/namespaces/${where}/events`, {
      metadata: { name: `x.${kind.toLowerCase()}`, namespace: where },
      involvedObject: { kind, name, ...(kind === 'Node' ? {} : { namespace: where }) },
      reason: 'x',
      message: 'x',
      type: 'Warning'
    })
  return [
    ...configurations.flatMap(([resource, held]) => {
      const [first] = held['webhooks'] as readonly JsonRecord[]
      const at = `${registration}/${resource}/pidguard`
      const name = { op: 'test', path: '/webhooks/0/name', value: first?.['name'] }
      const add = { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: bundle }
      return [
        patch(`${resource}: caBundle`, at, [name, add]),
        patch(`${resource}: nothing`, at, [name]),
        patch(
          `${resource}: caBundle by merge`,
          at,
          { webhooks: [{ name: first?.['name'], clientConfig: { caBundle: bundle } }] },
          strategic
        )
      ]
    }),
    patch('node: the taint', path, { spec: { taints: [...taints, taint] } }),
    patch('node: the taint, first', path, { spec: { taints: [taint, ...taints] } }),
    patch('node: nothing', path, { spec: { taints } }),
    ...['900', '0', null].map((pids) =>
      patch(`node status: ${pids} PIDs offered`, `${path}/status`, {
        status: { capacity: { 'pidguard.io/pids': pids }, allocatable: { 'pidguard.io/pids': pids } }
      })
    ),
    event('Node', node, 'default'),
    event('DaemonSet', 'calico-node', 'kube-system'),
    create('token: for kubelets', `/api/v1/namespaces/${namespace}/serviceaccounts/pidguard-kubelet/token`, {
      spec: {}
    })
  ]
}
