import fc from 'fast-check'
import t from 'tap'
import {
  lowPids,
  type NodeStanding,
  planTaints,
  type TaintPlan,
  type TaintSettings
} from '../../src/leader/taint-plan.ts'
import type { Taint } from '../../src/model/cluster-objects.ts'

/** Milliseconds. */
const [leastTainted, longestUnknown] = [30_000, 600_000]

const policy: TaintSettings = {
  autoscaled: false,
  taintNodes: true,
  maxTaintedShare: 1,
  taintHysteresis: { pids: 100 }
}

/** A node that needs 50 for the next pod; `free` as known, undefined for no fresh reading. */
function node(name: string, free: number | undefined, change: Partial<NodeStanding> = {}): NodeStanding {
  const ceiling = { ceiling: 'kubepods', limit: 1000, inUse: 0, committed: 0, floor: 0 } as const
  return {
    name,
    taints: [],
    unschedulable: false,
    room: free === undefined ? undefined : { ceilings: [{ ...ceiling, free }], isWhole: true },
    need: 50,
    isAwaited: false,
    unknownFor: 0,
    taintedFor: Number.POSITIVE_INFINITY,
    isSpared: false,
    ...change
  }
}

const taints = [lowPids]
/** Room for any pod; in every fleet, because the last open node is never tainted. */
const wide = node('wide', 1000)
const hard = (key: string): Taint => ({ key, value: '', effect: 'NoSchedule' })

/** `+` for each node to taint, `-` with its reason for each to free. */
function said({ taint, untaint }: TaintPlan): string {
  return [...taint.map(({ name }) => `+${name}`), ...untaint.map(({ name, reason }) => `-${name} ${reason}`)].join(', ')
}

