// The chart and kustomize render the same objects; what the values change, and what is refused.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { policyRules } from '../../src/rules/index.ts'
import { chartFiles, parts } from '../support/chart.ts'
import { chartFolder, helm, renderChart, runHelm } from '../support/helm.ts'
import { goldenOf, objectsOf, type Rendered, render } from '../support/rendered.ts'
import { projectFolder } from '../support/sources.ts'

void t.test('its files are what the renderings of kustomize and the table of values make', async (t) => {
  for (const [path, text] of Object.entries(chartFiles()))
    t.equal(readFileSync(join(projectFolder, path), 'utf8'), text, `${path}: npm run golden`)
})

const options = { skip: helm === undefined && 'no Helm: PIDGUARD_HELM names none, nor is it on PATH' }

/** The values for each overlay and component. */
const valuesOf: Readonly<Record<string, object>> = {
  default: {},
  observe: { observe: true },
  strict: { failurePolicy: 'Fail' },
  'cert-manager': { certManager: { enabled: true } },
  'host-network': { hostNetwork: true },
  monitoring: { monitoring: { enabled: true } },
  guard: { guarding: 'guard' },
  scheduler: { guarding: 'scheduler' },
  ...Object.fromEntries(
    Object.entries({
      audit: 'audit',
      'audit-reports': 'auditReports',
      bindings: 'bindings',
      'calico-repair': 'calicoRepair',
      fallback: 'fallback',
      'flow-control': 'flowControl',
      'kubelet-insecure': 'kubeletInsecure',
      'match-conditions': 'matchConditions',
      'node-taints': 'nodeTaints',
      'own-rights': 'ownRights',
      'policy-reports': 'policyReports'
    }).map(([name, value]) => [name, { components: { [value]: true } }])
  )
}

/** Helm leaves the Namespace to --create-namespace, unless it is asked for it. */
const withNamespace = { namespace: { create: true } }

function objectsWith(values: object, namespace?: string): ReadonlyMap<string, Rendered> {
  const { code, stdout, stderr } = renderChart(values, namespace)
  if (code !== 0) throw new Error(stderr)
  return objectsOf(stdout)
}

void t.test('every overlay and component is a value', async (t) => {
  const folders = ['overlays', 'components'].flatMap((each) => readdirSync(join(projectFolder, 'manifests', each)))
  t.strictSame(Object.keys(valuesOf).sort(), folders.sort())
  t.strictSame(['default', ...Object.keys(parts)].sort(), folders.sort())
})

for (const name of ['default', ...Object.keys(parts)]) {
  void t.test(`${name}: the same objects as kustomize`, options, async (t) => {
    const [ours, theirs] = [objectsWith({ ...withNamespace, ...valuesOf[name] }), objectsOf(goldenOf(name))]
    t.strictSame([...ours.keys()].sort(), [...theirs.keys()].sort())
    for (const [key, object] of theirs) t.strictSame(sorted(ours.get(key)), sorted(object), key)
  })
}

void t.test('several components at once: the same objects as kustomize', options, async (t) => {
  const folder = t.testdir({})
  const names = [
    'audit',
    'bindings',
    'match-conditions',
    'monitoring',
    'node-taints',
    'own-rights',
    'fallback',
    'host-network'
  ]
  const path = (to: string): string => relative(folder, join(projectFolder, 'manifests', to))
  mkdirSync(folder, { recursive: true })
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [path('overlays/strict')],
    components: names.map((name) => path(`components/${name}`))
  }
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  const rendered = render(relative(projectFolder, folder))
  rmSync(join(folder, 'kustomization.yaml'))
  if (rendered === undefined) return t.pass('no kubectl that reads components')
  const values = names.map((name) => valuesOf[name] as { components?: object })
  const components = Object.assign({}, ...values.map((each) => each.components ?? {}))
  const ours = objectsWith({ ...withNamespace, ...Object.assign({}, ...values), failurePolicy: 'Fail', components })
  const theirs = objectsOf(rendered)
  t.strictSame([...ours.keys()].sort(), [...theirs.keys()].sort())
  for (const [key, object] of theirs) t.strictSame(sorted(ours.get(key)), sorted(object), key)
})

