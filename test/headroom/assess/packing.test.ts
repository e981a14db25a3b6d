import fc from 'fast-check'
import t from 'tap'
import type { Placement } from '../../../src/kubernetes/placement/placement.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import {
  demand,
  emptyFleet,
  type Fleet,
  nodeFacts,
  pinnedTo,
  placementOf,
  plain,
  podFacts,
  reading
} from '../../support/headroom.ts'

const zone = (name: string): Placement => placementOf({ nodeSelector: { zone: name } })

/** Nodes with so much room each, in two zones. */
function fleetWith(rooms: readonly number[]): Fleet {
  const fleet = emptyFleet()
  addNodes(fleet, rooms)
  return fleet
}

function addNodes({ ledger, clock }: Fleet, rooms: readonly number[]): void {
  for (const [index, limit] of rooms.entries()) {
    ledger.observeNode(nodeFacts(`n${index}`, { labels: { zone: index % 2 === 0 ? 'a' : 'b' } }))
    ledger.observeReading(
      reading(`n${index}`, clock.now(), { host: { limit: 10_000, inUse: 0 }, kubepods: { limit, inUse: 0 } })
    )
  }
}

/** Asks for a pod and has it admitted when it fits, as the webhook does. */
function admit({ headroom, ledger }: Fleet, uid: string, pids: number, placement: Placement): boolean {
  if (headroom.assess(demand({ pids, placement, uid })).verdict !== 'fits') return false
  ledger.assume({ uid, namespace: 'default', workload: { kind: 'Pod', name: uid }, pids, placement })
  return true
}

/** Whether all pods can be on nodes at once, by trying. */
function haveRoom(rooms: readonly number[], pods: readonly { pids: number; on: readonly number[] }[]): boolean {
  const [pod, ...others] = pods
  if (pod === undefined) return true
  return pod.on.some((index) => {
    const room = rooms[index] ?? 0
    return room >= pod.pids && haveRoom(rooms.with(index, room - pod.pids), others)
  })
}

const all = [0, 1, 2]
const roomsOf3 = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 })

t.test('on nodes of room for ten, a burst of fifty gets ten', async (t) => {
  for (const rooms of [[500], [250, 250], [100, 399, 49]]) {
    const fleet = fleetWith(rooms)
    const admitted = Array.from({ length: 50 }, (_, i) => admit(fleet, `p${i}`, 50, plain)).filter((one) => one).length
    t.equal(
      admitted,
      rooms.reduce((sum, room) => sum + Math.floor(room / 50), 0),
      rooms.join()
    )
  }
})

t.test(
  'the order of nodes does not decide: the asking pod and the waiting ones find their places either way',
  async (t) => {
    for (const rooms of [
      [100, 60],
      [60, 100]
    ]) {
      const fleet = fleetWith(rooms)
      t.ok(admit(fleet, 'waiting', 60, plain), rooms.join())
      t.ok(admit(fleet, 'asking', 100, plain), rooms.join())
      t.notOk(admit(fleet, 'one more', 1, plain), rooms.join())
    }
    for (const rooms of [
      [100, 100, 60],
      [60, 100, 100],
      [100, 60, 100]
    ]) {
      const fleet = fleetWith(rooms)
      t.ok(admit(fleet, 'waiting', 60, plain), rooms.join())
      t.equal(fleet.headroom.assess(demand({ pids: 100, pods: 2 })).verdict, 'fits', rooms.join())
      t.equal(fleet.headroom.assess(demand({ pids: 100, pods: 3 })).verdict, 'full', rooms.join())
    }
  }
)

t.test('pods of one placement, whatever their sizes: all that were admitted have room at once', async (t) => {
  fc.assert(
    fc.property(roomsOf3, fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 7 }), (rooms, sizes) => {
      const fleet = fleetWith(rooms)
      const pods = sizes.filter((pids, i) => admit(fleet, `p${i}`, pids, plain)).map((pids) => ({ pids, on: all }))
      return haveRoom(rooms, pods)
    }),
    { numRuns: 3_000, seed: 1 }
  )
  t.pass()
})

