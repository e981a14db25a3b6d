import t from 'tap'
import { version } from '../../src/host/version.ts'
import { defaultPolicyText } from '../../src/policy/document/default-document.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { policyRules as rules } from '../../src/rules/index.ts'
import { goldenOf, kustomizations, objectsOf, type Rendered } from '../support/rendered.ts'

function objectOf<T>(rendering: string, key: string): Rendered & T {
  const object = objectsOf(goldenOf(rendering)).get(key)
  if (object === undefined) throw new Error(`${rendering} has no ${key}`)
  return object as Rendered & T
}

interface PolicyRule {
  readonly apiGroups: string[]
  readonly resources: string[]
  readonly resourceNames?: string[]
  readonly verbs: string[]
}

/** The Deployment and the account of the controller. */
const controller = 'pidguard-controller'
/** Of the component that nobody has who does not ask for it: RBAC cannot name all nodes there will be. */
const nodeTaints = 'pidguard-node-taints'
const scheduling = 'pidguard-scheduler'
const nodeTaintsRendering = 'node-taints'
/** And of the one that lets the leader repair Calico: RBAC cannot name its DaemonSets either. */
const calicoRepair = 'pidguard-calico-repair'
/** The same of reports. */
const audits = 'pidguard-audit'
/** The same for the controller. */
const reportWriters = 'pidguard-audit-reports'
const reportRenderings = ['policy-reports', 'audit-reports']
/** Of the component that lets the server audit: what it, and the account that kubelets are asked with, may look at besides. */
const serverAudits = ['pidguard-cluster-audit', 'pidguard-kubelet-audit']
const auditLooks: Readonly<Record<string, readonly string[]>> = {
  replicationcontrollers: ['list'],
  deployments: ['list'],
  statefulsets: ['list'],
  daemonsets: ['list'],
  replicasets: ['list'],
  controllerrevisions: ['list'],
  jobs: ['list'],
  cronjobs: ['list'],
  felixconfigurations: ['list'],
  validatingadmissionpolicies: ['list'],
  validatingadmissionpolicybindings: ['list'],
  mutatingadmissionpolicies: ['list'],
  mutatingadmissionpolicybindings: ['list'],
  'nodes/configz': ['get']
}

/** What may be done cluster-wide without naming one object: look, and nothing else. */
const looks: Readonly<Record<string, readonly string[]>> = {
  nodes: ['list', 'watch'],
  pods: ['list', 'watch'],
  namespaces: ['list', 'watch'],
  limitranges: ['list', 'watch'],
  podgroups: ['list', 'watch'],
  daemonsets: ['list', 'watch'],
  felixconfigurations: ['list', 'watch'],
  // Calico may be in any namespace, and an Event is where the object is that it is about.
  events: ['create'],
  'nodes/stats': ['get'],
  'nodes/metrics': ['get']
}

void t.test('RBAC: no wildcard, nothing cluster-wide without a name but a look, never the node proxy', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    for (const { kind, metadata, rules } of objectsOf(goldenOf(rendering)).values()) {
      if (kind !== 'Role' && kind !== 'ClusterRole') continue
      for (const rule of rules as PolicyRule[]) {
        const all = [...rule.apiGroups, ...rule.resources, ...rule.verbs]
        t.notOk(all.includes('*'), `${rendering} ${kind}/${metadata.name}`)
        t.notOk(rule.resources.includes('nodes/proxy'), 'it is code execution on every node')
        if (
          kind !== 'ClusterRole' ||
          rule.resourceNames !== undefined ||
          [nodeTaints, scheduling, audits, reportWriters, calicoRepair].includes(metadata.name)
        )
          continue
        const allowed = serverAudits.includes(metadata.name) ? auditLooks : looks
        for (const resource of rule.resources) t.strictSame(rule.verbs, allowed[resource], `${rendering}: ${resource}`)
      }
    }
  }
})

void t.test(
  'Nodes may be written only where the component says so, and then nothing but read and patched',
  async (t) => {
    for (const rendering of Object.keys(kustomizations)) {
      const found = [...objectsOf(goldenOf(rendering)).values()].filter(({ metadata }) => metadata.name === nodeTaints)
      t.equal(found.length, [nodeTaintsRendering, 'guard'].includes(rendering) ? 4 : 0, rendering)
    }
    const { rules } = objectOf<{ rules: PolicyRule[] }>(nodeTaintsRendering, `ClusterRole/${nodeTaints}`)
    t.strictSame(rules, [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] }])
  }
)