const cases: readonly {
  name: string
  nodes: readonly NodeStanding[]
  settings?: Partial<TaintSettings>
  want: string
  passedOver?: number
}[] = [
  { name: '1 no node', nodes: [], want: '' },
  { name: '2 room for the next pod', nodes: [node('a', 50), wide], want: '' },
  { name: '3 one short of it', nodes: [node('a', 49), wide], want: '+a' },
  { name: '4 below the floor', nodes: [node('a', -200), wide], want: '+a' },
  {
    name: '5 a larger pod was turned away there',
    nodes: [node('a', 499, { need: 500 }), node('b', 500, { need: 500 })],
    want: '+a'
  },
  {
    name: '5a of pods that wait, the share and the hysteresis do not matter',
    nodes: [
      node('a', 499, { need: 500, isAwaited: true }),
      node('b', 499, { need: 500, isAwaited: true }),
      node('c', 500, { need: 500, isAwaited: true, taints, taintedFor: 0 })
    ],
    settings: { maxTaintedShare: 0 },
    want: '+a, +b, -c recovered'
  },
  {
    name: '5b with an autoscaler the last one may be closed',
    nodes: [node('a', 0), node('b', 0)],
    settings: { autoscaled: true, maxTaintedShare: 0.25 },
    want: '+a, +b'
  },
  { name: '6 the switch is off', nodes: [node('a', 0), wide], settings: { taintNodes: false }, want: '' },
  {
    name: '7 it was switched off: every taint goes, known or not',
    nodes: [node('a', 0, { taints }), node('b', undefined, { taints, taintedFor: 0 }), wide],
    settings: { taintNodes: false },
    want: '-a off, -b off'
  },
  { name: '8 nothing is known', nodes: [node('a', undefined, { unknownFor: longestUnknown }), wide], want: '' },
  {
    name: '9 one ceiling is known and too low: that is enough',
    nodes: [
      node('a', 0, { room: { ...node('a', 0).room, ceilings: node('a', 0).room?.ceilings ?? [], isWhole: false } }),
      wide
    ],
    want: '+a'
  },
  {
    name: '10 one ceiling is known and wide: the other may not be',
    nodes: [
      node('a', 0, {
        taints,
        unknownFor: longestUnknown - 1,
        room: { ceilings: node('a', 900).room?.ceilings ?? [], isWhole: false }
      }),
      wide
    ],
    want: ''
  },
  {
    name: '11 no limit at all',
    nodes: [node('a', 0, { taints, room: { ceilings: [], isWhole: true } }), wide],
    want: '-a recovered'
  },
  { name: '12 tainted and low: stays', nodes: [node('a', 49, { taints }), wide], want: '' },
  {
    name: '13 tainted, room for a pod and not for the hysteresis: stays',
    nodes: [node('a', 149, { taints }), wide],
    want: ''
  },
  { name: '14 tainted, room for both: goes', nodes: [node('a', 150, { taints }), wide], want: '-a recovered' },
  {
    name: '15 a hysteresis by share of the ceiling',
    nodes: [node('a', 149, { taints }), node('b', 150, { taints }), wide],
    settings: { taintHysteresis: { share: 0.1 } },
    want: '-b recovered'
  },
  {
    name: '16 the other ceiling has not recovered',
    nodes: [
      node('a', 0, {
        taints,
        room: {
          isWhole: true,
          ceilings: [
            { ceiling: 'node', limit: 32_768, inUse: 0, committed: 0, floor: 0, free: 140 },
            { ceiling: 'kubepods', limit: 1000, inUse: 0, committed: 0, floor: 0, free: 900 }
          ]
        }
      }),
      wide
    ],
    want: ''
  },
  {
    name: '17 a taint stays a moment',
    nodes: [
      node('a', 900, { taints, taintedFor: leastTainted - 1 }),
      node('b', 900, { taints, taintedFor: leastTainted }),
      wide
    ],
    want: '-b recovered'
  },
  {
    name: '18 a tainted node that is not known any more keeps its taint for so long',
    nodes: [node('a', undefined, { taints, unknownFor: longestUnknown - 1 }), wide],
    want: ''
  },
  {
    name: '19 and no longer',
    nodes: [node('a', undefined, { taints, unknownFor: longestUnknown }), wide],
    want: '-a unknown'
  },
  { name: '20 the last open node is not tainted', nodes: [node('a', 0)], want: '', passedOver: 1 },
  {
    name: '21 low everywhere: one stays open, the one with the most room',
    nodes: [node('a', 0), node('b', 20), node('c', 10)],
    want: '+a, +c',
    passedOver: 1
  },
  {
    name: '22 a quarter of three is one: the worst',
    nodes: [node('a', 10), node('b', -5), node('c', 0)],
    settings: { maxTaintedShare: 0.25 },
    want: '+b',
    passedOver: 2
  },
  {
    name: '23 a quarter of eight is two, in the order of their names where they are alike',
    nodes: [...'hgfedcba'].map((name) => node(name, 0)),
    settings: { maxTaintedShare: 0.25 },
    want: '+a, +b',
    passedOver: 6
  },
  {
    name: '24 7 % of a hundred are seven, whatever binary makes of it',
    nodes: Array.from({ length: 100 }, (_, i) => node(`n${String(i).padStart(2, '0')}`, 0)),
    settings: { maxTaintedShare: 0.07 },
    want: '+n00, +n01, +n02, +n03, +n04, +n05, +n06',
    passedOver: 93
  },
  {
    name: '25 no share, no taint',
    nodes: [node('a', 0), wide],
    settings: { maxTaintedShare: 0 },
    want: '',
    passedOver: 1
  },
  {
    name: '26 a worse one does not push out one that is tainted and low',
    nodes: [node('a', 40, { taints }), node('b', -500), wide],
    settings: { maxTaintedShare: 0.25 },
    want: '',
    passedOver: 1
  },
  {
    name: '27 but one that has got better makes room',
    nodes: [node('a', 60, { taints, taintedFor: 0 }), node('b', 40), wide],
    settings: { maxTaintedShare: 0.25 },
    want: '+b, -a share'
  },
  {
    name: '28 the share was lowered: the best of them go free',
    nodes: [node('a', 30, { taints }), node('b', 10, { taints }), node('c', 20, { taints }), wide],
    settings: { maxTaintedShare: 0.5 },
    want: '-a share'
  },
  {
    name: '29 not known and tainted counts, and goes after what is known to be low',
    nodes: [node('a', undefined, { taints, unknownFor: 1 }), node('b', 0, { taints }), node('c', 0), wide],
    settings: { maxTaintedShare: 0.25 },
    want: '-a share',
    passedOver: 1
  },
  {
    name: '30 a cordoned node is closed already',
    nodes: [node('a', 0, { unschedulable: true }), node('b', 0), wide],
    want: '+b'
  },
  {
    name: '31 so is one that is not ready, and neither counts as open',
    nodes: [
      node('a', 0, { taints: [hard('node.kubernetes.io/not-ready')] }),
      node('b', 0, { unschedulable: true }),
      node('c', 0)
    ],
    want: '',
    passedOver: 1
  },
  {
    name: '32 a closed node keeps its taint while it is low, beyond the share, and loses it like others',
    nodes: [
      node('a', 0, { taints, unschedulable: true }),
      node('b', 900, { taints, unschedulable: true }),
      node('c', 0),
      wide
    ],
    settings: { maxTaintedShare: 0.25 },
    want: '+c, -b recovered'
  },
  {
    name: '33 a pool with taints of its own is not closed either',
    nodes: [
      node('g1', 0, { taints: [hard('gpu')] }),
      node('g2', 0, { taints: [hard('gpu'), lowPids] }),
      ...Array.from({ length: 8 }, (_, i) => node(`n${i}`, 1000))
    ],
    settings: { maxTaintedShare: 0.5 },
    want: '',
    passedOver: 1
  },
  {
    name: '34 a taint that only prefers makes no pool',
    nodes: [node('a', 0, { taints: [{ ...hard('spot'), effect: 'PreferNoSchedule' }] }), wide],
    want: '+a'
  },
  {
    name: '35 the same key with another effect or value is not ours: left alone, and no taint of ours',
    nodes: [
      node('a', 900, { taints: [{ ...lowPids, effect: 'NoExecute' }] }),
      node('b', 900, { taints: [{ ...lowPids, value: 'by-hand' }] }),
      wide
    ],
    want: ''
  },
  {
    name: '36 set by hand: it is ours all the same, and goes when there is room',
    nodes: [node('a', 900, { taints }), wide],
    want: '-a recovered'
  },
  {
    name: '37 taken away by somebody else: not put back at once',
    nodes: [node('a', 0, { isSpared: true }), wide],
    want: ''
  }
]

