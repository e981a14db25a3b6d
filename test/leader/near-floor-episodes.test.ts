import t from 'tap'
import type { CeilingAccount } from '../../src/headroom/ceiling-account.ts'
import type { NodeRoom } from '../../src/headroom/node-room.ts'
import { NearFloorMemory, type NearSettings } from '../../src/leader/near-floor-episodes.ts'

/** Milliseconds that the taint of a low node is waited for. */
const taintTime = 10_000

/*
 * One node, kubepods of 1000 tasks with a floor of 100, look by look. Near is less than 50 free above the floor (5 %;
 * the next pod takes 40), away 100 (5 % of hysteresis more).
 *
 *  1 not known                      nothing is told, and nothing is near
 *  2 at the margin                  not near
 *  3 one past it                    near, told
 *  4 still near, told               not told again
 *  5 between the margins            the same episode, not told again
 *  6 not known in between           the same episode
 *  7 away                           it ends
 *  8 near again                     told again
 *  9 near at the first look         told, as one that may have been told of before
 * 10 unknown first, then near       the same: nobody saw it begin
 * 11 in part known, and near        told
 * 12 in part known, and away        it does not end
 * 13 tainted                        not told: the taint is
 * 14 low, with taints switched on   told only if it is not tainted in time
 * 15 low, without                   told at once
 * 16 gone                           forgotten
 */
const settings: NearSettings = { estimate: 40, taintHysteresis: { share: 0.05 }, taintNodes: false }

function account(free: number, limit = 1000): CeilingAccount {
  return { ceiling: 'kubepods', limit, inUse: 0, committed: 0, floor: limit / 10, free }
}

function room(free: number, isWhole = true): NodeRoom {
  return { ceilings: [account(free)], isWhole }
}

interface Look {
  readonly free: number | undefined
  readonly isWhole?: boolean
  readonly isTainted?: boolean
  /** Since the look before. */
  readonly after?: number
  /** Whether it is told of: `new`, or `old` where it may have been told before. */
  readonly want: 'new' | 'old' | undefined
  /** Whether it is in an episode then. */
  readonly near: boolean
}

const away: Look = { free: 500, want: undefined, near: false }
const begins: Look = { free: 49, want: 'new', near: true }
const goesOn: Look = { free: 49, want: undefined, near: true }
const unknown = { free: undefined, want: undefined } as const

const cases: { row: string; settings?: Partial<NearSettings>; looks: readonly Look[] }[] = [
  { row: '1 not known', looks: [{ ...unknown, near: false }] },
  { row: '2 at the margin', looks: [away, { free: 50, want: undefined, near: false }] },
  { row: '3 one past it', looks: [away, begins] },
  { row: '4 still near, told', looks: [away, begins, goesOn, { free: -20, want: undefined, near: true }] },
  { row: '5 between', looks: [away, begins, { free: 99, want: undefined, near: true }, goesOn] },
  { row: '6 not known in between', looks: [away, begins, { ...unknown, near: true }, goesOn] },
  { row: '7 away', looks: [away, begins, { free: 100, want: undefined, near: false }] },
  { row: '8 near again', looks: [away, begins, { free: 100, want: undefined, near: false }, begins] },
  { row: '9 near at the first look', looks: [{ free: 49, want: 'old', near: true }, goesOn] },
  {
    row: '10 unknown first, then near',
    looks: [
      { ...unknown, near: false },
      { free: 49, want: 'old', near: true }
    ]
  },
  { row: '11 in part known, and near', looks: [away, { ...begins, isWhole: false }] },
  {
    row: '12 in part known, and away',
    looks: [away, begins, { free: 500, isWhole: false, want: undefined, near: true }, goesOn]
  },
  {
    row: '13 tainted',
    settings: { taintNodes: true },
    looks: [away, { ...goesOn, free: 10, isTainted: true }, { ...goesOn, free: 45, after: taintTime }]
  },
  {
    row: '14 low, with taints switched on',
    settings: { taintNodes: true },
    looks: [
      away,
      { ...goesOn, free: 39 },
      { ...goesOn, free: 39, after: taintTime - 1 },
      { ...begins, free: 39, after: 1 }
    ]
  },
  {
    row: '14 at the estimate, with taints switched on',
    settings: { taintNodes: true },
    looks: [away, { ...begins, free: 40 }]
  },
  {
    row: '14 low, seen long after the start',
    settings: { taintNodes: true },
    looks: [
      { ...away, after: 3_600_000 },
      { ...goesOn, free: 39 },
      { ...goesOn, free: 39, after: taintTime - 1 },
      { ...begins, free: 39, after: 1 }
    ]
  },
  { row: '14 near and not low, with taints switched on', settings: { taintNodes: true }, looks: [away, begins] },
  { row: '15 low, without', looks: [away, { ...begins, free: 39 }] }
]
for (const { row, settings: change, looks } of cases) {
  void t.test(row, async (t) => {
    const memory = new NearFloorMemory()
    let now = 0
    for (const [at, { free, isWhole, isTainted = false, after = 0, want, near }] of looks.entries()) {
      now += after
      const seen = { name: 'a', isTainted, room: free === undefined ? undefined : room(free, isWhole) }
      const found = memory.observe(seen, { ...settings, ...change }, now)
      t.equal(found === undefined ? undefined : found.isOld ? 'old' : 'new', want, `look ${at}`)
      t.equal(memory.size, Number(near), `look ${at}: ${near ? 'near' : 'not near'}`)
      if (found !== undefined) memory.posted('a')
    }
  })
}

void t.test('16 gone: forgotten, and nothing of it is left when one of its name comes', async (t) => {
  const memory = new NearFloorMemory()
  memory.observe({ name: 'a', isTainted: false, room: room(500) }, settings, 0)
  memory.observe({ name: 'a', isTainted: false, room: room(0) }, settings, 0)
  memory.observe({ name: 'b', isTainted: false, room: room(0) }, settings, 0)
  memory.retain((name) => name === 'b')
  t.equal(memory.size, 1)
  t.equal(memory.observe({ name: 'a', isTainted: false, room: room(0) }, settings, 0)?.isOld, true)
})

void t.test('an Event that arrives when its node is gone changes nothing', async (t) => {
  const memory = new NearFloorMemory()
  memory.posted('gone')
  t.equal(memory.size, 0)
})

void t.test('what was not told stays to be told', async (t) => {
  const memory = new NearFloorMemory()
  for (let look = 0; look < 3; look++) {
    t.ok(memory.observe({ name: 'a', isTainted: false, room: room(0) }, settings, look))
  }
})

void t.test('either ceiling can be the one, and a large pod makes the margin wider', async (t) => {
  const memory = new NearFloorMemory()
  const wide = { ...settings, estimate: 400 }
  const of = (name: string, ...ceilings: CeilingAccount[]) => ({
    name,
    isTainted: false,
    room: { ceilings, isWhole: true }
  })
  t.equal(memory.observe(of('a', account(399), account(20_000, 32_768)), wide, 0)?.tightest.free, 399)
  t.equal(memory.observe(of('b', account(400), account(1_639, 32_768)), wide, 0), undefined)
  t.ok(memory.observe(of('c', account(400), account(1_638, 32_768)), wide, 0), 'less than 5 % of pid_max')
  t.equal(memory.observe(of('d'), wide, 0), undefined, 'no limit')
})