t.test('pods of one size, whatever their placements: one is admitted just when all of them have room', async (t) => {
  const places = [
    { placement: plain, on: all },
    { placement: zone('a'), on: [0, 2] },
    { placement: zone('b'), on: [1] },
    { placement: pinnedTo('n0'), on: [0] },
    { placement: pinnedTo('n2'), on: [2] }
  ]
  fc.assert(
    fc.property(roomsOf3, fc.array(fc.constantFrom(...places), { maxLength: 12 }), (rooms, burst) => {
      const fleet = fleetWith(rooms.map((room) => room * 10))
      const pods: { pids: number; on: readonly number[] }[] = []
      burst.forEach(({ placement, on }, i) => {
        const wanted = { pids: 10, on }
        const could = haveRoom(
          rooms.map((room) => room * 10),
          [...pods, wanted]
        )
        const did = admit(fleet, `p${i}`, 10, placement)
        if (did !== could)
          throw new Error(`pod ${i} of [${on.join()}] ${did ? 'admitted' : 'refused'} on ${rooms.join()}`)
        if (did) pods.push(wanted)
      })
    }),
    { numRuns: 3_000, seed: 2 }
  )
  t.pass()
})

t.test('several replicas over-commit by no more than what is between them and the API server', async (t) => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ ask: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ deliver: fc.integer({ min: 1, max: 5 }) }) }
  )
  const bursts = fc.tuple(
    fc.constantFrom(1, 3),
    fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 3 })
  )
  fc.assert(
    fc.property(bursts, fc.array(step, { maxLength: 60, size: 'max' }), ([replicas, rooms], steps) => {
      const fleets = Array.from({ length: replicas }, () => fleetWith(rooms.map((room) => room * 50)))
      let stored = 0
      let told = 0
      let inFlight = 0
      for (const one of steps) {
        if ('ask' in one) {
          const fleet = fleets[one.ask % replicas] as Fleet
          const own = Array.from({ length: stored - told }, (_, i) => fleet.ledger.pod(`p${told + i}`)).filter(
            (pod) => pod !== undefined
          )
          if (!admit(fleet, `p${stored}`, 50, plain)) continue
          inFlight = Math.max(inFlight, stored - told - own.length)
          stored++
        } else {
          // The watch tells every replica of the same pods, in order.
          const until = Math.min(stored, told + one.deliver)
          for (; told < until; told++) {
            for (const { ledger } of fleets)
              ledger.observePod(podFacts(`p${told}`, { phase: 'Pending', estimated: 50, placement: plain }))
          }
        }
      }
      const room = rooms.reduce((sum, one) => sum + one, 0)
      if (stored > room + inFlight) throw new Error(`${stored} admitted for ${room}, ${inFlight} not told of`)
      if (replicas === 1 && stored > room) throw new Error(`${stored} admitted for ${room} by one`)
    }),
    { numRuns: 1_500, seed: 3 }
  )
  t.pass()
})

t.test('what was admitted while nothing was known does not hold up what fits now', async (t) => {
  const fleet = fleetWith([100, 100])
  fleet.ledger.assume({
    uid: 'huge',
    namespace: 'default',
    workload: { kind: 'Pod', name: 'huge' },
    pids: 5_000,
    placement: plain
  })
  t.equal(admit(fleet, 'small', 100, plain), true)
  t.equal(admit(fleet, 'other', 100, plain), true)
  t.equal(admit(fleet, 'third', 100, plain), false)
})

t.test('a pod for any node leaves a node to the one that can only go there', async (t) => {
  const fleet = fleetWith([100, 100])
  t.equal(admit(fleet, 'any', 100, plain), true)
  t.equal(admit(fleet, 'only a', 100, zone('a')), true)
  t.equal(admit(fleet, 'only b', 100, zone('b')), false, 'one of the two is taken, whichever')
  t.equal(admit(fleet, 'any other', 1, plain), false)
})

t.test('one that lost its place to others still asks for it', async (t) => {
  const fleet = fleetWith([6, 4])
  t.strictSame(
    [3, 3, 4].map((pids, i) => admit(fleet, `p${i}`, pids, plain)),
    [true, true, true],
    'two of 3 on one node, the one of 4 on the other'
  )
  // Put largest first, 4 comes to the node of 6 and one of 3 finds no place: that is no room for another.
  t.equal(admit(fleet, 'one more', 1, plain), false)
})

/** Of a pod that may land in either zone. */
const bothZones = placementOf({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }]
      }
    }
  }
})

/** One node in each zone: so much room in a, and in b, where undefined is a node that said nothing. */
function twoZones(a: number, b: number | undefined): Fleet {
  const fleet = fleetWith([a])
  fleet.ledger.observeNode(nodeFacts('n1', { labels: { zone: 'b' } }))
  const limits = { host: { limit: 10_000, inUse: 0 }, kubepods: { limit: b, inUse: 0 } }
  if (b !== undefined) fleet.ledger.observeReading(reading('n1', fleet.clock.now(), limits))
  return fleet
}

