import fc from 'fast-check'
import t from 'tap'
import type { NodeEntry } from '../../src/headroom/ledger/entries.ts'
import { capacityOf, offerOf } from '../../src/headroom/pids-offer.ts'
import { maxPids } from '../../src/kubernetes/qos/pids-limit.ts'
import type { PodFacts } from '../../src/model/cluster-objects.ts'
import { type Fleet, fleetOf, type NodeSketch, pinnedTo, podFacts, reading } from '../support/headroom.ts'

const floor = { pids: 100 }

/** A node `n` of 1000 PIDs with these pods, of which as many tasks are seen as said. */
function nodeWith(pods: readonly (Partial<PodFacts> & { seen?: number })[], sketch: NodeSketch = {}) {
  const fleet = fleetOf({ n: { ...sketch, age: null } })
  const show = ({ seen: _, ...facts }: Partial<PodFacts> & { seen?: number }, i: number): void =>
    fleet.ledger.observePod(podFacts(`p${i}`, { node: 'n', ...facts }))
  pods.forEach(show)
  const inUse = pods.reduce((sum, { seen = 0 }) => sum + seen, 0)
  const read = (use: number, seen: readonly (readonly [string, number])[]): void =>
    fleet.ledger.observeReading(
      reading('n', fleet.clock.now(), { kubepods: { limit: 1000, inUse: use }, pods: new Map(seen) })
    )
  read(
    inUse,
    pods.map(({ seen = 0 }, i) => [`p${i}`, seen] as const)
  )
  return { ...fleet, show, read }
}

function nodeOf({ ledger }: Pick<Fleet, 'ledger'>): NodeEntry {
  const node = ledger.node('n')
  if (node === undefined) throw new Error('no node n')
  return node
}

const capacity = (fleet: Pick<Fleet, 'ledger'>): number => capacityOf(offerOf(nodeOf(fleet), floor, true))

const cases: { name: string; pods: readonly (Partial<PodFacts> & { seen?: number })[]; want: number }[] = [
  { name: 'an empty node offers what is above the floor', pods: [], want: 900 },
  { name: 'a pod that has not begun', pods: [{ requested: 200, estimated: 200 }], want: 900 },
  {
    name: 'the same while it grows into its request',
    pods: [{ requested: 200, estimated: 200, seen: 150 }],
    want: 900
  },
  { name: 'at its request', pods: [{ requested: 200, estimated: 200, seen: 200 }], want: 900 },
  { name: 'what it holds beyond is taken off', pods: [{ requested: 200, estimated: 200, seen: 201 }], want: 899 },
  { name: 'so is what it is known to need beyond', pods: [{ requested: 200, estimated: 300, seen: 10 }], want: 800 },
  { name: 'a request above the estimate holds what it says', pods: [{ requested: 300, estimated: 200 }], want: 900 },
  { name: 'a pod of before is taken off with its estimate', pods: [{ estimated: 200, seen: 20 }], want: 700 },
  { name: 'and with what it holds, where that is more', pods: [{ estimated: 200, seen: 250 }], want: 650 },
  { name: 'a static pod too', pods: [{ namespace: 'kube-system', cgroup: 'h', seen: 0 }], want: 850 },
  {
    name: 'a pod that is being deleted is held until it is gone, as the scheduler holds it',
    pods: [{ requested: 200, estimated: 200, seen: 50, deleting: true }],
    want: 900
  },
  {
    name: 'one that has finished is neither in the requests nor in use',
    pods: [{ requested: 200, estimated: 200, phase: 'Succeeded' }],
    want: 900
  },
  {
    name: 'pods that hold more than there is: what they request, and not less',
    pods: [
      { requested: 300, estimated: 300, seen: 950 },
      { requested: 50, estimated: 50, seen: 50 }
    ],
    want: 350
  }
]

for (const { name, pods, want } of cases) t.test(name, async (t) => t.equal(capacity(nodeWith(pods)), want))

t.test('pods that come and go as they are counted change nothing', async (t) => {
  const fleet = nodeWith([{ requested: 100, estimated: 100, seen: 100 }])
  t.equal(capacity(fleet), 900)
  fleet.ledger.observePod(podFacts('q', { node: 'n', requested: 300, estimated: 300 }))
  t.equal(capacity(fleet), 900, 'it is bound')
  fleet.clock.advance(15_000)
  fleet.read(350, [
    ['p0', 100],
    ['q', 250]
  ])
  t.equal(capacity(fleet), 900, 'it is seen')
  fleet.ledger.observePod(podFacts('q', { node: 'n', requested: 300, estimated: 300, deleting: true }))
  t.equal(capacity(fleet), 900, 'it is being deleted')
  fleet.ledger.removePod('q')
  t.equal(capacity(fleet), 900, 'it is gone, and with it the tasks of the last reading')
})

