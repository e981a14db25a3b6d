import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { audit } from './support/audit.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { kubeconfigOf, limitedUser } from './support/limited-user.ts'
import { deployment, pod, someRequests } from './support/objects.ts'
import { until } from './support/wait.ts'

const root = join(import.meta.dirname, '../..')
/** Workloads of the run at size; the largest that was asked of it is 10,000. */
const size = Number(process.env.PIDGUARD_E2E_WORKLOADS ?? 300)

interface StoredReport {
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[]
  }
  readonly scope: { readonly kind: string; readonly name: string }
  readonly summary: object
  readonly results?: readonly object[]
  readonly source?: string
}

async function install({ kubectl }: ControlPlane, ...names: string[]): Promise<void> {
  for (const name of names) {
    await kubectl.ok(['apply', '--filename', join(root, 'test/fixtures/crds', `${name}.yaml`)])
  }
  await kubectl.ok(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all'])
}

async function reports({ kubectl }: ControlPlane, plural = 'policyreports.wgpolicyk8s.io'): Promise<StoredReport[]> {
  return JSON.parse(await kubectl.ok(['get', plural, '-A', '-o=json'])).items
}

async function reportOf(kubeconfig: string, ...args: string[]): Promise<AuditReport> {
  const { stdout, stderr } = await audit(kubeconfig, '-o', 'json', '--report-objects', ...args)
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

/** `Deployment web`, sorted. */
function scopes(stored: readonly StoredReport[]): string[] {
  return stored.map(({ scope }) => `${scope.kind} ${scope.name}`).sort()
}

const plane = await startControlPlane({ controllers: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
const admin = join(plane.folder, 'kubeconfig')
await plane.createNamespace('shop')
for (const name of ['web', 'api', 'old']) await kubectl.create(deployment({ name, namespace: 'shop' }, 0))
await kubectl.create(deployment({ name: 'fine', namespace: 'shop' }, 0, someRequests))
await kubectl.create(pod({ name: 'lone', namespace: 'shop' }))
await api.post('/api/v1/nodes', {
  metadata: { name: 'node-a' },
  status: { conditions: [{ type: 'PIDPressure', status: 'True' }] }
})

void t.test('a cluster without these kinds is told so, and the audit stands', async (t) => {
  const { gaps, findings } = await reportOf(admin)
  t.ok(findings.length > 3)
  t.match(
    gaps.filter(({ reason }) => reason === 'not-found').map(({ part }) => part),
    ['clusterpolicyreports.wgpolicyk8s.io', 'policyreports.wgpolicyk8s.io']
  )
})

void t.test('PolicyReports: one for each workload with findings, all fields as its CRD has them', async (t) => {
  await install(plane, 'policyreports', 'clusterpolicyreports')
  const { gaps } = await reportOf(admin)
  t.strictSame(
    gaps.filter(({ part }) => part.includes('reports')),
    []
  )
  const stored = await reports(plane)
  t.strictSame(scopes(stored), ['Deployment api', 'Deployment old', 'Deployment web', 'Pod lone'])
  const web = stored.find(({ scope }) => scope.name === 'web')
  const uid = await kubectl.ok(['get', 'deployment/web', '-n=shop', '-o=jsonpath={.metadata.uid}'])
  t.match(web, {
    metadata: {
      labels: { 'app.kubernetes.io/managed-by': 'pidguard' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid }]
    },
    scope: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
    summary: { fail: 1, warn: 0, error: 0, skip: 0 },
    results: [
      {
        source: 'pidguard',
        policy: 'pidguard',
        rule: 'best-effort',
        result: 'fail',
        severity: 'high',
        scored: true,
        message: /BestEffort/,
        properties: { level: 'deny', pointer: '/spec/template/spec/containers/0/resources' },
        timestamp: { nanos: 0 }
      }
    ]
  })
  t.match(await reports(plane, 'clusterpolicyreports.wgpolicyk8s.io'), [
    { scope: { kind: 'Node', name: 'node-a' }, summary: { fail: 0 } }
  ])
})

/** Writes of report objects so far. */
function writes(): number {
  return plane.auditEvents().filter(({ objectRef }) => objectRef?.resource.endsWith('reports') === true).length
}

void t.test('a second audit writes nothing; what is mended or deleted loses its report', async (t) => {
  const before = writes()
  await reportOf(admin)
  t.equal(writes(), before)
  await kubectl.ok(['set', 'resources', 'deployment/web', '-n=shop', '--requests=cpu=5m,memory=8Mi'])
  await kubectl.ok(['delete', 'deployment/old', '-n=shop'])
  await until('the garbage collector takes the report of what is gone', async () => {
    return !scopes(await reports(plane)).includes('Deployment old')
  })
  await reportOf(admin)
  t.strictSame(scopes(await reports(plane)), ['Deployment api', 'Pod lone'])
})

void t.test('who may not see deployments removes no report of them, and one refusal is told once', async (t) => {
  const list = (apiGroups: string[], ...resources: string[]) => ({ apiGroups, resources, verbs: ['list'] })
  const user = await limitedUser(plane, 'shop', 'half', [
    list([''], 'nodes', 'namespaces', 'pods', 'limitranges'),
    {
      apiGroups: ['wgpolicyk8s.io'],
      resources: ['policyreports', 'clusterpolicyreports'],
      verbs: ['list', 'create', 'patch', 'delete']
    }
  ])
  await reportOf(user)
  t.strictSame(scopes(await reports(plane)), ['Deployment api', 'Pod lone'])

  const reader = await limitedUser(plane, 'shop', 'reader', [
    list(['', 'apps', 'batch'], '*'),
    list(['wgpolicyk8s.io'], 'policyreports', 'clusterpolicyreports')
  ])
  await kubectl.create(deployment({ name: 'new', namespace: 'shop' }, 0))
  await kubectl.create(deployment({ name: 'newer', namespace: 'shop' }, 0))
  const { gaps, exitCode } = await reportOf(reader, '--fail-on=never')
  const told = gaps.filter(({ part }) => part === 'policyreports.wgpolicyk8s.io')
  t.match(told, [{ reason: 'forbidden', detail: /^2 not written; the first: .*are needed/ }])
  t.equal(told.length, 1)
  t.equal(exitCode, 0)
})

void t.test('the component policy-reports brings every right that is needed', async (t) => {
  await plane.createNamespace('pidguard-system')
  await kubectl.ok(['apply', '--filename', join(root, 'manifests/components/policy-reports/rbac.yaml')])
  const { gaps } = await reportOf(await kubeconfigOf(plane, 'pidguard-system', 'pidguard-audit'))
  t.strictSame(
    gaps.filter(({ reason }) => reason === 'forbidden'),
    []
  )
  t.strictSame(scopes(await reports(plane)), ['Deployment api', 'Deployment new', 'Deployment newer', 'Pod lone'])
})

void t.test('a summary has counts and no results; those of before go', async (t) => {
  await audit(admin, '--report-objects=summary')
  for (const { summary, results } of await reports(plane)) {
    t.match(summary, { fail: 1 })
    t.equal(results, undefined)
  }
})

void t.test('OpenReports, where the cluster has them, in place of PolicyReports', async (t) => {
  await install(plane, 'openreports-reports', 'openreports-clusterreports')
  // Each kind for itself: the API server may serve one when it does not yet serve the other.
  for (const plural of ['reports', 'clusterreports']) {
    await until(`${plural} are served`, async () => {
      const { status, body } = await api.get('/apis/openreports.io/v1alpha1')
      const { resources = [] } = body as { resources?: { name: string }[] }
      return status === 200 && resources.some(({ name }) => name === plural)
    })
  }
  const { gaps } = await reportOf(admin)
  t.strictSame(
    gaps.filter(({ part }) => part.includes('reports')),
    []
  )
  const stored = await reports(plane, 'reports.openreports.io')
  t.strictSame(scopes(stored), ['Deployment api', 'Deployment new', 'Deployment newer', 'Pod lone'])
  t.match(stored[0], { source: 'pidguard', results: [{ rule: 'best-effort', result: 'fail' }] })
  t.equal((await reports(plane, 'clusterreports.openreports.io')).length, 1)
  t.strictSame(await reports(plane), [])
  t.strictSame(await reports(plane, 'clusterpolicyreports.wgpolicyk8s.io'), [])
})

void t.test(`${size} workloads: all written, then nothing, then all removed`, async (t) => {
  const large = await startControlPlane()
  t.teardown(() => large.stop())
  const file = join(large.folder, 'kubeconfig')
  await install(large, 'policyreports', 'clusterpolicyreports')
  const namespaces = Math.ceil(size / 100)
  for (let n = 0; n < namespaces; n++) await large.createNamespace(`ns-${n}`)
  let next = 0
  const create = async (): Promise<void> => {
    for (let n = next++; n < size; n = next++) {
      const namespace = `ns-${n % namespaces}`
      const object = deployment({ name: `web-${n}`, namespace }, 1)
      const { status } = await large.api.post(`/apis/apps/v1/namespaces/${namespace}/deployments`, object)
      if (status !== 201) throw new Error(`deployment ${n}: ${status}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, create))
  const off = join(large.folder, 'off.yaml')
  const policy = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {rules: {best-effort: off}}\n'
  writeFileSync(off, policy)
  const counts: number[] = []
  for (const [what, ...args] of [['written'], ['nothing to do'], ['removed', '--policy', off]] as const) {
    const start = performance.now()
    const { stdout, stderr } = await audit(file, '-o', 'json', '--report-objects', ...args)
    const took = Math.round(performance.now() - start)
    t.strictSame(JSON.parse(stdout).gaps, [], stderr)
    const { stdout: found } = await large.kubectl.run(['get', 'policyreports', '-A', '-o=name', '--chunk-size=500'])
    counts.push(found.split('\n').length - 1)
    t.comment(`${size} workloads, ${what}: ${took} ms`)
  }
  t.strictSame(counts, [size, size, 0])
  const events = large.auditEvents().filter(({ objectRef }) => objectRef?.resource === 'policyreports')
  t.equal(events.length, 2 * size, 'one write and one removal for each')
})
