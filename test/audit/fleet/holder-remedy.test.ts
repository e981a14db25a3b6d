import t from 'tap'
import { remedyByHolder } from '../../../src/audit/fleet/holder-remedy.ts'
import type { AuditHolder, AuditNode } from '../../../src/report/audit/audit-fleet.ts'
import { fullAudit } from '../../support/audits.ts'

const [full] = fullAudit().nodes as [AuditNode]
const workload = { namespace: 'shop', kind: 'Deployment', name: 'web', pods: 2, terminating: 0 }
const holder = (place: AuditHolder['place'], change: Partial<AuditHolder> = {}): AuditHolder => ({
  place,
  workload: null,
  cgroup: null,
  pids: 900,
  ...change
})
const of = (holders: readonly AuditHolder[], change: Partial<AuditNode> = {}) =>
  remedyByHolder({ ...full, holders, ...change }, 0.8)

void t.test('what to do first is by who holds the most', async (t) => {
  t.match(of([holder('workload', { workload }), holder('outside')]), /^Take a thread dump/)
  t.match(of([holder('outside'), holder('workload', { workload })]), /Deleting pods frees next to nothing/)
  t.match(of([holder('unknown-pod', { cgroup: 'x' })]), /^End what is left of the pod/)
  t.match(of([holder('unexplained')]), /in no pod/)
})

void t.test('a workload of which every pod is Terminating is not to be restarted', async (t) => {
  t.match(of([holder('workload', { workload: { ...workload, terminating: 2 } })]), /state D/)
  t.match(of([holder('workload', { workload: { ...workload, terminating: 1 } })]), /^Take a thread dump/)
})

void t.test('where nothing stands out a ceiling has to go up: the one that is full', async (t) => {
  const half = { limit: 1000, inUse: 500 }
  t.match(of([], { host: { limit: 1000, inUse: 950 }, kubepods: half }), /^Raise kernel.pid_max and kernel.threads-max/)
  t.match(
    of([], { host: half, kubepods: { limit: 1000, inUse: 950 } }),
    /^Raise what the node allows .* restart its kubelet/
  )
})

void t.test('what is not known has no remedy of its own', async (t) => {
  t.equal(of([], { workloads: 0 }), undefined)
  t.equal(of([holder('outside')], { age: null }), undefined)
})

void t.test('a setting that makes a node short is what to change, and no workload is to blame', async (t) => {
  const roomy = { host: { limit: 32_768, inUse: 4_000 }, kubepods: { limit: 31_768, inUse: 2_800 }, used: 0.12 }
  const kubelet = { podPidsLimit: 1024, reserved: 30_000, eviction: '10%' } as const
  const large = [holder('workload', { workload })]
  t.match(of(large, { ...roomy, free: 20_000, pidPressure: true }), /^Lower evictionHard pid.available/)
  t.match(of(large, { ...roomy, used: 0.8, free: 900, pidPressure: true }), /^Take a thread dump/)
  const full = { host: { limit: 32_768, inUse: 3_300 }, kubepods: { limit: 2_768, inUse: 2_760 }, used: 0.99 }
  t.match(of(large, { ...full, kubelet }), /^Lower systemReserved pid/)
  t.match(of(large, { ...full, kubelet: { ...kubelet, reserved: 16_383 } }), /^Take a thread dump/)
  t.match(of(large, { ...full, kubelet: null }), /^Take a thread dump/)
})

void t.test('a node that is only promised away: what is in use leaves the floor free', async (t) => {
  const change = {
    host: { limit: 1000, inUse: 300 },
    kubepods: { limit: 1000, inUse: 200 },
    used: 0.3,
    free: -100,
    committed: 1000,
    floor: 100,
    tightest: 'node'
  } as const
  t.match(of([holder('workload', { workload })], change), /^Lower pidguard.io.pids/)
  t.match(of([holder('workload', { workload })], { ...change, committed: 399 }), /^Take a thread dump/)
})

void t.test('many small pods of one workload are too many, not a leak', async (t) => {
  const ceilings = { host: { limit: 32_768, inUse: 30_200 }, kubepods: { limit: 32_768, inUse: 28_900 }, used: 0.92 }
  const many = (pods: number, pids: number) =>
    of([holder('workload', { workload: { ...workload, pods }, pids })], ceilings)
  t.match(many(300, 28_800), /^Run fewer pods of that workload/)
  t.match(many(10, 3_270), /^Run fewer pods of that workload/)
  t.match(many(10, 3_280), /^Take a thread dump/, 'each holds a hundredth of the node')
  t.match(many(9, 2_000), /^Take a thread dump/)
  t.match(of([holder('unknown-pods', { pods: 200 })], ceilings), /^End what is left of the pods/)
})