/** The API server calls webhooks of one configuration together: their order says nothing. */
function sorted(object: Rendered | undefined): unknown {
  const webhooks = object?.['webhooks'] as { name: string }[] | undefined
  return webhooks === undefined
    ? object
    : { ...object, webhooks: webhooks.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
}

void t.test('helm lint --strict has nothing to say', options, async (t) => {
  const { code, stdout, stderr } = runHelm(['lint', '--strict', chartFolder])
  t.equal(code, 0, stdout + stderr)
})

void t.test('a value that is none is an error, also inside the policy', options, async (t) => {
  const wrong: Readonly<Record<string, object>> = {
    'a typo': { failurPolicy: 'Fail' },
    'another word': { failurePolicy: 'fail' },
    'a typo below': { components: { audits: true } },
    'a rule that is none': { policy: { rules: { 'best-efort': 'warn' } } },
    'a mode that is none': { policy: { rules: { 'best-effort': 'deny' } } },
    'half of what guard is': { guarding: 'guard', components: { bindings: true } },
    'a port of root': { ports: { probes: 80 } },
    'a digest that is none': { image: { digest: 'sha256:1' } }
  }
  for (const [name, values] of Object.entries(wrong)) t.not(renderChart(values).code, 0, name)
})

void t.test('the policy of the values is a policy document', options, async (t) => {
  const policy = { calico: { iptablesBackend: 'NFT' }, rules: { 'best-effort': 'warn' }, headroom: { floor: '20%' } }
  const { data } = objectsWith({ policy }).get('ConfigMap/pidguard-policy') as Rendered & {
    data: Record<string, string>
  }
  const { base } = readPolicy(data['policy.yaml'] ?? '', { rules: policyRules, source: 'the ConfigMap' })
  t.strictSame(
    [base.calico.iptablesBackend, base.modes.get('best-effort'), base.headroom.floor],
    ['NFT', 'warn', { share: 0.2 }]
  )
})

interface Workload extends Rendered {
  readonly metadata: Rendered['metadata'] & { readonly labels: Record<string, string> }
  readonly spec: {
    replicas: number
    template: {
      metadata: { annotations: object; labels: object }
      spec: { containers: Record<string, unknown>[] } & Record<string, unknown>
    }
  }
}

void t.test('the values that people know', options, async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const objects = objectsWith({
    image: { registry: 'registry.example.com', repository: 'tools/pidguard', digest, pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'pull' }],
    replicaCount: 5,
    podAnnotations: { a: 'b' },
    podLabels: { c: 'd', 'app.kubernetes.io/name': 'not this' },
    nodeSelector: { pool: 'infra' },
    extraArgs: ['--slow=50'],
    logLevel: 'debug',
    controller: { replicaCount: 1, resources: { requests: { cpu: '1' } } },
    commonLabels: { team: 'x' },
    excludedNamespaces: ['infra'],
    timeoutSeconds: 2,
    extraObjects: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more', namespace: '{{ .Release.Namespace }}' } }
    ],
    networkPolicy: { enabled: false }
  })
  const webhook = objects.get('Deployment/pidguard') as Workload
  const [container] = webhook.spec.template.spec.containers
  t.match(container, { image: `registry.example.com/tools/pidguard@${digest}`, imagePullPolicy: 'Always' })
  t.match(JSON.stringify(container), '--slow=50')
  t.match(container?.['env'], [{ name: 'PIDGUARD_LOG_LEVEL', value: 'debug' }])
  t.equal(webhook.spec.replicas, 5)
  t.match(webhook.spec.template.metadata, {
    annotations: { a: 'b' },
    labels: { c: 'd', 'app.kubernetes.io/name': 'pidguard' }
  })
  t.match(webhook.spec.template.spec, { nodeSelector: { pool: 'infra' }, imagePullSecrets: [{ name: 'pull' }] })
  const controller = objects.get('Deployment/pidguard-controller') as Workload
  t.equal(controller.spec.replicas, 1)
  t.match(controller.spec.template.spec.containers[0], { resources: { requests: { cpu: '1' } } })
  t.notMatch(JSON.stringify(controller), '--slow=50')
  for (const [key, object] of objects)
    if (key !== 'ConfigMap/more') t.match(object.metadata, { labels: { team: 'x' } }, key)
  t.equal(objects.get('ConfigMap/more')?.metadata.namespace, 'pidguard-system')
  t.notOk([...objects.keys()].some((key) => key.startsWith('NetworkPolicy')))
  const { webhooks } = objects.get('ValidatingWebhookConfiguration/pidguard') as unknown as {
    webhooks: { timeoutSeconds: number; namespaceSelector?: object }[]
  }
  t.ok(webhooks.every(({ timeoutSeconds }) => timeoutSeconds === 2))
  t.match(JSON.stringify(webhooks[0]?.namespaceSelector), '"pidguard-system","infra"')
})

