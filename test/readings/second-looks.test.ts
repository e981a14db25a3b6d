import t from 'tap'
import type { NodeReading, ReadingFailureReason } from '../../src/model/node-reading.ts'
import { SecondLooks } from '../../src/readings/second-looks.ts'

const interval = 15_000
const known = { limit: 1_000, inUse: 10 }
const unknown = { limit: undefined, inUse: undefined }

function reading(node: string, change: Partial<NodeReading> = {}): NodeReading {
  return { node, at: 0, host: known, kubepods: known, pods: new Map(), podLimits: undefined, gaps: [], ...change }
}

const lost = (reason: ReadingFailureReason = 'unreachable') => ({ reason, detail: 'it did not answer' })

t.test('a node that has never been read in full is asked again after 1, 2 and 4 s, then by its rounds', async (t) => {
  const looks = new SecondLooks()
  const delays = [
    looks.afterReading(reading('a', { kubepods: unknown }), interval),
    looks.afterFailure('a', lost(), interval),
    looks.afterReading(reading('a', { host: { limit: 1_000, inUse: undefined } }), interval),
    looks.afterFailure('a', lost('timeout'), interval)
  ]
  t.strictSame(delays, [1_000, 2_000, 4_000, undefined])
  looks.forget('a')
  t.equal(looks.afterFailure('a', lost(), interval), 1_000, 'it is ready only now')
})

t.test('of a node that was read in full, the last figures stand in', async (t) => {
  const looks = new SecondLooks()
  t.equal(looks.afterReading(reading('a'), interval), undefined)
  t.equal(looks.afterFailure('a', lost(), interval), undefined)
  looks.retain((node) => node !== 'a')
  t.equal(looks.afterFailure('a', lost(), interval), 1_000, 'another node of that name')
  const windows = { withoutCeiling: 'windows', host: unknown, kubepods: unknown } as const
  t.equal(looks.afterReading(reading('w', windows), interval), undefined, 'it has no ceiling')
})

t.test('what is the same a second later is not asked for', async (t) => {
  const looks = new SecondLooks()
  for (const reason of ['no-address', 'tls', 'unauthorized', 'forbidden', 'too-large'] as const)
    t.equal(looks.afterFailure(reason, lost(reason), interval), undefined, reason)
  const gaps = [lost('cri-stats')]
  t.equal(looks.afterReading(reading('a', { kubepods: unknown, gaps }), interval), undefined)
})

t.test('not where the next round is as soon', async (t) => {
  const looks = new SecondLooks()
  t.equal(looks.afterFailure('a', lost(), 1_000), undefined)
  t.equal(looks.afterFailure('a', lost(), 1_001), 1_000)
})

t.test('a hundred nodes at once', async (t) => {
  const looks = new SecondLooks()
  const delays = Array.from({ length: 101 }, (_, at) => looks.afterFailure(`n${at}`, lost(), interval))
  t.strictSame(delays, [...delays.slice(0, 100).map(() => 1_000), undefined])
  looks.asked()
  t.equal(looks.afterFailure('n100', lost(), interval), 1_000)
})