for (const { name, nodes, settings = {}, want, passedOver = 0 } of cases) {
  t.test(name, async (t) => {
    const plan = planTaints(nodes, { ...policy, ...settings })
    t.equal(said(plan), want)
    t.equal(plan.passedOver, passedOver)
  })
}

const anyNode = (name: string) =>
  fc
    .record({
      free: fc.option(fc.integer({ min: -20, max: 220 }), { nil: undefined }),
      isWhole: fc.boolean(),
      tainted: fc.boolean(),
      pool: fc.constantFrom('', '', '', 'gpu'),
      unschedulable: fc.boolean(),
      notReady: fc.boolean(),
      unknownFor: fc.constantFrom(0, longestUnknown - 1, longestUnknown),
      taintedFor: fc.constantFrom(0, leastTainted, Number.POSITIVE_INFINITY),
      isSpared: fc.boolean()
    })
    .map(({ free, isWhole, tainted, pool, unschedulable, notReady, ...rest }) => {
      const held = node(name, free)
      return {
        ...held,
        room: held.room === undefined ? undefined : { ...held.room, isWhole },
        unschedulable,
        taints: [
          ...(tainted ? [lowPids] : []),
          ...(pool === '' ? [] : [hard(pool)]),
          ...(notReady ? [hard('node.kubernetes.io/not-ready')] : [])
        ],
        ...rest
      }
    })
const fleets = fc
  .integer({ min: 0, max: 12 })
  .chain((size) => fc.tuple(...Array.from({ length: size }, (_, i) => anyNode(`n${i}`))))
const shares = fc.constantFrom(0, 0.1, 0.25, 0.5, 1)

/** The fleet after the plan was carried out. */
function after(nodes: readonly NodeStanding[], { taint, untaint }: TaintPlan): NodeStanding[] {
  const added = new Set(taint.map(({ name }) => name))
  const removed = new Set(untaint.map(({ name }) => name))
  return nodes.map((each) => {
    if (added.has(each.name)) return { ...each, taints: [...each.taints, lowPids], taintedFor: 0 }
    return removed.has(each.name) ? { ...each, taints: each.taints.filter((taint) => taint !== lowPids) } : each
  })
}

const poolKey = ({ taints }: NodeStanding) => String(taints.some(({ key }) => key === 'gpu'))
const isClosed = ({ unschedulable, taints }: NodeStanding) =>
  unschedulable || taints.some(({ key }) => key === 'node.kubernetes.io/not-ready')

t.test('of whatever fleet, in each pool no more than the share is tainted, and one node stays open', async (t) => {
  fc.assert(
    fc.property(fleets, shares, (nodes, maxTaintedShare) => {
      const left = after(nodes, planTaints(nodes, { ...policy, maxTaintedShare }))
      for (const pool of Map.groupBy(left, poolKey).values()) {
        const open = pool.filter((each) => !isClosed(each))
        const tainted = open.filter(({ taints }) => taints.includes(lowPids)).length
        if (tainted > Math.ceil(maxTaintedShare * open.length)) return false
        if (open.length > 0 && tainted === open.length) return false
      }
      return true
    })
  )
  t.pass()
})

t.test('only what is known to be low is tainted, and the worst first', async (t) => {
  fc.assert(
    fc.property(fleets, shares, (nodes, maxTaintedShare) => {
      const { taint } = planTaints(nodes, { ...policy, maxTaintedShare })
      const freeOf = (name: string) => nodes.find((each) => each.name === name)?.room?.ceilings[0]?.free
      const frees = taint.map(({ name }) => freeOf(name) ?? Number.NaN)
      return frees.every((free, i) => free < 50 && (i === 0 || free >= (frees[i - 1] ?? 0)))
    })
  )
  t.pass()
})

t.test('carried out, it wants nothing more', async (t) => {
  fc.assert(
    fc.property(fleets, shares, (nodes, maxTaintedShare) => {
      const settings = { ...policy, maxTaintedShare }
      const left = after(nodes, planTaints(nodes, settings))
      return said(planTaints(left, settings)) === ''
    })
  )
  t.pass()
})

t.test('the order in which nodes are told does not matter', async (t) => {
  fc.assert(
    fc.property(fleets, shares, (nodes, maxTaintedShare) => {
      const settings = { ...policy, maxTaintedShare }
      return said(planTaints(nodes, settings)) === said(planTaints([...nodes].reverse(), settings))
    })
  )
  t.pass()
})

t.test('without a switch no node is left tainted, and none gets it', async (t) => {
  fc.assert(
    fc.property(fleets, shares, (nodes, maxTaintedShare) => {
      const plan = planTaints(nodes, { ...policy, taintNodes: false, maxTaintedShare })
      return after(nodes, plan).every(({ taints }) => !taints.includes(lowPids))
    })
  )
  t.pass()
})