void t.test('what a Node says of itself may be patched only where the component says so', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    const found = [...objectsOf(goldenOf(rendering)).values()].filter(({ metadata }) => metadata.name === scheduling)
    t.equal(found.length, rendering === 'scheduler' ? 2 : 0, rendering)
  }
  const { rules } = objectOf<{ rules: PolicyRule[] }>('scheduler', `ClusterRole/${scheduling}`)
  t.strictSame(rules, [{ apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] }])
})

void t.test('DaemonSets may be written only where the component says so, and then patched alone', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    const found = [...objectsOf(goldenOf(rendering)).values()].filter(({ metadata }) => metadata.name === calicoRepair)
    t.equal(found.length, rendering === 'calico-repair' ? 2 : 0, rendering)
  }
  const { rules } = objectOf<{ rules: PolicyRule[] }>('calico-repair', `ClusterRole/${calicoRepair}`)
  t.strictSame(rules, [{ apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['patch'] }])
})

void t.test('reports may be written by a service account of their own alone; it looks at all else', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    const found = [...objectsOf(goldenOf(rendering)).values()].filter(({ metadata }) => metadata.name === audits)
    t.equal(found.length, reportRenderings.includes(rendering) ? 3 : 0, rendering)
  }
  const { rules } = objectOf<{ rules: PolicyRule[] }>('policy-reports', `ClusterRole/${audits}`)
  const writing = rules.filter(({ verbs }) => verbs.some((verb) => verb !== 'list' && verb !== 'get'))
  t.strictSame(
    writing.flatMap(({ apiGroups, resources }) => resources.map((resource) => `${resource}.${apiGroups}`)),
    [
      'policyreports.wgpolicyk8s.io',
      'clusterpolicyreports.wgpolicyk8s.io',
      'reports.openreports.io',
      'clusterreports.openreports.io'
    ]
  )
  const { subjects } = objectOf<{ subjects: object[] }>('policy-reports', `ClusterRoleBinding/${audits}`)
  t.strictSame(subjects, [{ kind: 'ServiceAccount', name: audits, namespace: 'pidguard-system' }])
})

void t.test('the controller may write reports only where audit-reports ties it to that role', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    const bindings = [...objectsOf(goldenOf(rendering)).values()] as (Rendered & {
      readonly roleRef?: { readonly name: string }
      readonly subjects?: readonly { readonly name: string }[]
    })[]
    const ofController = bindings.filter(
      ({ roleRef, subjects }) => roleRef?.name === reportWriters && subjects?.some(({ name }) => name === controller)
    )
    t.equal(ofController.length, rendering === 'audit-reports' ? 1 : 0, rendering)
  }
})

void t.test(
  'the controller audits only where that was asked for, and then has the memory and the PIDs for it',
  async (t) => {
    for (const rendering of Object.keys(kustomizations)) {
      const { metadata, spec } = objectOf<Deployment>(rendering, `Deployment/${controller}`).spec.template
      const [container] = spec.containers
      const audited = rendering === 'audit' || rendering === 'audit-reports'
      const flags = container?.args.filter((arg) => arg.startsWith('--audit')) ?? []
      t.strictSame(
        flags,
        [
          ...(audited ? ['--audit-interval=1h'] : []),
          ...(rendering === 'audit-reports' ? ['--audit-report-objects=failures'] : [])
        ],
        rendering
      )
      t.equal(container?.resources.limits.memory, audited ? '1Gi' : '512Mi', rendering)
      t.equal(metadata.annotations['pidguard.io/pids'], audited ? '48' : '32', rendering)
    }
  }
)

void t.test('with cert-manager the program may write neither Secret nor webhook configuration', async (t) => {
  const role = objectOf<{ rules: PolicyRule[] }>('cert-manager', `Role/${controller}`)
  t.strictSame(
    role.rules.filter(({ resources }) => resources.includes('secrets')).flatMap(({ verbs }) => verbs),
    ['get']
  )
  const cluster = objectOf<{ rules: PolicyRule[] }>('cert-manager', `ClusterRole/${controller}`)
  t.strictSame(
    cluster.rules.filter(({ resourceNames }) => resourceNames !== undefined).flatMap(({ verbs }) => verbs),
    ['get']
  )
})

void t.test('kubelets are believed without a certificate only where that was asked for', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    for (const name of ['pidguard', controller]) {
      const { args = [] } = objectOf<Deployment>(rendering, `Deployment/${name}`).spec.template.spec.containers[0] ?? {}
      t.ok(args.includes('--readings=kubelet'), rendering)
      t.equal(args.includes('--kubelet-insecure'), rendering === 'kubelet-insecure', rendering)
    }
  }
})

interface Binding {
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly name: string }[]
}

