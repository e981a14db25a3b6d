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
  remedyByHolder({ ...full, holders, ...change })

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
