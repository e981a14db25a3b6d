import t from 'tap'
import { mostExpected, ObservedPods, settleTime } from '../../../../src/headroom/ledger/peaks/observed-pods.ts'

const pod = (uid: string, template: string, readySince?: number) => ({ uid, name: `pod ${uid}`, template, readySince })

const day = 24 * 3_600_000

/** Pods of one template, each seen once, in this order. */
function seen(...pids: number[]): ObservedPods {
  const pods = new ObservedPods()
  for (const [i, each] of pids.entries()) pods.observe(pod(`${i}`, 'x'), each, 0)
  return pods
}

t.test('what was not seen is not zero', async (t) => {
  t.equal(new ObservedPods().peak('x', 0), undefined)
  t.equal(seen(0).peak('x', 0), undefined)
})

t.test('a pod that was not seen for more than a day decides no longer, beside one that was', async (t) => {
  const pods = new ObservedPods()
  pods.observe(pod('old', 'x'), 30, 0)
  pods.observe(pod('new', 'x'), 900, day)
  const hour = day / 24
  t.equal(pods.peak('x', 25 * hour)?.pids, 30, 'of two, the lower')
  t.equal(pods.peak('x', 25 * hour + 1)?.pids, 900)
})

t.test('of one pod its peak, settled once it has been watched long enough', async (t) => {
  const pods = new ObservedPods()
  pods.observe(pod('a', 'x'), 3, 1_000)
  pods.observe(pod('a', 'x'), 300, 2_000)
  pods.observe(pod('a', 'x'), 40, 999 + settleTime)
  t.match(pods.peak('x', 3_000), { pids: 300, isSettled: false, pod: 'pod a', age: 1_000 })
  pods.observe(pod('a', 'x'), 40, 1_000 + settleTime)
  t.match(pods.peak('x', 3_000), { pids: 300, isSettled: true })
})

t.test(
  'a pod that has been ready for long enough needs no watching: a replica that starts agrees with the others',
  async (t) => {
    for (const [ready, want] of [
      [0, true],
      [1, false],
      [undefined, false]
    ] as const) {
      const pods = new ObservedPods()
      pods.observe(pod('a', 'x', ready), 7, settleTime)
      t.match(pods.peak('x', settleTime), { pids: 7, isSettled: want })
    }
  }
)

t.test('a leak of one pod is not what the next one is counted with', async (t) => {
  t.equal(seen(100, 4_000).peak('x', 0)?.pids, 100)
  t.equal(seen(4_000, 100, 101).peak('x', 0)?.pids, 101)
  t.equal(seen(100, 101, 4_000, 102, 103).peak('x', 0)?.pids, 103)
  t.equal(seen(100, 100, 100, 100, 100, 100, 4_000, 4_000).peak('x', 0)?.pids, 100, 'two of eight')
  t.equal(seen(4_000, 4_000, 4_000, 100).peak('x', 0)?.pids, 4_000, 'what most hold is the demand')
})

t.test('the order of pods does not matter, and no figure is above the most that is expected', async (t) => {
  t.equal(seen(4_000, 300, 200, 100).peak('x', 0)?.pids, seen(100, 200, 300, 4_000).peak('x', 0)?.pids)
  t.equal(seen(mostExpected).peak('x', 0)?.pids, mostExpected)
  t.equal(seen(21_317).peak('x', 0)?.pids, mostExpected)
})

t.test('another template starts without a figure', async (t) => {
  const pods = seen(4_000)
  t.equal(pods.peak('fixed', 0), undefined)
  pods.observe(pod('new', 'fixed'), 90, 1)
  t.equal(pods.peak('fixed', 1)?.pids, 90)
  t.equal(pods.peak('x', 1)?.pids, 4_000, 'the old one keeps its own')
  t.equal(pods.peak(undefined, 1)?.pids, 90, 'without a hash the template seen last')
})

t.test('pods of a rollout take the places of those before, and pods that are gone make place', async (t) => {
  const pods = seen(...Array.from({ length: 8 }, () => 1_000))
  for (let i = 0; i < 8; i++) pods.observe(pod(`new ${i}`, 'fixed'), 50 + i, 1)
  t.equal(pods.peak('fixed', 1)?.pids, 55)
  t.equal(pods.peak('x', 1), undefined)
  pods.observe(pod('late', 'fixed'), 4_000, 2)
  t.equal(pods.peak('fixed', 2)?.pids, 55, 'eight are enough while they live')
  pods.observe(pod('later', 'fixed'), 500, 1 + 121_000)
  pods.observe(pod('latest', 'fixed'), 500, 1 + 121_000)
  pods.observe(pod('last', 'fixed'), 500, 1 + 121_000)
  t.equal(pods.peak('fixed', 121_001)?.pids, 500)
})

t.test('a peak is forgotten after a day, of a pod that runs on and of one that is gone', async (t) => {
  const pods = seen(900)
  for (let hours = 1; hours <= 30; hours++) pods.observe(pod('0', 'x'), 90, hours * 3_600_000)
  t.equal(pods.peak('x', 30 * 3_600_000)?.pids, 90)
  t.equal(pods.peak('x', 2 * day)?.pids, 90)
  t.equal(pods.peak('x', 4 * day), undefined)
  pods.observe(pod('0', 'x'), 3, 4 * day)
  t.match(pods.peak('x', 4 * day), { pids: 3, isSettled: false }, 'it has to settle again')
})