void t.test('ports, probes, selectors, families and what is left to others', options, async (t) => {
  const common = {
    guarding: 'guard',
    ports: { admission: 9443, probes: 9080 },
    livenessProbe: { failureThreshold: 9 },
    controller: { readinessProbe: { httpGet: { path: '/livez' } } },
    namespaceSelector: { matchLabels: { guarded: 'yes' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] },
    service: { labels: { a: 'b' }, ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    replicaCount: 5,
    strategy: { type: 'RollingUpdate' },
    components: { kubeletInsecure: true },
    monitoring: { enabled: true, alerts: false, dashboard: false, interval: '15s' },
    rbac: { create: false },
    serviceAccount: { create: false }
  }
  const objects = objectsWith(common)
  for (const name of ['pidguard', 'pidguard-guard', 'pidguard-controller']) {
    const { spec } = objects.get(`Deployment/${name}`) as Workload
    const [container] = spec.template.spec.containers
    if (container === undefined) throw new Error(`${name} has no container`)
    const ports = container['ports'] as { name: string; containerPort: number }[]
    const env = Object.fromEntries(
      (container['env'] as { name: string; value: string }[]).map((e) => [e.name, e.value])
    )
    const own = Object.fromEntries(ports.map((port) => [port.name, port.containerPort]))
    const isController = name === 'pidguard-controller'
    t.strictSame(own, isController ? { probes: 9080 } : { admission: 9443, probes: 9080 }, name)
    t.match(env, { PIDGUARD_PROBE_PORT: '9080', ...(isController ? {} : { PIDGUARD_PORT: '9443' }) }, name)
    t.match(container['livenessProbe'], {
      failureThreshold: isController ? 6 : 9,
      httpGet: { path: '/livez', port: 'probes' }
    })
    t.match(container['readinessProbe'], { httpGet: { path: isController ? '/livez' : '/readyz', port: 'probes' } })
    t.match(JSON.stringify(container['args']), '--kubelet-insecure', name)
  }
  t.match((objects.get('Deployment/pidguard-guard') as Workload).spec, { replicas: 1, strategy: { type: 'Recreate' } })
  const { webhooks } = objects.get('ValidatingWebhookConfiguration/pidguard') as unknown as {
    webhooks: { name: string; namespaceSelector?: { matchLabels?: object; matchExpressions: { key: string }[] } }[]
  }
  for (const { name, namespaceSelector } of webhooks) {
    if (name === 'calico.validate.pidguard.io') t.equal(namespaceSelector, undefined, name)
    else {
      t.match(namespaceSelector?.matchLabels, { guarded: 'yes' }, name)
      t.equal(namespaceSelector?.matchExpressions.at(-1)?.key, 'tier', name)
    }
  }
  for (const name of ['pidguard', 'pidguard-guard']) {
    const service = objects.get(`Service/${name}`)
    t.match(service?.metadata, { labels: { a: 'b', 'app.kubernetes.io/name': 'pidguard' } })
    t.match(service?.['spec'], { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] })
  }
  t.match(objects.get('ServiceMonitor/pidguard')?.['spec'], { endpoints: [{ interval: '15s' }] })
  t.notOk(
    [...objects.keys()].find((key) => /^((Cluster)?Role(Binding)?|ServiceAccount|PrometheusRule)\/|dashboard/.test(key))
  )
})

