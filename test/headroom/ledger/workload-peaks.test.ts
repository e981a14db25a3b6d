import t from 'tap'
import { settleTime, Workloads } from '../../../src/headroom/ledger/workload-peaks.ts'

const web = { kind: 'Deployment', name: 'web' }
const day = 24 * 3_600_000

t.test('a peak is the highest seen, and settled once its pods have been watched long enough', async (t) => {
  const workloads = new Workloads()
  const entry = workloads.join('default', web)
  t.equal(entry?.peak(0), undefined, 'not seen is not zero')
  entry?.observe(3, 1_000)
  entry?.observe(300, 2_000)
  entry?.observe(40, 999 + settleTime)
  t.strictSame(entry?.peak(3_000), { pids: 300, isSettled: false })
  entry?.observe(40, 1_000 + settleTime)
  t.strictSame(entry?.peak(3_000), { pids: 300, isSettled: true })
  t.equal(workloads.join('default', web), entry, 'one for all its pods')
  t.not(workloads.join('other', web), entry, 'but not across namespaces')
})

t.test('a peak is forgotten after one to two days', async (t) => {
  const workloads = new Workloads()
  const entry = workloads.join('default', web)
  entry?.observe(21_317, 0)
  t.equal(entry?.peak(day)?.pids, 21_317)
  entry?.observe(90, day + 1)
  t.equal(entry?.peak(day + 1)?.pids, 21_317)
  t.equal(entry?.peak(2 * day)?.pids, 90)
  t.equal(entry?.peak(10 * day), undefined)
})

t.test('once a peak is forgotten the next one has to settle anew', async (t) => {
  const looks = { 'never looked at meanwhile': [], 'looked at each day': [1, 2, 3, 4, 5, 6].map((days) => days * day) }
  for (const [name, instants] of Object.entries(looks)) {
    const entry = new Workloads().join('default', web)
    entry?.observe(900, 0)
    entry?.observe(900, settleTime)
    t.strictSame(entry?.peak(settleTime), { pids: 900, isSettled: true })
    for (const at of instants) entry?.peak(at)
    const later = 7 * day
    entry?.observe(3, later)
    t.strictSame(entry?.peak(later), { pids: 3, isSettled: false }, name)
    t.equal(entry?.expected(50, later), 50, name)
    entry?.observe(3, later + settleTime)
    t.strictSame(entry?.peak(later + settleTime), { pids: 3, isSettled: true }, name)
  }
})

t.test('a workload is remembered between its runs while its peak is', async (t) => {
  const workloads = new Workloads()
  const job = { kind: 'CronJob', name: 'nightly' }
  const entry = workloads.join('default', job)
  entry?.observe(700, 0)
  if (entry !== undefined) workloads.leave(entry, 1)
  workloads.sweep(1)
  t.equal(workloads.get('default', job)?.peak(1)?.pids, 700)
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
    entry?.observe(1, 0)
    if (entry !== undefined) workloads.leave(entry, 0)
  }
  t.ok(workloads.get('default', { kind: 'Job', name: 'j0' }))
  t.equal(workloads.get('default', { kind: 'Job', name: 'j20050' }), undefined)
})

t.test('a pod is expected to take the peak where that is settled, or above what is assumed anyway', async (t) => {
  const entry = new Workloads().join('default', web)
  t.equal(entry?.expected(50, 0), 50, 'nothing seen')
  entry?.observe(20, 0)
  t.equal(entry?.expected(50, 0), 50, 'low, in its first seconds')
  t.equal(entry?.expected(20, 0), 20)
  t.equal(entry?.expected(19, 0), 20)
  entry?.observe(10, settleTime)
  t.equal(entry?.expected(50, settleTime), 20, 'low, and settled')
  t.equal(entry?.expected(50, 10 * day), 50, 'forgotten')
})
