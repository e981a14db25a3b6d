import t from 'tap'
import { type SeenNode, TaintMemory, taintsWith } from '../../src/leader/taint-history.ts'
import { lowPids } from '../../src/leader/taint-plan.ts'

/** Milliseconds. */
const [sparedTime, lateTime] = [60_000, 10_000]
const mostTaints = { atOnce: 40, perHour: 240 }

const other = { key: 'gpu', value: '', effect: 'NoSchedule' }

function node(tainted: boolean, change: Partial<SeenNode> = {}): SeenNode {
  const room = { ceilings: [], isWhole: true }
  return {
    name: 'a',
    taints: tainted ? [other, lowPids] : [other],
    unschedulable: false,
    room,
    need: 50,
    isAwaited: false,
    ...change
  }
}

t.test('a taint that was there before anybody looked is as old as can be', async (t) => {
  const memory = new TaintMemory()
  t.equal(memory.observe(node(true), 7).standing.taintedFor, Number.POSITIVE_INFINITY)
})

t.test('one that came later, by whomever, is as old as the look that showed it', async (t) => {
  const memory = new TaintMemory()
  memory.observe(node(false), 0)
  t.equal(memory.observe(node(true), 100).standing.taintedFor, 0)
  t.equal(memory.observe(node(true), 250).standing.taintedFor, 150)
})

t.test('not known is counted from the first look without a whole reading, and anew after each', async (t) => {
  const memory = new TaintMemory()
  const partly = { ceilings: [], isWhole: false }
  t.equal(memory.observe(node(true, { room: undefined }), 1_000).standing.unknownFor, 0)
  t.equal(memory.observe(node(true, { room: partly }), 1_500).standing.unknownFor, 500)
  t.equal(memory.observe(node(true), 2_000).standing.unknownFor, 0)
  t.equal(memory.observe(node(true, { room: undefined }), 3_000).standing.unknownFor, 0)
})

t.test('a cache that lags behind our own write does not undo it', async (t) => {
  const memory = new TaintMemory()
  memory.observe(node(false), 0)
  memory.wrote('a', true, 10)
  const lagging = memory.observe(node(false), 20)
  t.strictSame(lagging.standing.taints, [other, lowPids])
  t.equal(lagging.standing.taintedFor, 10)
  t.equal(lagging.isTakenAway, false)
  const there = memory.observe(node(true), 30)
  t.equal(there.standing.taintedFor, 20, 'since the write')
  memory.wrote('a', false, 40)
  t.strictSame(memory.observe(node(true), 50).standing.taints, [other])
  t.equal(memory.observe(node(false), 60).isTakenAway, false, 'it was us')
})

t.test('two writes that the cache shows one after the other are both our own', async (t) => {
  const memory = new TaintMemory()
  memory.observe(node(false), 0)
  memory.wrote('a', true, 10)
  memory.wrote('a', false, 30)
  for (const [shown, now] of [
    [false, 35],
    [true, 50],
    [false, 70]
  ] as const) {
    const { standing, isTakenAway } = memory.observe(node(shown), now)
    t.strictSame([standing.taints, isTakenAway, standing.isSpared], [[other], false, false], `at ${now}`)
  }
  t.equal(memory.observe(node(true), 80).standing.taintedFor, 0, 'this one is of somebody else')
  t.equal(memory.observe(node(false), 90).isTakenAway, true)
})

t.test('somebody else has changed it before our write', async (t) => {
  const memory = new TaintMemory()
  memory.observe(node(false), 0)
  // They tainted it, and we took that taint away before we had seen it.
  memory.wrote('a', false, 10)
  for (const [shown, now] of [
    [false, 20],
    [true, 30],
    [false, 40]
  ] as const) {
    const { standing, isTakenAway } = memory.observe(node(shown), now)
    t.strictSame([standing.taints, isTakenAway], [[other], false], `at ${now}`)
  }
})

t.test('but what it shows for long is how it is', async (t) => {
  const memory = new TaintMemory()
  memory.observe(node(false), 0)
  memory.wrote('a', true, 0)
  t.equal(memory.observe(node(false), lateTime - 1).isTakenAway, false)
  const { isTakenAway, standing } = memory.observe(node(false), lateTime)
  t.equal(isTakenAway, true)
  t.strictSame(standing.taints, [other])
})

t.test('a taint that somebody else takes away is told once, and the node is spared for a while', async (t) => {
  const memory = new TaintMemory()
  memory.observe(node(true), 0)
  t.match(memory.observe(node(false), 5), { isTakenAway: true, standing: { isSpared: true } })
  t.match(memory.observe(node(false), 5 + sparedTime - 1), { isTakenAway: false, standing: { isSpared: true } })
  t.match(memory.observe(node(false), 5 + sparedTime), { isTakenAway: false, standing: { isSpared: false } })
})

t.test('a node that is gone is forgotten: one of the same name is new', async (t) => {
  const memory = new TaintMemory()
  memory.observe(node(true), 0)
  memory.retain((name) => name !== 'a')
  t.match(memory.observe(node(false), 1), { isTakenAway: false, standing: { isSpared: false } })
  memory.retain(() => true)
  t.equal(memory.observe(node(true), 2).standing.taintedFor, 0, 'one that stays is not')
})

t.test('the taints of others stay as they are, whatever else they hold', async (t) => {
  const timed = { ...other, timeAdded: '2026-01-01T00:00:00Z' }
  const { value: _, ...bare } = lowPids
  t.strictSame(taintsWith([timed, bare], false), [timed])
  t.strictSame(taintsWith([bare, timed], true), [timed, lowPids])
  t.strictSame(taintsWith([{ ...lowPids, effect: 'NoExecute' }], false), [{ ...lowPids, effect: 'NoExecute' }])
})

t.test('a node is tainted so often an hour and no more; its bindings are refused instead', async (t) => {
  const memory = new TaintMemory()
  const isSpared = (now: number) => memory.observe(node(false), now).standing.isSpared
  const flip = (now: number): void => {
    memory.wrote('a', true, now)
    memory.wrote('a', false, now)
  }
  for (let i = 0; i < mostTaints.atOnce; i++) {
    t.notOk(isSpared(0), `${i}`)
    flip(0)
  }
  t.ok(isSpared(0))
  const one = 3_600_000 / mostTaints.perHour
  t.ok(isSpared(one - 1))
  t.notOk(isSpared(one))
  flip(one)
  t.ok(isSpared(one))
})