function wait({ ledger }: Fleet, uid: string, pids: number, placement: Placement): void {
  ledger.observePod(podFacts(uid, { phase: 'Pending', estimated: pids, placement }))
}

t.test('what waiting pods may take where nothing is known denies nothing', async (t) => {
  const ask = (fleet: Fleet, pids: number) => fleet.headroom.assess(demand({ pids, placement: zone('a') }))
  const silent = twoZones(150, undefined)
  wait(silent, 'w', 100, bothZones)
  t.equal(ask(silent, 50).verdict, 'fits', 'beside it')
  t.strictSame(ask(silent, 51), { verdict: 'unknown', why: 'no reading', nodes: 1, unknown: 0, node: 'n1' })
  t.equal(ask(silent, 150).verdict, 'unknown')
  t.equal(ask(silent, 151).verdict, 'full', 'also without it')
  wait(silent, 'here', 100, zone('a'))
  t.equal(ask(silent, 50).verdict, 'unknown')
  t.equal(ask(silent, 51).verdict, 'full', 'beside one that can only come here')

  const full = twoZones(150, 99)
  wait(full, 'w', 100, bothZones)
  t.equal(ask(full, 51).verdict, 'full', 'known to be too full')
  full.clock.advance(60_001)
  full.ledger.observeReading(
    reading('n0', full.clock.now(), { kubepods: { limit: 150, inUse: 0 }, host: { limit: 150, inUse: 0 } })
  )
  t.match(ask(full, 51), { verdict: 'unknown', why: 'reading too old' }, 'known some time ago')
})

t.test('nor do they where they push aside others that may then come here', async (t) => {
  const fleet = fleetWith([100, 100])
  fleet.ledger.observeNode(nodeFacts('silent', { labels: { zone: 'c' } }))
  wait(fleet, 'b or unknown', 100, placementOf({ ...notIn('a') }))
  wait(fleet, 'a or b', 100, bothZones)
  t.match(fleet.headroom.assess(demand({ placement: zone('a') })), { verdict: 'unknown', node: 'silent' })
})

function notIn(name: string): JsonRecord {
  const nodeSelectorTerms = [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: [name] }] }]
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } }
}

t.test('waiting pods take room below the floor of the one that asks, as theirs may be lower', async (t) => {
  const verdict = ({ headroom }: Fleet, pids: number, share: number) =>
    headroom.assess(demand({ pids, floor: { share } })).verdict
  const limits = { limit: 1000, inUse: 650 }
  const fleet = emptyFleet()
  fleet.ledger.observeNode(nodeFacts('n1'))
  fleet.ledger.observeReading(reading('n1', fleet.clock.now(), { host: limits, kubepods: limits }))
  t.equal(verdict(fleet, 50, 0.3), 'fits')
  wait(fleet, 'system', 100, plain)
  t.equal(verdict(fleet, 50, 0.3), 'full')
  t.equal(verdict(fleet, 250, 0), 'fits')
  t.equal(verdict(fleet, 251, 0), 'full')
  fleet.ledger.observePod(podFacts('system', { node: 'n1', estimated: 100 }))
  t.equal(verdict(fleet, 50, 0.3), 'full', 'as when it is bound')
})

t.test('but not while they find room above it', async (t) => {
  const limits = { limit: 1000, inUse: 850 }
  const fleet = emptyFleet()
  for (const name of ['n1', 'n2']) {
    fleet.ledger.observeNode(nodeFacts(name))
    fleet.ledger.observeReading(reading(name, fleet.clock.now(), { host: limits, kubepods: limits }))
  }
  const ask = () => fleet.headroom.assess(demand({ pids: 50, floor: { share: 0.1 } })).verdict
  const asked = ['p1', 'p2', 'p3'].map((uid) => {
    const verdict = ask()
    wait(fleet, uid, 50, plain)
    return verdict
  })
  t.strictSame(asked, ['fits', 'fits', 'full'], 'one on each node')
})

t.test('pods that find no place where they must go ask for none here', async (t) => {
  const fleet = fleetWith([150, 150])
  for (const uid of ['w1', 'w2']) wait(fleet, uid, 100, zone('b'))
  t.equal(admit(fleet, 'here', 150, zone('a')), true)
})

t.test('one that fits nowhere does not make room seem too small for another that lost its place', async (t) => {
  const fleet = fleetWith([150, 300])
  for (const uid of ['w1', 'w2']) wait(fleet, uid, 100, zone('a'))
  wait(fleet, 'huge', 5_000, plain)
  t.equal(admit(fleet, 'beside both', 100, plain), true)
})

