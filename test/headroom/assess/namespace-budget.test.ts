import t from 'tap'
import { Headroom } from '../../../src/headroom/assess/headroom.ts'
import type { BudgetDemand } from '../../../src/headroom/headroom-view.ts'
import type { Ledger } from '../../../src/headroom/ledger/ledger.ts'
import { fleetOf, placementOf, plain, podFacts } from '../../support/headroom.ts'

function ask(change: Partial<BudgetDemand>): BudgetDemand {
  return {
    namespace: 'batch',
    placement: plain,
    pids: 100,
    pods: 1,
    uid: undefined,
    maxAge: 60_000,
    perNode: undefined,
    total: undefined,
    ...change
  }
}

const batch = 'batch'

t.test('a budget in all counts the larger of estimate and observed', async (t) => {
  const { headroom } = fleetOf({
    n1: {
      pods: {
        a: { estimate: 300, observed: 10, namespace: batch },
        b: { estimate: 100, observed: 250, namespace: batch }
      }
    },
    n2: { pods: { c: { estimate: 5_000 } } }
  })
  t.strictSame(headroom.overBudget(ask({ total: 650 })), [], 'at it')
  t.strictSame(headroom.overBudget(ask({ total: 649 })), [
    { budget: 'total', limit: 649, committed: 550, waiting: 0, setAside: 0, nodes: 1, isCertain: true }
  ])
  t.strictSame(headroom.overBudget(ask({ namespace: 'empty', total: 100 })), [])
  t.match(headroom.overBudget(ask({ namespace: 'empty', total: 99 })), [{ committed: 0, isCertain: true }])
  t.strictSame(headroom.overBudget(ask({})), [], 'no budget')
})

t.test('a pod does not count against itself', async (t) => {
  const { headroom, ledger } = fleetOf({ n1: {} })
  ledger.assume({ uid: 'a', namespace: batch, workload: { kind: 'Pod', name: 'a' }, pids: 100, placement: plain })
  t.strictSame(headroom.overBudget(ask({ uid: 'a', total: 100, perNode: 100 })), [])
  t.equal(headroom.overBudget(ask({ uid: 'b', total: 199 })).length, 1)
})

t.test('what hangs on old readings is not certain; what the API says is', async (t) => {
  const { headroom } = fleetOf({ n1: { age: 60_001, pods: { a: { estimate: 100, observed: 400, namespace: batch } } } })
  t.match(headroom.overBudget(ask({ total: 450 })), [{ isCertain: false }])
  t.match(headroom.overBudget(ask({ total: 199 })), [{ isCertain: true }])
  t.match(headroom.overBudget(ask({ perNode: 450 })), [{ isCertain: false }])
})

t.test('a budget per node needs one node within it', async (t) => {
  const { headroom, ledger } = fleetOf({
    n1: { pods: { a: { estimate: 300, namespace: batch } } },
    n2: { pods: { b: { estimate: 150, namespace: batch }, c: { estimate: 800 } }, age: null }
  })
  t.strictSame(headroom.overBudget(ask({ perNode: 250 })), [])
  t.strictSame(headroom.overBudget(ask({ perNode: 249 })), [
    { budget: 'perNode', limit: 249, committed: 150, waiting: 0, setAside: 0, nodes: 2, isCertain: true }
  ])
  ledger.assume({ uid: 'w', namespace: batch, workload: { kind: 'Pod', name: 'w' }, pids: 100, placement: plain })
  t.match(headroom.overBudget(ask({ perNode: 250 })), [{ waiting: 100 }], 'the one on its way takes that place')
  t.strictSame(headroom.overBudget(ask({ perNode: 400 })), [], 'or another')
  t.strictSame(
    headroom.overBudget(ask({ perNode: 1, placement: placementOf({ nodeName: 'none' }) })),
    [],
    'nowhere to land'
  )
})

/** As many processes as are asked for, of which none has been shown yet what the others admit. */
function replicasOf(count: number): { headroom: Headroom; ledger: Ledger }[] {
  return Array.from({ length: count }, () => {
    const { ledger, clock } = fleetOf({ n1: {}, n2: {} })
    const headroom = new Headroom(ledger, clock, undefined, () => count)
    return { ledger, headroom }
  })
}

const bursts = [
  { name: 'one has all of it', replicas: 1, budget: { total: 1000 }, spec: {}, want: 10 },
  { name: 'three stay within it, but for a pod each', replicas: 3, budget: { total: 1000 }, spec: {}, want: 12 },
  { name: 'and per node', replicas: 3, budget: { perNode: 500 }, spec: {}, want: 12 },
  { name: 'of pods for one node', replicas: 3, budget: { perNode: 1000 }, spec: { nodeName: 'n1' }, want: 12 }
]

for (const { name, replicas, budget, spec, want } of bursts) {
  t.test(`a burst to several replicas, before they see of each other: ${name}`, async (t) => {
    const all = replicasOf(replicas)
    const placement = placementOf(spec)
    const admitted = Array.from({ length: 60 }, (_, i) => `p${i}`).filter((uid, i) => {
      const { ledger, headroom } = all[i % replicas] as (typeof all)[number]
      if (headroom.overBudget(ask({ uid, placement, ...budget })).length > 0) return false
      ledger.assume({ uid, namespace: batch, workload: { kind: 'Pod', name: uid }, pids: 100, placement })
      return true
    })
    t.equal(admitted.length, want)
  })
}

