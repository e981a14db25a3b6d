import fc from 'fast-check'
import t from 'tap'
import { Ledger } from '../../../src/headroom/ledger/ledger.ts'
import { mostUnclaimed } from '../../../src/headroom/ledger/reading-shares.ts'
import { anyNode } from '../../../src/kubernetes/placement/placement.ts'
import type { WorkloadName } from '../../../src/model/cluster-objects.ts'
import { type FakeClock, fakeClock } from '../../support/fakes.ts'
import { nodeFacts, pinnedTo, placementOf, podFacts, reading } from '../../support/headroom.ts'
import { recount } from '../../support/recount.ts'
import { SlowLedger } from '../../support/slow-ledger.ts'

const uid = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
/** `f` is a static pod, and goes by `h` on its node: nobody asks for its admission. */
const admittedUid = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const seenUid = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'h')
const node = fc.constantFrom('n1', 'n2', 'n3')
const count = fc.constantFrom(undefined, 10, 50, 200)
const placement = fc.constantFrom(anyNode, pinnedTo('n1'), pinnedTo('n4'), placementOf({ nodeSelector: { pool: 'a' } }))

const ceiling = fc.constantFrom(
  { limit: 1000, inUse: 300 },
  { limit: 1000, inUse: 100 },
  { limit: undefined, inUse: undefined },
  { limit: Number.POSITIVE_INFINITY, inUse: undefined }
)

function workloadOf(one: string): WorkloadName {
  return one < 'c' ? { kind: 'Deployment', name: 'web' } : { kind: 'Pod', name: one }
}

/** Each event as both ledgers understand it. */
type Event = (ledger: Ledger, slow: SlowLedger, advance: (span: number) => void, clock: FakeClock) => void

const events: fc.Arbitrary<Event>[] = [
  fc.tuple(node, fc.constantFrom('old', 'new')).map(([name, machine]) => (ledger, slow) => {
    for (const one of [ledger, slow]) one.observeNode(nodeFacts(name, { uid: machine }))
  }),
  node.map((name) => (ledger, slow) => {
    for (const one of [ledger, slow]) one.removeNode(name)
  }),
  fc
    .tuple(
      node,
      fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(999, 1_000, 1_001, 60_000, 400_000)),
      fc.option(fc.dictionary(seenUid, fc.integer({ min: 0, max: 120 })), { nil: undefined }),
      ceiling,
      ceiling
    )
    .map(([name, at, pods, host, kubepods]) => (ledger, slow) => {
      const seen = pods === undefined ? undefined : new Map(Object.entries(pods))
      const told = reading(name, at, { pods: seen, host, kubepods })
      for (const one of [ledger, slow]) one.observeReading(told)
    }),
  fc
    .record({
      uid,
      node: fc.option(node, { nil: undefined }),
      phase: fc.constantFrom('Pending', 'Running', 'Running', 'Succeeded', 'Failed', 'Unknown'),
      deleting: fc.constantFrom(false, false, false, true),
      isGated: fc.constantFrom(undefined, false, true),
      isUnschedulable: fc.constantFrom(undefined, false, false, true),
      estimated: count,
      declared: count
    })
    .chain((change) => placement.map((place) => [change, place] as const))
    .map(([change, place]) => (ledger, slow) => {
      // What does not change while a pod lives follows from its uid.
      const fixed = change.uid < 'c' ? 'default' : 'batch'
      const workload = workloadOf(change.uid)
      const cgroup = change.uid === 'f' ? 'h' : undefined
      const facts = podFacts(change.uid, { ...change, cgroup, namespace: fixed, workload, placement: place })
      for (const one of [ledger, slow]) one.observePod(facts)
    }),
  uid.map((one) => (ledger, slow) => {
    ledger.removePod(one)
    slow.remove(one)
  }),
  fc.tuple(admittedUid, placement, fc.constantFrom(10, 50, 200)).map(([one, place, pids]) => (ledger, slow) => {
    const fixed = one < 'c' ? 'default' : 'batch'
    const admitted = { uid: one, namespace: fixed, workload: workloadOf(one), pids, placement: place }
    for (const each of [ledger, slow]) each.assume(admitted)
  }),
  fc.tuple(uid, node).map(([one, name]) => (ledger, slow) => {
    for (const each of [ledger, slow]) each.confirm(one, name)
  }),
  fc.constant((ledger, slow) => {
    ledger.retainPods(() => true)
    slow.retainPods()
  }),
  fc.constantFrom(-3_600_000, -1, 3_600_000).map((span) => (_ledger, slow, _advance, clock) => {
    clock.set(span)
    slow.offset += span
  }),
  // A gated pod; the removal of its gates is allowed, and time passes before that is shown.
  fc
    .tuple(admittedUid, placement, fc.constantFrom(10, 50, 200), fc.constantFrom(1, 4_999, 5_000))
    .map(([one, place, pids, span]) => (ledger, slow, advance) => {
      if (slow.uids.includes(one)) return
      const own = { namespace: one < 'c' ? 'default' : 'batch', workload: workloadOf(one), placement: place }
      for (const each of [ledger, slow]) each.observePod(podFacts(one, { ...own, phase: 'Pending', isGated: true }))
      for (const each of [ledger, slow]) each.assume({ uid: one, ...own, pids })
      advance(span)
    }),
  fc.constantFrom(1, 5_000, 30_000, 61_000, 301_000).map((span) => (_ledger, _slow, advance) => advance(span))
]

t.test('after any events, in any order, the sums equal a recount', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...events), { maxLength: 60, size: 'max' }), (run) => {
      const clock = fakeClock(0)
      const ledger = new Ledger(clock, () => 50)
      const slow = new SlowLedger()
      const advance = (span: number): void => {
        clock.advance(span)
        ledger.expire()
        slow.advance(span)
      }
      for (const event of run) {
        event(ledger, slow, advance, clock)
        const { kept, counted } = recount(ledger, slow)
        if (JSON.stringify(kept) !== JSON.stringify(counted))
          throw new Error(`kept ${JSON.stringify(kept)}\ncounted ${JSON.stringify(counted)}`)
      }
    }),
    { numRuns: 1500, seed: 7 }
  )
  t.pass()
})

void t.test(
  'a node that names pods which the API server does not show there keeps a bounded number of them',
  async (t) => {
    const ledger = new Ledger(fakeClock(0), () => 50)
    ledger.observeNode(nodeFacts('n1'))
    ledger.observePod(podFacts('last', { node: 'n1' }))
    const made = Array.from({ length: mostUnclaimed + 1_000 }, (_, index) => [`made-${index}`, 1] as const)
    ledger.observeReading(reading('n1', 0, { pods: new Map([...made, ['last', 70]]) }))
    t.equal(ledger.node('n1')?.unclaimed?.size, mostUnclaimed)
    t.equal(ledger.pod('last')?.observed, 70, 'a pod of the node is read, wherever the answer names it')
  }
)
