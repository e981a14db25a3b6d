import fc from 'fast-check'
import t from 'tap'
import type { PidsOffer } from '../../../src/headroom/pids-offer.ts'
import { maxPids } from '../../../src/kubernetes/qos/pids-limit.ts'
import {
  type CapacityChange,
  type CapacityStanding,
  firstReading,
  leastLowered,
  planCapacity,
  planLeaving
} from '../../../src/leader/capacity/capacity-plan.ts'
import { longestUnknown } from '../../../src/leader/taint-plan.ts'

/** `ending`: what pods that are told to end no longer need. */
function offer(requests: number, free: number | undefined, isWhole: boolean, ending = 0): PidsOffer {
  return { requests, free, freeForWaiting: free === undefined ? undefined : free + ending, isWhole }
}

/** A node with a ceiling of 12800, so that a step is 100; of 1000 PIDs requested and `free` more. */
function node(
  offered: number | undefined,
  free: number | undefined,
  change: Partial<CapacityStanding> = {}
): CapacityStanding {
  return {
    name: 'n',
    offered,
    offer: offer(1000, free, free !== undefined),
    limit: 12_800,
    silentFor: 0,
    loweredFor: Number.POSITIVE_INFINITY,
    ...change
  }
}

const said = (changes: readonly CapacityChange[]): string =>
  changes.map(({ name, to, reason }) => `${name}=${to ?? '-'} ${reason}`).join(', ')

const infinite = Number.POSITIVE_INFINITY
const cases: readonly { name: string; node: CapacityStanding; awaited?: number[]; want: string }[] = [
  { name: 'a new node offers what is free and what is requested', node: node(undefined, 2000), want: 'n=3000 new' },
  { name: 'rounded down to a step', node: node(undefined, 2099), want: 'n=3000 new' },
  {
    name: 'no less than the requests, also between steps',
    node: node(undefined, 0, { offer: offer(1050, 0, true) }),
    want: 'n=1050 new'
  },
  { name: 'a node that is overfull', node: node(undefined, -500), want: 'n=1000 new' },
  { name: 'without a ceiling', node: node(undefined, infinite, { limit: infinite }), want: `n=${maxPids} new` },
  {
    name: 'a new node is silent for a while',
    node: node(undefined, undefined, { silentFor: firstReading - 1 }),
    want: ''
  },
  { name: 'unknown is room', node: node(undefined, undefined, { silentFor: firstReading }), want: `n=${maxPids} new` },
  { name: 'nothing has changed', node: node(3000, 2000), want: '' },
  { name: 'swaying within a step', node: node(3000, 2099), want: '' },
  { name: 'one too much is lowered at once', node: node(3000, 1999), want: 'n=2900 lowered' },
  { name: 'also just after it was lowered', node: node(3000, 1999, { loweredFor: 0 }), want: 'n=2900 lowered' },
  { name: 'never below the requests', node: node(3000, -5000), want: 'n=1000 lowered' },
  { name: 'at the requests there is nothing to lower', node: node(1000, -5000), want: '' },
  { name: 'a pod landed that we had not seen: at once', node: node(900, -5000), want: 'n=1000 requests' },
  { name: 'with all that is free', node: node(900, 500), want: 'n=1500 requests' },
  { name: 'as a kubelet leaves it that does not know the resource', node: node(0, 500), want: 'n=1500 requests' },
  { name: 'one step more is not worth a write', node: node(2900, 2000), want: '' },
  {
    name: 'unless a pod waits that would fit',
    node: node(2900, 1950),
    awaited: [1000, 1950, 3000],
    want: 'n=2950 raised'
  },
  { name: 'at once', node: node(2900, 1950, { loweredFor: 0 }), awaited: [1950], want: 'n=2950 raised' },
  { name: 'not for one that fits already', node: node(2900, 1950), awaited: [1900], want: '' },
  { name: 'nor for one that would not', node: node(2900, 1950), awaited: [1951], want: '' },
  {
    name: 'what pods that end no longer need is no reason for a write',
    node: node(2500, 1500, { offer: offer(1000, 1500, true, 900) }),
    want: ''
  },
  {
    name: 'nor for a pod that waits and would not fit',
    node: node(2500, 1500, { offer: offer(1000, 1500, true, 900) }),
    awaited: [2401],
    want: ''
  },
  {
    name: 'for one that would it is',
    node: node(2500, 1500, { offer: offer(1000, 1500, true, 900) }),
    awaited: [2400],
    want: 'n=3400 raised'
  },
  {
    name: 'and stays until those pods are gone',
    node: node(3400, 1500, { offer: offer(1000, 1500, true, 900) }),
    want: ''
  },
  {
    name: 'one of them is, and holds its request no longer',
    node: node(3400, 1500, { offer: offer(1000, 1500, true, 899) }),
    want: 'n=2500 lowered'
  },
  { name: 'two steps are', node: node(2800, 2000), want: 'n=3000 raised' },
  { name: 'not just after it was lowered', node: node(2800, 2000, { loweredFor: leastLowered - 1 }), want: '' },
  { name: 'then', node: node(2800, 2000, { loweredFor: leastLowered }), want: 'n=3000 raised' },
  { name: 'its ceiling is gone', node: node(maxPids - 1, infinite, { limit: infinite }), want: `n=${maxPids} raised` },
  {
    name: 'a node of which one ceiling is not known stays as it is',
    node: node(1200, 2000, { offer: offer(1000, 2000, false), silentFor: 5 }),
    awaited: [500],
    want: ''
  },
  {
    name: 'but is lowered by the other one',
    node: node(1200, 100, { offer: offer(1000, 100, false), silentFor: 5 }),
    want: 'n=1100 lowered'
  },
  {
    name: 'and in the end offers by that',
    node: node(undefined, 100, { offer: offer(1000, 100, false), silentFor: firstReading }),
    want: 'n=1100 new'
  },
  { name: 'a silent node stays as it is', node: node(1200, undefined, { silentFor: longestUnknown - 1 }), want: '' },
  { name: 'but for its requests', node: node(999, undefined, { silentFor: 5 }), want: 'n=1000 requests' },
  { name: 'and not for ever', node: node(1200, undefined, { silentFor: longestUnknown }), want: `n=${maxPids} raised` },
  { name: 'a small ceiling has steps of one', node: node(1001, 1, { limit: 100 }), want: '' }
]