t.test('what other replicas may have admitted is told of, and gone once they are shown', async (t) => {
  const [one] = replicasOf(3)
  if (one === undefined) return
  const { ledger, headroom } = one
  ledger.assume({ uid: 'a', namespace: batch, workload: { kind: 'Pod', name: 'a' }, pids: 100, placement: plain })
  ledger.assume({ uid: 'b', namespace: 'other', workload: { kind: 'Pod', name: 'b' }, pids: 500, placement: plain })
  t.strictSame(headroom.overBudget(ask({ total: 400 })), [], 'and none of other namespaces')
  t.strictSame(headroom.overBudget(ask({ total: 399 })), [
    { budget: 'total', limit: 399, committed: 100, waiting: 0, setAside: 200, nodes: 0, isCertain: true }
  ])
  t.match(headroom.overBudget(ask({ perNode: 199 })), [{ committed: 0, waiting: 100, setAside: 200 }])
  t.strictSame(headroom.overBudget(ask({ uid: 'a', total: 100, perNode: 100 })), [], 'asked again')
  ledger.observePod(podFacts('a', { namespace: batch, phase: 'Pending', estimated: 100, placement: plain }))
  t.strictSame(headroom.overBudget(ask({ total: 200 })), [])
  ledger.confirm('a', 'n1')
  t.strictSame(headroom.overBudget(ask({ total: 200 })), [], 'its binding is nothing new to a budget')
  t.strictSame(headroom.overBudget(ask({ perNode: 100 })), [])
})

t.test('a pod that has a node leaves room there alone', async (t) => {
  const { headroom } = fleetOf({
    n1: { pods: { a: { estimate: 100, namespace: batch } } },
    n2: { pods: { b: { estimate: 100, namespace: batch } } }
  })
  const over = (nodeName: string) =>
    headroom.overBudget(ask({ uid: 'a', perNode: 100, placement: placementOf({ nodeName }) })).length
  t.strictSame([over('n1'), over('n2')], [0, 1])
})

t.test('ended pods are off the budget', async (t) => {
  const { headroom, ledger } = fleetOf({ n1: { pods: { a: { estimate: 300, namespace: batch } } } })
  ledger.removePod('a')
  t.strictSame(headroom.overBudget(ask({ total: 100, perNode: 100 })), [])
})

t.test('per node, only those pods that wait count that may land on the same nodes', async (t) => {
  const { headroom, ledger } = fleetOf({ n1: { labels: { zone: 'a' } }, n2: { labels: { zone: 'b' } } })
  const zone = (name: string) => placementOf({ nodeSelector: { zone: name } })
  for (let i = 0; i < 5; i++)
    ledger.assume({
      uid: `b${i}`,
      namespace: batch,
      workload: { kind: 'Pod', name: `b${i}` },
      pids: 20,
      placement: zone('b')
    })
  const asked = { pids: 20, perNode: 100 }
  t.strictSame(headroom.overBudget(ask({ ...asked, placement: zone('a') })), [])
  t.match(headroom.overBudget(ask({ ...asked, placement: zone('b') })), [{ budget: 'perNode', waiting: 100 }])
  t.strictSame(headroom.overBudget(ask({ ...asked, placement: zone('b'), uid: 'b0' })), [], 'not against itself')
})

t.test('a gang is weighed whole, and what is kept for another one counts', async (t) => {
  const { ledger, headroom } = fleetOf({ n1: {} })
  const group = (name: string) => ({ key: `scheduling.k8s.io ${batch}/${name}`, size: 4, startsWhole: true })
  const over = (change: Partial<BudgetDemand>) => headroom.overBudget(ask(change)).map(({ committed }) => committed)
  t.strictSame(over({ total: 399, pods: 4, group: group('a') }), [0])
  t.strictSame(over({ perNode: 399, pods: 4, group: group('a') }), [0])
  t.strictSame(over({ total: 400, perNode: 400, pods: 4, group: group('a') }), [])
  const workload = { kind: 'Pod', name: 'a' }
  ledger.assume({ uid: 'a', namespace: batch, workload, pids: 100, placement: plain, group: group('a') })
  t.strictSame(over({ total: 400, perNode: 400, pods: 3, group: group('a') }), [], 'its own place is not taken')
  t.strictSame(over({ total: 499 }), [400])
  t.strictSame(over({ total: 500 }), [])
  t.strictSame(over({ perNode: 499 }), [0])
  t.strictSame(over({ perNode: 500 }), [])
  t.strictSame(over({ namespace: 'other', total: 100 }), [], 'of another namespace it is not')
})

t.test('members of a gang that are gated count in its demand, those that are stalled count already', async (t) => {
  const { ledger, headroom } = fleetOf({ n1: {} })
  const group = { key: `scheduling.k8s.io ${batch}/a`, size: 3, startsWhole: true }
  const facts = { namespace: batch, phase: 'Pending', placement: plain, group }
  ledger.observePod(podFacts('g', { ...facts, estimated: 200, isGated: true }))
  ledger.observePod(podFacts('u', { ...facts, estimated: 300, isUnschedulable: true }))
  const over = (change: Partial<BudgetDemand>) => headroom.overBudget(ask({ ...change, group })).length
  t.strictSame([over({ total: 599 }), over({ total: 600 })], [1, 0])
  t.strictSame([over({ perNode: 599 }), over({ perNode: 600 })], [1, 0])
})
