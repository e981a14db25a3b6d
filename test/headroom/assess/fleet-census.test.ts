import t from 'tap'
import { censusOf, mostTight } from '../../../src/headroom/assess/fleet-census.ts'
import { fleetOf, reading } from '../../support/headroom.ts'
import { settings } from '../../support/settings.ts'

const { headroom: policy } = settings({ headroom: { floor: { pids: 100 }, maxAge: 60_000 } })

void t.test('each node is counted once, by how well it is known', async (t) => {
  const { ledger, clock } = fleetOf({
    fresh: { age: 60_000 },
    partial: { host: [null, null] },
    stale: { age: 60_001 },
    unread: { age: null },
    mute: { age: null }
  })
  const unknown = { limit: undefined, inUse: undefined }
  ledger.observeReading(reading('mute', 0, { host: unknown, kubepods: unknown, pods: undefined }))
  // Readings of nodes that the API server does not know.
  ledger.observeReading(reading('stranger', clock.now()))
  const census = censusOf(ledger, policy, clock.now())
  t.strictSame(census.nodes, { fresh: 1, partial: 1, stale: 1, unread: 2 })
  t.equal(census.oldestReading, 60_001)
})

void t.test('no node, or none that was read: no age, which is not 0', async (t) => {
  const { ledger, clock } = fleetOf({ unread: { age: null } })
  t.strictSame(censusOf(ledger, policy, clock.now()), {
    nodes: { fresh: 0, partial: 0, stale: 0, unread: 1 },
    belowFloor: 0,
    oldestReading: undefined,
    tightest: [],
    ages: []
  })
})

void t.test('the floor is used from the first task above it, by what is committed', async (t) => {
  const { ledger, clock } = fleetOf({
    at: { kubepods: [1000, 800], pods: { a: { estimate: 100 } } },
    past: { kubepods: [1000, 801], pods: { b: { estimate: 100 } } },
    old: { kubepods: [1000, 1000], age: 60_001 },
    unlimited: { host: [1e6, 0], kubepods: [Number.POSITIVE_INFINITY, 0] }
  })
  const census = censusOf(ledger, policy, clock.now())
  t.equal(census.belowFloor, 1)
  t.strictSame(
    census.tightest.map(({ node, ceilings }) => [node, ceilings.map(({ ceiling, free }) => `${ceiling} ${free}`)]),
    [
      ['past', ['kubepods -1', 'node 800']],
      ['at', ['kubepods 0', 'node 800']],
      ['unlimited', ['node 999900']]
    ]
  )
  t.strictSame(census.tightest[0]?.ceilings[0], {
    ceiling: 'kubepods',
    limit: 1000,
    inUse: 801,
    committed: 901,
    floor: 100,
    free: -1
  })
})

void t.test('of a large fleet only the tightest nodes are told of', async (t) => {
  const nodes = Array.from({ length: mostTight + 5 }, (_, i) => [`n${i}`, { kubepods: [1000, i] as const }] as const)
  const { ledger, clock } = fleetOf(Object.fromEntries(nodes))
  const { tightest, ages } = censusOf(ledger, policy, clock.now())
  t.equal(tightest.length, mostTight)
  t.equal(tightest[0]?.node, `n${mostTight + 4}`)
  t.equal(ages.length, mostTight + 5, 'and the oldest, each node once')
  t.equal(new Set(ages.map(({ node }) => node)).size, ages.length)
})

void t.test('a node that went silent keeps the instant it was read at; one that was never read has none', async (t) => {
  const { ledger, clock } = fleetOf({ fresh: { age: 5_000 }, silent: { age: 3_600_000 }, unread: { age: null } })
  t.strictSame(censusOf(ledger, policy, clock.now()).ages, [
    { node: 'silent', readAt: clock.now() - 3_600_000 },
    { node: 'fresh', readAt: clock.now() - 5_000 }
  ])
})