void t.test('in another namespace nothing speaks of the usual one', options, async (t) => {
  const { stdout } = renderChart({ monitoring: { enabled: true }, certManager: { enabled: true } }, 'guards')
  t.notMatch(stdout, 'pidguard-system')
  t.match(stdout, 'namespace: guards')
})

interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

/** A value of that form that no other has, and what is seen of it in the rendering. */
function sampleOf({ type, items }: Schema, name: string, number: number): readonly [unknown, string] {
  const mark = `mark-${name}`
  if (Array.isArray(type)) return [number, String(number)]
  if (type === 'array') return [[items?.type === 'string' ? mark : { name: mark }], mark]
  return [type === 'object' ? { mark } : mark, mark]
}

void t.test('each value of both Deployments is seen in that Deployment, and in no other', options, async (t) => {
  const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8')) as Schema
  const { global: _, ...own } = schema.properties?.['controller']?.properties ?? {}
  const samples = Object.entries(own).map(([name, of], i) => {
    const [value, seen] = sampleOf(of, name, 7_001 + i)
    return { name, value, seen }
  })
  t.ok(samples.length > 20)
  const values = Object.fromEntries(samples.map(({ name, value }) => [name, value]))
  const renderings = [objectsWith({ controller: values }), objectsWith(values)]
  for (const [i, deployment] of ['Deployment/pidguard-controller', 'Deployment/pidguard'].entries()) {
    for (const { name, seen } of samples) {
      t.match(JSON.stringify(renderings[i]?.get(deployment)), seen, `${name} of ${deployment}`)
      t.notMatch(JSON.stringify(renderings[1 - i]?.get(deployment)), seen, `${name} of the other`)
    }
  }
})

/** The values that at least five of nine charts of webhooks and controllers have, by the names that most of them use. */
const known: readonly string[] = [
  ...['image.registry', 'image.repository', 'image.tag', 'image.digest', 'image.pullPolicy', 'imagePullSecrets'],
  ...['replicaCount', 'resources', 'nodeSelector', 'tolerations', 'affinity', 'topologySpreadConstraints'],
  ...['priorityClassName', 'podSecurityContext', 'securityContext', 'podAnnotations', 'podLabels', 'logLevel'],
  ...['hostNetwork', 'livenessProbe', 'readinessProbe', 'extraEnv', 'extraArgs', 'extraVolumes', 'extraVolumeMounts'],
  ...['serviceAccount.create', 'serviceAccount.name', 'serviceAccount.annotations', 'rbac.create', 'strategy'],
  ...['service.annotations', 'service.type', 'service.port', 'service.ipFamilyPolicy', 'service.ipFamilies'],
  ...['nameOverride', 'fullnameOverride', 'monitoring.enabled', 'namespaceSelector.matchLabels', 'objectSelector'],
  ...['commonLabels', 'commonAnnotations', 'revisionHistoryLimit', 'dnsPolicy', 'dnsConfig', 'failurePolicy', 'crds'],
  ...['certManager.enabled', 'policy', 'automountServiceAccountToken', 'PodDisruptionBudgets', 'networkPolicy.enabled']
]

void t.test('the README has each value that people know from other charts, or says why it is not there', async (t) => {
  const readme = readFileSync(join(chartFolder, 'README.md'), 'utf8')
  const [table = '', leftOut = ''] = readme.split('What other charts have')
  const named = [...leftOut.matchAll(/^- (.+?):/gm)].map(([, names]) => names).join()
  for (const name of known) {
    const isValue = table.includes(`| \`${name}\` |`)
    t.not(isValue, named.includes(name), name)
  }
})
