import t from 'tap'
import { Headroom } from '../../src/headroom/assess/headroom.ts'
import { namespacePidBudget } from '../../src/rules/namespace-pid-budget.ts'
import { fleetOf, podFacts } from '../support/headroom.ts'
import { findingsOf, told, type World } from '../support/judge.ts'
import { podObject } from '../support/subjects.ts'

const nodes = { n1: { pods: { a: { estimate: 300 } } }, n2: { pods: { b: { estimate: 350, namespace: 'other' } } } }

function world(budget: { perNode?: number; total?: number }, more: Partial<World> = {}): World {
  const both = { perNode: budget.perNode, total: budget.total }
  return { settings: { headroom: { budget: both } }, facts: { headroom: fleetOf(nodes).headroom }, ...more }
}

const pod = (pids: number) => podObject({}, { annotations: { 'pidguard.io/pids': `${pids}` } })

t.test('in all, at the budget and one past it', async (t) => {
  t.strictSame(findingsOf(namespacePidBudget, pod(100), world({ total: 400 })), [])
  t.strictSame(findingsOf(namespacePidBudget, pod(101), world({ total: 400 })), [
    {
      pointer: '/spec',
      reason: 'the namespace would exceed its PID budget',
      detail: 'needs 101; committed 300 of 400 in all',
      audit: 'pids=101 committed=300 budget=400',
      advisory: false
    }
  ])
})

t.test('per node: one node within it is enough, and other namespaces do not count', async (t) => {
  t.strictSame(findingsOf(namespacePidBudget, pod(200), world({ perNode: 200 })), [])
  t.strictSame(
    findingsOf(namespacePidBudget, pod(201), world({ perNode: 200 })).map(({ reason, detail }) => [reason, detail]),
    [['the namespace would exceed its PID budget per node', 'needs 201; committed 0 of 200 on the best of 2 nodes']]
  )
})

t.test('pods on their way to a node are told of', async (t) => {
  const fleet = fleetOf(nodes)
  const { ledger, headroom } = fleet
  const placement = headroom.placementOf({})
  ledger.assume({ uid: 'w', namespace: 'default', workload: { kind: 'Pod', name: 'w' }, pids: 150, placement })
  t.match(findingsOf(namespacePidBudget, pod(200), world({ perNode: 200 }, { facts: { headroom } })), [
    { detail: 'needs 200; committed 0 of 200 on the best of 2 nodes, and 150 for pods without a node' }
  ])
})

t.test('what other replicas may admit at this moment is told of', async (t) => {
  const { ledger, clock } = fleetOf(nodes)
  const headroom = new Headroom(ledger, clock, undefined, () => 3)
  const placement = headroom.placementOf({})
  ledger.assume({ uid: 'w', namespace: 'default', workload: { kind: 'Pod', name: 'w' }, pids: 150, placement })
  t.match(findingsOf(namespacePidBudget, pod(1), world({ total: 750 }, { facts: { headroom } })), [
    { detail: 'needs 1; committed 450 of 750 in all; 300 set aside for what other replicas may admit at this moment' }
  ])
})

t.test('a gated pod takes nothing of the budget, and is checked when its last gate is removed', async (t) => {
  const gated = { schedulingGates: [{ name: 'example.com/quota' }] }
  const needs = { annotations: { 'pidguard.io/pids': '101' }, uid: 'g' }
  t.strictSame(told(findingsOf(namespacePidBudget, podObject(gated, needs), world({ total: 400 }))), ['advice /spec'])
  const { ledger, headroom } = fleetOf(nodes)
  ledger.observePod(podFacts('g', { phase: 'Pending', estimated: 101, isGated: true }))
  const facts = { facts: { headroom } }
  t.strictSame(findingsOf(namespacePidBudget, pod(100), world({ total: 400 }, facts)), [])
  const request = { operation: 'UPDATE', oldObject: podObject(gated, needs) } as const
  t.strictSame(
    told(findingsOf(namespacePidBudget, podObject({}, needs), world({ total: 400 }, { ...facts, request }))),
    ['denial /spec']
  )
  t.strictSame(
    told(findingsOf(namespacePidBudget, podObject({}, needs), world({ total: 401 }, { ...facts, request }))),
    []
  )
})

t.test('the first pod of a group is checked for all of them', async (t) => {
  const object = podObject(
    {},
    {
      labels: { 'kueue.x-k8s.io/pod-group-name': 'batch' },
      annotations: { 'pidguard.io/pids': '20', 'kueue.x-k8s.io/pod-group-total-count': '6' }
    }
  )
  t.strictSame(findingsOf(namespacePidBudget, object, world({ total: 420 })), [])
  t.match(findingsOf(namespacePidBudget, object, world({ total: 419 })), [
    { detail: /^needs 120; committed 300 of 419 in all/, audit: 'pids=120 committed=300 budget=419' }
  ])
})

t.test('a placement too long to check is denied where the budget is per node; in all it does not matter', async (t) => {
  const tolerations = Array.from({ length: 101 }, (_, i) => ({ key: `k${i}`, operator: 'Exists' }))
  const found = (budget: { perNode?: number; total?: number }, more = {}) =>
    told(findingsOf(namespacePidBudget, podObject({ tolerations, ...more }), world(budget)))
  t.strictSame(found({ perNode: 4_000_000 }), ['denial /spec'])
  t.strictSame(found({ perNode: 4_000_000 }, { schedulingGates: [{ name: 'a' }] }), ['advice /spec'])
  t.strictSame(found({ total: 4_000_000 }), [])
  t.strictSame(found({ total: 300 }), ['denial /spec'])
})

t.test('both at once are two findings', async (t) => {
  t.strictSame(told(findingsOf(namespacePidBudget, pod(500), world({ perNode: 1, total: 1 }))), [
    'denial /spec',
    'denial /spec'
  ])
})

t.test('old readings advise', async (t) => {
  const old = { n1: { age: 60_001, pods: { a: { estimate: 10, observed: 300 } } } }
  const facts = { headroom: fleetOf(old).headroom }
  t.strictSame(told(findingsOf(namespacePidBudget, pod(100), world({ total: 399 }, { facts }))), ['advice /spec'])
})

t.test('no budget, no finding; an update neither', async (t) => {
  t.strictSame(findingsOf(namespacePidBudget, pod(4_000_000), world({})), [])
  const request = { operation: 'UPDATE', oldObject: pod(1) } as const
  t.strictSame(findingsOf(namespacePidBudget, pod(500), world({ total: 1 }, { request })), [])
})