t.test(
  'for a pod that waits, one that is told to end holds what it uses, within the part of the floor that bindings take',
  async (t) => {
    const ends = (seen: number) => ({ requested: 200, estimated: 200, seen, deleting: true })
    const frees = (pods: readonly Parameters<typeof nodeWith>[0][number][]) => {
      const { free, freeForWaiting } = offerOf(nodeOf(nodeWith(pods)), floor, true)
      return [free, freeForWaiting]
    }
    t.strictSame(frees([ends(150)]), [700, 750])
    t.strictSame(frees([ends(150), ends(180)]), [500, 570])
    t.strictSame(frees([ends(200)]), [700, 700])
    t.strictSame(frees([ends(250)]), [650, 650], 'more than its request is in use in any case')
    t.strictSame(frees([ends(0)]), [700, 775], 'a quarter of the floor of 100 is left')
    t.strictSame(frees([{ estimated: 200, seen: 50, deleting: true }]), [850, 850], 'without a request it held no more')
    t.strictSame(frees([{ ...ends(0), phase: 'Succeeded' }]), [900, 900])
  }
)

t.test('one that was growing when it was told to end holds its estimate until it is sampled', async (t) => {
  const fleet = nodeWith([{ requested: 200, estimated: 200, seen: 20 }])
  fleet.clock.advance(15_000)
  fleet.read(100, [['p0', 100]])
  fleet.show({ requested: 200, estimated: 200, deleting: true }, 0)
  t.match(offerOf(nodeOf(fleet), floor, true), { free: 700, freeForWaiting: 700 })
  fleet.clock.advance(31_000)
  fleet.read(120, [['p0', 120]])
  t.match(offerOf(nodeOf(fleet), floor, true), { free: 700, freeForWaiting: 775 })
})

t.test('a pod that the scheduler still looks for is not held twice; one without a request is', async (t) => {
  const fleet = nodeWith([])
  const waiting = { phase: 'Pending', placement: pinnedTo('n'), estimated: 300 }
  fleet.ledger.observePod(podFacts('w', { ...waiting, requested: 300 }))
  t.equal(capacity(fleet), 900)
  fleet.ledger.observePod(podFacts('x', waiting))
  t.equal(capacity(fleet), 600)
})

t.test('unknown is room for all, and no ceiling too', async (t) => {
  const node = nodeOf(nodeWith([{ requested: 200 }]))
  t.strictSame(offerOf(node, floor, false), {
    requests: 200,
    free: undefined,
    freeForWaiting: undefined,
    isWhole: false
  })
  t.equal(capacityOf({ requests: 200, free: undefined }), maxPids)
  t.equal(capacityOf({ requests: 200, free: Number.POSITIVE_INFINITY }), maxPids)
  t.equal(capacityOf({ requests: maxPids + 5, free: 0 }), maxPids + 5, 'the requests in any case')
  const half = nodeWith([])
  half.clock.advance(120_000)
  const unknown = { limit: undefined, inUse: undefined }
  half.ledger.observeReading(reading('n', half.clock.now(), { host: unknown }))
  const halfKnown = nodeOf(half)
  t.match(offerOf(halfKnown, floor, true), { free: 900, isWhole: false }, 'the ceiling that is known counts')
})

t.test('never below the sum of the requests; what it leaves over is what is free, where anything is', async () => {
  const pods = fc.array(
    fc.record({
      requested: fc.option(fc.nat(600), { nil: undefined }),
      estimated: fc.nat(600),
      seen: fc.nat(900),
      deleting: fc.boolean(),
      phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed')
    }),
    { maxLength: 8 }
  )
  fc.assert(
    fc.property(pods, fc.nat(3000), fc.boolean(), (sketches, more, isFresh) => {
      const fleet = nodeWith(
        sketches.map(({ requested, ...pod }) => (requested === undefined ? pod : { ...pod, requested }))
      )
      fleet.clock.advance(1000)
      fleet.read(
        more,
        sketches.map(({ seen }, i) => [`p${i}`, seen] as const)
      )
      const offer = offerOf(nodeOf(fleet), floor, isFresh)
      const counted = sketches.filter(({ phase }) => phase === 'Pending' || phase === 'Running')
      const requests = counted.reduce((sum, { requested = 0 }) => sum + requested, 0)
      if (offer.requests !== requests) return false
      const made = capacityOf(offer)
      const left = isFresh ? Math.max(0, Math.min(offer.free ?? 0, maxPids - requests)) : maxPids - requests
      return made >= requests && made - requests === left
    })
  )
})
