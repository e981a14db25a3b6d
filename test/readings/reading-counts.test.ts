import t from 'tap'
import { ReadingCounts } from '../../src/readings/reading-counts.ts'
import { memorySink } from '../support/fake-kubelet.ts'
import { reading } from '../support/headroom.ts'

const gap = { reason: 'not-reported', detail: 'no rlimit' } as const
const timeout = { reason: 'timeout', detail: 'no answer in time' } as const

void t.test('everything is handed on, and counted by how it ended', async (t) => {
  const sink = memorySink()
  const tally = new ReadingCounts(sink)
  tally.observeReading(reading('a', 0))
  tally.observeReading(reading('a', 0))
  tally.observeReading({ ...reading('b', 0), gaps: [gap] })
  tally.observeFailure('c', timeout)
  t.strictSame(Object.fromEntries(tally.counts), { whole: 2, partial: 1, timeout: 1 })
  t.strictSame([...sink.readings.keys()], ['a', 'b'])
  t.strictSame([...sink.failures], [['c', timeout]])
})

void t.test('trouble is what the last try at each node met, and ends with it', async (t) => {
  const tally = new ReadingCounts(memorySink())
  t.equal(tally.trouble, undefined)
  tally.observeFailure('a', timeout)
  tally.observeFailure('a', timeout)
  tally.observeFailure('b', timeout)
  tally.observeReading({ ...reading('c', 0), gaps: [gap] })
  t.strictSame(tally.trouble, { nodes: 3, reasons: { timeout: 2, 'not-reported': 1 }, example: 'no answer in time' })
  tally.observeReading(reading('a', 0))
  tally.observeReading(reading('c', 0))
  t.strictSame(tally.trouble?.reasons, { timeout: 1 })
  tally.forget('b')
  t.equal(tally.trouble, undefined, 'a node that is gone')
})

void t.test('a read that ends after its node has gone is counted, and nobody is troubled by it for ever', async (t) => {
  const sink = memorySink()
  const nodes = new Set(['a', 'b'])
  const tally = new ReadingCounts(sink, (node) => nodes.has(node))
  tally.observeFailure('a', timeout)
  nodes.clear()
  tally.forget('a')
  tally.observeFailure('a', timeout)
  tally.observeReading({ ...reading('b', 0), gaps: [gap] })
  t.equal(tally.trouble, undefined)
  t.strictSame(Object.fromEntries(tally.counts), { timeout: 2, partial: 1 })
  t.strictSame([...sink.failures], [['a', timeout]], 'handed on all the same')
})

void t.test('kubelets that let the runtime count are counted as that', async (t) => {
  const tally = new ReadingCounts(memorySink())
  tally.observeReading({ ...reading('a', 0), gaps: [{ reason: 'cri-stats', detail: 'x' }] })
  t.strictSame(Object.fromEntries(tally.counts), { 'cri-stats': 1 })
  t.strictSame(tally.trouble?.reasons, { 'cri-stats': 1 })
})