/** Every right of a ServiceAccount, as `verb resource` or `verb resource/name`, by all roles that it is bound to. */
function rightsOf(rendering: string, account: string): string[] {
  const bindings = [...objectsOf(goldenOf(rendering)).values()] as (Rendered & Binding)[]
  return bindings
    .filter(({ subjects }) => subjects?.some(({ name }) => name === account))
    .flatMap(({ roleRef }) => objectOf<{ rules: PolicyRule[] }>(rendering, `${roleRef?.kind}/${roleRef?.name}`).rules)
    .flatMap(({ resources, verbs, resourceNames = [''] }) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => resourceNames.map((name) => `${verb} ${resource}${name === '' ? '' : `/${name}`}`))
      )
    )
    .sort()
}

void t.test('the token that kubelets are sent can read what they say of nodes, and nothing else', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    const audited = rendering === 'audit' || rendering === 'audit-reports'
    t.strictSame(
      rightsOf(rendering, 'pidguard-kubelet'),
      [...(audited ? ['get nodes/configz'] : []), 'get nodes/metrics', 'get nodes/stats'],
      rendering
    )
    for (const account of ['pidguard', controller]) {
      const { args = [] } =
        objectOf<Deployment>(rendering, `Deployment/${account}`).spec.template.spec.containers[0] ?? {}
      t.ok(args.includes('--kubelet-service-account=pidguard-kubelet'), rendering)
      const own = rightsOf(rendering, account)
      t.ok(own.includes('create serviceaccounts/token/pidguard-kubelet'), rendering)
      t.notOk(
        own.some((right) => /^get nodes\/|^create serviceaccounts\/token$/.test(right)),
        `${rendering}: our own token is of no use at a kubelet`
      )
    }
  }
})

void t.test('the webhook changes nothing, whichever components there are', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    t.strictSame(
      rightsOf(rendering, 'pidguard').filter((right) => !/^(get|list|watch) /.test(right)),
      ['create serviceaccounts/token/pidguard-kubelet'],
      rendering
    )
  }
})

void t.test(
  'each process runs under its own account, and no selector of one takes the pods of the other',
  async (t) => {
    for (const rendering of Object.keys(kustomizations)) {
      for (const name of ['pidguard', controller]) {
        const { selector, template } = objectOf<Deployment>(rendering, `Deployment/${name}`).spec
        t.equal(template.spec.serviceAccountName, name, rendering)
        t.strictSame(selector.matchLabels, { 'app.kubernetes.io/name': name }, rendering)
        t.equal(template.metadata.labels['app.kubernetes.io/name'], name, rendering)
      }
      const { spec } = objectOf<{ spec: { selector: object } }>(rendering, 'Service/pidguard')
      t.strictSame(spec.selector, { 'app.kubernetes.io/name': 'pidguard' }, rendering)
    }
  }
)

interface Deployment {
  readonly spec: {
    readonly selector: { readonly matchLabels: object }
    readonly replicas: number
    readonly template: {
      readonly metadata: {
        readonly annotations: Readonly<Record<string, string>>
        readonly labels: Readonly<Record<string, string>>
      }
      readonly spec: {
        readonly serviceAccountName: string
        readonly containers: {
          readonly image: string
          readonly args: string[]
          readonly securityContext: object
          readonly resources: { readonly limits: { readonly memory: string } }
        }[]
      }
    }
  }
}

void t.test('the image is the one of this version', async (t) => {
  for (const name of ['pidguard', controller]) {
    const { spec } = objectOf<Deployment>('default', `Deployment/${name}`)
    t.equal(spec.template.spec.containers[0]?.image, `pidguard:${version}`)
  }
})

interface ConfigMap {
  readonly data: { readonly 'policy.yaml': string }
}

void t.test('the default overlay has the default policy; in observe no rule enforces', async (t) => {
  const text = (rendering: string): string =>
    objectOf<ConfigMap>(rendering, 'ConfigMap/pidguard-policy').data['policy.yaml']
  t.equal(text('default'), defaultPolicyText(rules))
  t.equal(text('strict'), text('default'))
  const { base } = readPolicy(text('observe'), { rules, source: 'observe' })
  t.notOk([...base.modes.values()].includes('enforce'))
})

void t.test('no Service sets options of the program: one named pidguard would set PIDGUARD_PORT', async (t) => {
  for (const rendering of Object.keys(kustomizations)) {
    for (const name of ['pidguard', controller]) {
      const { spec } = objectOf<{ spec: { template: { spec: { enableServiceLinks?: boolean } } } }>(
        rendering,
        `Deployment/${name}`
      )
      t.equal(spec.template.spec.enableServiceLinks, false, `${rendering} ${name}`)
    }
  }
})
