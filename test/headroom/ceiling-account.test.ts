import t from 'tap'
import {
  ceilingAccounts,
  floorUnder,
  freeAtMost,
  freeUnder,
  isWhole,
  mustHaveFigure,
  unattributedIn,
  wholePods
} from '../../src/headroom/ceiling-account.ts'

const unlimited = { limit: Number.POSITIVE_INFINITY, inUse: undefined }
const unknown = { limit: undefined, inUse: undefined }
const none = { pids: 0 }

t.test('a floor is a count, or a share rounded up', async (t) => {
  t.equal(floorUnder(1000, { pids: 64 }), 64)
  t.equal(floorUnder(32_768, { share: 0.1 }), 3277)
  t.equal(floorUnder(10, { share: 0.9 }), 9, 'although 0.9 × 10 is a little more in binary')
  t.equal(floorUnder(100, { share: 0.07 }), 7)
  t.equal(floorUnder(1000, { share: 0 }), 0)
  t.equal(floorUnder(1000, { share: 1 }), 1000)
})

t.test('free is the limit less floor, in use and pending, and may be less than nothing', async (t) => {
  t.equal(freeUnder({ limit: 1000, inUse: 300 }, { pending: 200, seen: 0 }, { share: 0.1 }), 400)
  t.equal(freeUnder({ limit: 1000, inUse: 900 }, { pending: 200, seen: 0 }, { share: 0.1 }), -200)
  t.equal(freeUnder(unlimited, { pending: 10, seen: 0 }, none), Number.POSITIVE_INFINITY)
  t.equal(freeUnder(unknown, { pending: 0, seen: 0 }, none), undefined)
  t.equal(
    freeUnder({ limit: 1000, inUse: undefined }, { pending: 0, seen: 0 }, none),
    undefined,
    'what is in use is not known, which is not 0'
  )
})

t.test('what is seen of pods is in use at least, whatever the ceiling was seen to hold before', async (t) => {
  const ceiling = { limit: 1000, inUse: 300 }
  t.equal(freeUnder(ceiling, { pending: 50, seen: 300 }, none), 650)
  t.equal(freeUnder(ceiling, { pending: 50, seen: 310 }, none), 640)
  t.equal(freeUnder({ limit: 1000, inUse: undefined }, { pending: 50, seen: 310 }, none), undefined, 'still not known')
  const figures = { host: ceiling, kubepods: { limit: 800, inUse: 320 }, pending: 50, seen: 310 }
  t.match(ceilingAccounts(figures, none), [
    { ceiling: 'kubepods', inUse: 320, committed: 370, free: 430 },
    { ceiling: 'node', inUse: 310, committed: 360, free: 640 }
  ])
})

t.test('tasks that no figure of a pod shows are a part of what pods may still take, under both ceilings', async (t) => {
  const ceiling = { limit: 1000, inUse: 300 }
  t.equal(freeUnder(ceiling, { pending: 50, seen: 270, unattributed: 30 }, none), 680, 'they grew by 30 of their 50')
  t.equal(
    freeUnder(ceiling, { pending: 20, seen: 270, unattributed: 30 }, none),
    700,
    'all that is in use counts in any case'
  )
  t.equal(freeUnder({ limit: 1000, inUse: 250 }, { pending: 50, seen: 270, unattributed: 0 }, none), 680)
  const figures = { host: { limit: 2000, inUse: 900 }, kubepods: ceiling, pending: 50, seen: 270, unattributed: 30 }
  t.match(ceilingAccounts(figures, none), [
    { ceiling: 'kubepods', inUse: 300, committed: 320, free: 680 },
    { ceiling: 'node', inUse: 900, committed: 920, free: 1080 }
  ])
})

t.test('tasks of no pod are a part of what pods may still take, unless figures of pods are missing', async (t) => {
  const kubepods = { limit: 1000, inUse: 300 }
  const of = (tasks: readonly number[], lacksFigures = false) =>
    unattributedIn({ kubepods, pods: new Map(tasks.map((pids, at) => [`p${at}`, pids])) }, lacksFigures)
  t.equal(of([200, 70]), 30)
  t.equal(of([200, 170]), 0, 'pods that were sampled later have grown since')
  t.equal(of([20]), 280, 'many pods have just begun')
  t.equal(of([]), 300)
  t.equal(of([200, 70], true), 0)
  t.equal(unattributedIn({ kubepods, pods: undefined }, false), 0)
  t.equal(unattributedIn({ kubepods: unknown, pods: new Map([['p', 10]]) }, false), 0)
})

t.test('a reading must have a figure of a pod that has been ready for half a minute', async (t) => {
  t.equal(mustHaveFigure({ readySince: 1_000 }, 31_000), true)
  t.equal(mustHaveFigure({ readySince: 1_001 }, 31_000), false)
  t.equal(mustHaveFigure({ readySince: undefined }, 31_000), false)
})

t.test('the tighter ceiling decides, whichever it is', async (t) => {
  // Incident 000: pid_max was raised to 1,000,000, and kubepods kept the 49,152 it was started with.
  const raised = {
    host: { limit: 1_000_000, inUse: 49_500 },
    kubepods: { limit: 49_152, inUse: 49_100 },
    pending: 0,
    seen: 0
  }
  t.equal(freeAtMost(raised, none), 52)
  t.strictSame(
    ceilingAccounts(raised, none).map(({ ceiling, free }) => `${ceiling} ${free}`),
    ['kubepods 52', 'node 950500']
  )
  // Without a limit on kubepods everything outside of pods counts too: the shims, the kubelet, the kernel's threads.
  const open = { host: { limit: 32_768, inUse: 32_700 }, kubepods: unlimited, pending: 8, seen: 0 }
  t.equal(freeAtMost(open, none), 60)
  t.strictSame(ceilingAccounts(open, none), [
    { ceiling: 'node', limit: 32_768, inUse: 32_700, committed: 32_708, floor: 0, free: 60 }
  ])
})

t.test('with one ceiling unknown it is at most what the other leaves', async (t) => {
  const known = { limit: 1000, inUse: 100 }
  t.equal(freeAtMost({ host: known, kubepods: unknown, pending: 0, seen: 0 }, none), 900)
  t.equal(freeAtMost({ host: unknown, kubepods: known, pending: 0, seen: 0 }, none), 900)
  t.equal(freeAtMost({ host: unknown, kubepods: unknown, pending: 0, seen: 0 }, none), undefined)
  t.equal(isWhole({ host: known, kubepods: unknown }), false)
  t.equal(isWhole({ host: known, kubepods: { limit: 1, inUse: undefined } }), false)
  t.equal(isWhole({ host: known, kubepods: unlimited }), true)
})

t.test('only whole pods count', async (t) => {
  t.strictSame([wholePods(100, 100), wholePods(99, 100), wholePods(299, 100), wholePods(-5, 100)], [1, 0, 2, 0])
  t.equal(wholePods(Number.POSITIVE_INFINITY, 100), Number.POSITIVE_INFINITY)
})