t.test('more sizes than can be put one by one hold nothing back where they are too large for every node', async (t) => {
  const fleet = fleetWith(Array.from({ length: 600 }, () => 100))
  const verdict = () => fleet.headroom.assess(demand()).verdict
  for (let i = 0; i < 40; i++) wait(fleet, `p${i}`, 101 + i, plain)
  t.equal(verdict(), 'fits', 'they are too large for every node')
  for (let i = 40; i < 100; i++) wait(fleet, `p${i}`, 101 + i, plain)
  t.equal(verdict(), 'fits', 'still, though not all of them are tried')
})

t.test('more placements than can be looked into count where the pod itself may land', async (t) => {
  const fleet = fleetWith(Array.from({ length: 600 }, () => 100))
  for (let i = 0; i < 600; i++) {
    const placement = placementOf({
      nodeSelector: { zone: i % 2 === 0 ? 'a' : 'b' },
      tolerations: [{ key: `k${i}`, operator: 'Exists' }]
    })
    fleet.ledger.assume({
      uid: `p${i}`,
      namespace: 'default',
      workload: { kind: 'Pod', name: `p${i}` },
      pids: 60,
      placement
    })
  }
  t.match(fleet.headroom.assess(demand({ pids: 60 })), { verdict: 'full' }, 'each of 600 nodes has room for one')
  t.equal(fleet.headroom.assess(demand({ pids: 101 })).verdict, 'full', 'without any of them')
  for (let i = 0; i < 600; i += 2) fleet.ledger.removePod(`p${i}`)
  t.equal(admit(fleet, 'small', 60, plain), true)
})

t.test(
  'however many placements wait, a decision looks at so many nodes for them, and denies nothing for the rest',
  async (t) => {
    const onNode = (name: string): Placement => placementOf({ nodeSelector: { 'kubernetes.io/hostname': name } })
    const { ledger, headroom, clock } = emptyFleet()
    const names = Array.from({ length: 1_000 }, (_, i) => `n${i}`)
    const limits = { limit: 100, inUse: 0 }
    for (const name of names) {
      ledger.observeNode(nodeFacts(name))
      ledger.observeReading(reading(name, clock.now(), { host: limits, kubepods: limits }))
    }
    for (const name of names.slice(1, 301)) {
      const facts = { phase: 'Pending', estimated: 100, placement: onNode(name) } as const
      ledger.observePod(podFacts(name, facts))
    }
    const ask = (pids: number) => {
      const before = ledger.candidates.looked
      const { verdict } = headroom.assess(demand({ pids, placement: onNode('n0') }))
      // Those for the pods that wait, and those for the pod itself.
      t.ok(ledger.candidates.looked - before <= 20_000 + 1_000, `${ledger.candidates.looked - before} nodes looked at`)
      return verdict
    }
    t.strictSame([ask(100), ask(101)], ['fits', 'full'])
    for (let i = 0; i < 20; i++) t.not(ask(100), 'full')
    for (const name of names.slice(101, 301)) ledger.removePod(name)
    const later = Array.from({ length: 10 }, () => ask(100))
    t.equal(later.at(-1), 'fits', 'as many as are remembered')
  }
)

for (const waiting of [0, 200, 400]) {
  t.test(`${waiting} placements of another tenant do not make a full fleet unknown`, async (t) => {
    // One node of a thousand has room, for ten.
    const fleet = fleetWith(Array.from({ length: 1_000 }, (_, index) => (index === 7 ? 1_000 : 0)))
    for (let i = 0; i < waiting; i++) {
      const placement = placementOf({ nodeSelector: { [`none-${i}`]: 'x' } })
      const workload = { kind: 'Pod', name: `w${i}` }
      fleet.ledger.assume({ uid: `w${i}`, namespace: 'other', workload, pids: 100, placement })
    }
    const isolation = { namespace: 'default', share: 0.5 }
    let admitted = 0
    for (let i = 0; i < 30; i++) {
      // Another placement each, without another effect.
      const placement = placementOf({ tolerations: [{ key: `t${i}`, operator: 'Exists' }] })
      const { verdict } = fleet.headroom.assess(demand({ placement, uid: `p${i}`, isolation }))
      t.not(verdict, 'unknown')
      if (verdict !== 'fits') continue
      const workload = { kind: 'Pod', name: `p${i}` }
      fleet.ledger.assume({ uid: `p${i}`, namespace: 'default', workload, pids: 100, placement })
      admitted++
    }
    t.ok(admitted <= 10, `${admitted} admitted where ten fit`)
    t.ok(
      admitted >= (waiting === 0 ? 10 : 5),
      `${admitted} admitted, of which the other tenant keeps no more than its share`
    )
  })
}
