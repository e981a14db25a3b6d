import t from 'tap'
import { Coverage } from '../../../src/audit/coverage.ts'
import { publish } from '../../../src/audit/policy-reports/publish.ts'
import { KubeError } from '../../../src/kube/kube-error.ts'
import type { AuditFinding, AuditReport } from '../../../src/report/audit/audit-report.ts'
import { auditFinding, cleanAudit } from '../../support/audits.ts'
import { forbidden, MemoryReports, openReport, policyReport } from '../../support/report-store.ts'

interface Change extends Partial<AuditReport> {
  readonly wrong?: readonly AuditFinding[]
  /** Tells what the audit could not look at. */
  readonly miss?: ((coverage: Coverage) => void) | undefined
}

function bad(name: string, change: Partial<AuditFinding> & { kind?: string; namespace?: string } = {}): AuditFinding {
  const { kind = 'Deployment', namespace = 'shop', ...rest } = change
  return auditFinding({ object: { apiVersion: kind === 'Node' ? 'v1' : 'apps/v1', kind, namespace, name }, ...rest })
}

const node = bad('node-a', { kind: 'Node', namespace: '', ruleId: 'node-pid-max', level: 'audit' })

function run(
  store: MemoryReports,
  { wrong = [], miss, ...change }: Change,
  content: 'failures' | 'summary' = 'failures'
) {
  store.done.length = 0
  const coverage = new Coverage([])
  miss?.(coverage)
  const report = { ...cleanAudit(), findings: wrong, ...change }
  return publish(report, content, { store, coverage, uidOf: (key) => `uid of ${key}`, progress: { step() {} } })
}

/** Without the mark at their end. */
function names(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/-[0-9a-f]{10}$/, '')).sort()
}

t.test('one report for each workload, one of the cluster for what has no namespace; nothing twice', async (t) => {
  const store = new MemoryReports()
  const wrong = [bad('web'), bad('web', { level: 'warn' }), bad('db', { kind: 'StatefulSet' }), node]
  t.strictSame(await run(store, { wrong }), [])
  t.strictSame(names(store.done), [
    'apply /pidguard-node-node-a',
    'apply shop/pidguard-deployment-web',
    'apply shop/pidguard-statefulset-db'
  ])
  await run(store, { wrong, takenAt: '2026-11-22T00:00:00.000Z' })
  t.strictSame(store.done, [], 'what says the same is not written again')
  await run(store, { wrong: [bad('web', { detail: 'other' }), ...wrong.slice(1)] })
  t.strictSame(names(store.done), ['apply shop/pidguard-deployment-web'])
  await run(store, { wrong }, 'summary')
  t.equal(store.done.length, 3, 'another content is written')
})

t.test('a report goes when nothing is wrong any more', async (t) => {
  const store = new MemoryReports()
  await run(store, { wrong: [bad('web'), bad('db'), node] })
  t.strictSame(await run(store, { wrong: [bad('db')] }), [])
  t.strictSame(names(store.done), ['remove /pidguard-node-node-a', 'remove shop/pidguard-deployment-web'])
  t.strictSame(names([...store.objects.keys()]), ['shop/pidguard-deployment-db'])
})

const missing = (kind: string) => (coverage: Coverage) => coverage.markUnread({ kind, reason: 'forbidden' })
const unseen: Readonly<Record<string, Change['miss']>> = {
  'its kind could not be read': missing('Deployment'),
  'pods could not be read': missing('Pod'),
  'labels of namespaces could not be read': missing('Namespace'),
  'its rule was skipped on it': (coverage) => coverage.markUnchecked('best-effort', bad('web').object),
  'an object was malformed': (coverage) => coverage.markMalformed()
}
for (const [what, miss] of Object.entries(unseen)) {
  t.test(`where ${what}, a report is not removed, though nothing was found`, async (t) => {
    const store = new MemoryReports()
    await run(store, { wrong: [bad('web')] })
    await run(store, { miss })
    t.strictSame(store.done, [])
    await run(store, {})
    t.strictSame(names(store.done), ['remove shop/pidguard-deployment-web'], 'once it could be seen it goes')
  })
}

t.test('what could not be looked at elsewhere keeps nothing', async (t) => {
  const store = new MemoryReports()
  await run(store, { wrong: [bad('web')] })
  await run(store, {
    miss(coverage) {
      missing('CronJob')(coverage)
      coverage.markUnchecked('node-pid-max', node.object)
      coverage.markUnchecked('best-effort', bad('other').object)
    }
  })
  t.strictSame(names(store.done), ['remove shop/pidguard-deployment-web'])
})

