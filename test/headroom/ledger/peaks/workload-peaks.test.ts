import t from 'tap'
import { settleTime } from '../../../../src/headroom/ledger/peaks/observed-pods.ts'
import { Workloads } from '../../../../src/headroom/ledger/peaks/workload-peaks.ts'

const pod = (uid: string, template?: string) => ({ uid, name: uid, template })
const assumed = (pids: number) => ({ pids, source: 'default' }) as const

const web = { kind: 'Deployment', name: 'web' }
const day = 24 * 3_600_000

t.test('a workload is remembered between its runs while its peak is', async (t) => {
  const workloads = new Workloads()
  const job = { kind: 'CronJob', name: 'nightly' }
  const entry = workloads.join('default', job)
  entry?.observe(pod('a', 'x'), 700, 0)
  if (entry !== undefined) workloads.leave(entry, 1)
  workloads.sweep(1)
  t.equal(workloads.get('default', job)?.peak(undefined, 1)?.pids, 700)
  t.equal(workloads.join('default', job), entry)
  if (entry !== undefined) workloads.leave(entry, 2)
  workloads.sweep(5 * day)
  t.equal(workloads.get('default', job), undefined)
  const unseen = workloads.join('default', web)
  if (unseen !== undefined) workloads.leave(unseen, 0)
  t.equal(workloads.get('default', web), undefined, 'nothing to remember of one that was never seen')
})

t.test('a pod of its own is no workload', async (t) => {
  const workloads = new Workloads()
  t.equal(workloads.join('default', { kind: 'Pod', name: 'once' }), undefined)
})

t.test('workloads without pods are bounded', async (t) => {
  const workloads = new Workloads()
  for (let i = 0; i < 20_100; i++) {
    const entry = workloads.join('default', { kind: 'Job', name: `j${i}` })
    entry?.observe(pod('a', 'x'), 1, 0)
    if (entry !== undefined) workloads.leave(entry, 0)
  }
  t.ok(workloads.get('default', { kind: 'Job', name: 'j0' }))
  t.equal(workloads.get('default', { kind: 'Job', name: 'j20050' }), undefined)
})

t.test('a pod is expected to take the peak where that is settled, or above what is assumed anyway', async (t) => {
  const entry = new Workloads().join('default', web)
  t.equal(entry?.expected(undefined, assumed(50), 0)?.pids, 50, 'nothing seen')
  entry?.observe(pod('a'), 20, 0)
  t.equal(entry?.expected(undefined, assumed(50), 0)?.pids, 50, 'low, in its first seconds')
  t.equal(entry?.expected(undefined, assumed(20), 0)?.pids, 20)
  t.equal(entry?.expected(undefined, assumed(19), 0)?.pids, 20)
  entry?.observe(pod('a'), 10, settleTime)
  t.equal(entry?.expected(undefined, assumed(50), settleTime)?.pids, 20, 'low, and settled')
  t.equal(entry?.expected('other', assumed(50), settleTime)?.pids, 50, 'another template')
  t.equal(entry?.expected(undefined, assumed(50), 10 * day)?.pids, 50, 'forgotten')
})

t.test('one for all its pods, but not across namespaces', async (t) => {
  const workloads = new Workloads()
  const entry = workloads.join('default', web)
  t.equal(workloads.join('default', web), entry)
  t.not(workloads.join('other', web), entry)
})