for (const { name, node, awaited = [], want } of cases) {
  t.test(name, async (t) => t.equal(said(planCapacity([node], awaited)), want))
}

t.test('what kills or overfills comes first, then by name', async (t) => {
  const nodes = [
    node(undefined, 0, { name: 'b-new' }),
    node(1000, 2000, { name: 'a-raise' }),
    node(3000, 0, { name: 'c-lower' }),
    node(3000, 0, { name: 'b-lower' }),
    node(0, 0, { name: 'z-below' })
  ]
  t.strictSame(
    planCapacity(nodes, []).map(({ name }) => name),
    ['z-below', 'b-lower', 'c-lower', 'b-new', 'a-raise']
  )
})

t.test('leaving: room for all while a pod waits, then for a while nothing, then the resource goes', async (t) => {
  const nodes = [node(1500, 0, { name: 'a' }), node(undefined, 0, { name: 'b' }), node(900, 0, { name: 'c' })]
  const leave = (isAwaited: boolean, isQuiet: boolean): string => said(planLeaving(nodes, { isAwaited, isQuiet }))
  t.equal(leave(true, false), `a=${maxPids} raised, c=${maxPids} raised`)
  t.equal(leave(false, false), 'c=1000 requests', 'also now no running pod may lose its place')
  t.equal(leave(false, true), 'a=- removed, c=- removed')
  t.equal(said(planLeaving([node(maxPids, 0)], { isAwaited: true, isQuiet: false })), '')
})

t.test(
  'after what was planned is done nothing is planned, and what a node offers always holds the requests',
  async () => {
    const standings = fc.record({
      offered: fc.option(fc.nat(40_000), { nil: undefined }),
      requests: fc.nat(40_000),
      free: fc.option(fc.oneof(fc.integer({ min: -40_000, max: 40_000 }), fc.constant(infinite)), { nil: undefined }),
      limit: fc.oneof(fc.nat(40_000), fc.constant(infinite)),
      silentFor: fc.nat(2 * longestUnknown),
      loweredFor: fc.nat(2 * leastLowered),
      isWhole: fc.boolean(),
      ending: fc.nat(4_000)
    })
    fc.assert(
      fc.property(
        standings,
        fc.uniqueArray(fc.nat(40_000)),
        ({ requests, free, silentFor, ending, ...rest }, sizes) => {
          const awaited = sizes.sort((a, b) => a - b)
          const isWhole = free !== undefined && rest.isWhole
          const held = offer(requests, free, isWhole, ending)
          const before = { name: 'n', ...rest, offer: held, silentFor: isWhole ? 0 : silentFor }
          const [change] = planCapacity([before], awaited)
          const offered = change === undefined ? before.offered : change.to
          if (offered === undefined) return !isWhole && silentFor < firstReading
          const isTooMuch = free !== undefined && offered > Math.max(requests, requests + free + ending)
          return offered >= requests && !isTooMuch && planCapacity([{ ...before, offered }], awaited).length === 0
        }
      )
    )
  }
)