t.test(
  'a rule that found something before and was not judged is skipped in the report, not gone from it',
  async (t) => {
    const store = new MemoryReports()
    const outlier = bad('web', { ruleId: 'pod-thread-outlier', level: 'audit' })
    const miss = (coverage: Coverage) => coverage.markUnchecked('pod-thread-outlier', outlier.object)
    await run(store, { wrong: [bad('web'), outlier] })
    const [first] = store.objects.keys()
    const stored = () => store.objects.get(first as string) as { summary: object }
    for (const time of [1, 2]) {
      await run(store, { wrong: [bad('web')], miss })
      t.strictSame(stored().summary, { fail: 1, warn: 0, error: 0, skip: 1 }, `audit ${time}`)
    }
    await run(store, { wrong: [bad('web')] })
    t.strictSame(stored().summary, { fail: 1, warn: 0, error: 0, skip: 0 })
  }
)

t.test('where OpenReports came later, what they replace goes, once all is written there', async (t) => {
  const before = new MemoryReports()
  await run(before, { wrong: [bad('web'), bad('fixed'), bad('unseen', { kind: 'StatefulSet' })] })
  const store = new MemoryReports()
  store.served = [openReport]
  store.old = { kind: policyReport, objects: before.objects }
  const wrong = [bad('web')]
  store.refuse = (verb) => verb === 'apply' && forbidden()
  await run(store, { wrong })
  t.equal(store.old.objects.size, 3, 'not while the new ones are missing')
  store.refuse = () => {}
  t.strictSame(await run(store, { wrong, miss: missing('StatefulSet') }), [])
  t.strictSame(names([...store.old.objects.keys()]), ['shop/pidguard-statefulset-unseen'])
  await run(store, { wrong })
  t.equal(store.old.objects.size, 0)
  t.strictSame(names([...store.objects.keys()]), ['shop/pidguard-deployment-web'])
})

t.test('what bears our label and is not of our making is left alone', async (t) => {
  const store = new MemoryReports()
  store.objects.set('shop/other', { metadata: { name: 'other', namespace: 'shop' } })
  await run(store, {})
  t.strictSame(store.done, [])
})

t.test('where the reports cannot be listed nothing is written or removed, and it is told', async (t) => {
  const store = new MemoryReports()
  store.unlisted = { part: 'policyreports.wgpolicyk8s.io', kind: 'PolicyReport', reason: 'forbidden', detail: 'no' }
  const gaps = await run(store, { wrong: [bad('web')] })
  t.strictSame(store.done, [])
  t.match(gaps[0], { reason: 'forbidden', detail: 'no; no report was written or removed' })
})

t.test('a refusal is told once, and each namespace is asked once', async (t) => {
  const store = new MemoryReports()
  store.refuse = (_verb, { namespace }) => namespace === 'closed' && forbidden()
  const closed = Array.from({ length: 100 }, (_, n) => bad(`web-${n}`, { namespace: 'closed' }))
  const gaps = await run(store, { wrong: [...closed, bad('web')] })
  t.match(gaps, [{ part: 'policyreports.wgpolicyk8s.io', reason: 'forbidden', nodes: null }])
  t.equal(gaps.length, 1)
  t.match(gaps[0]?.detail, /^100 not written; the first: may not; list, create, patch and delete on /)
  t.ok(store.done.length <= 1 + 8, `${store.done.length} calls: those under way when the first was refused`)
  t.equal(store.objects.size, 1, 'the open namespace has its report')
})

t.test('no more than eight writes are under way at once', async (t) => {
  const store = new MemoryReports()
  await run(store, { wrong: Array.from({ length: 200 }, (_, n) => bad(`web-${n}`)) })
  t.equal(store.done.length, 200)
  t.equal(store.most, 8)
})

t.test('a cluster without such kinds is told so', async (t) => {
  const store = new MemoryReports()
  store.served = []
  t.match(await run(store, { wrong: [bad('web'), node] }), [
    { part: 'policyreports.wgpolicyk8s.io', reason: 'not-found' },
    { part: 'clusterpolicyreports.wgpolicyk8s.io', reason: 'not-found' }
  ])
  store.served = [policyReport]
  t.strictSame(await run(store, { wrong: [bad('web')] }), [], 'nothing is missing where nothing is to be written')
})

t.test('where nobody can be asked which kinds there are, the audit stands all the same', async (t) => {
  const store = new MemoryReports()
  store.kinds = async () => {
    throw new KubeError('unreachable', 'ECONNREFUSED')
  }
  t.match(await run(store, { wrong: [bad('web')] }), [{ part: 'policy reports', reason: 'unreachable' }])
})
