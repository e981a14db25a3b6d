import t from 'tap'
import { quantileOf, seriesOf } from '../../bench/kwok/expositions.ts'
import type { Result } from '../../bench/kwok/recorder.ts'
import { Sample } from '../../bench/kwok/sample.ts'
import { missedGoals } from '../../bench/kwok/table.ts'
import { drawWorkloads, podsOf } from '../../bench/kwok/workloads.ts'
import { Random } from '../../bench/placement/random.ts'

void t.test('a quantile lies within its bucket, and the last bucket has no end', async (t) => {
  const text = [
    'd_bucket{name="a",le="0.1"} 90',
    'd_bucket{name="a",le="0.2"} 100',
    'd_bucket{name="a",le="+Inf"} 100',
    'd_bucket{name="b",le="0.1"} 0',
    'd_bucket{name="b",le="0.2"} 0',
    'd_bucket{name="b",le="+Inf"} 5',
    'd_count{name="a"} 100'
  ].join('\n')
  t.equal(quantileOf(0.95, 'd', [text], ({ name }) => name === 'a')?.toFixed(3), '0.150')
  t.equal(
    quantileOf(0.5, 'd', [text], ({ name }) => name === 'b'),
    0.2
  )
  t.equal(
    quantileOf(0.5, 'd', [text], ({ name }) => name === 'c'),
    undefined
  )
  t.strictSame(seriesOf('d_count', text), [{ labels: { name: 'a' }, value: 100 }])
})

void t.test('a node is beyond its ceiling one task past it, not at it', async (t) => {
  const sample = new Sample()
  const at = { ceiling: 100, requested: 100, promised: 100, withLeaks: 100, threads: 100 }
  sample.addNode(at)
  t.match(sample, { nodes: 1, requestedBeyond: 0, promisedBeyond: 0, withLeaksBeyond: 0, threadsBeyond: 0 })
  sample.addNode({ ...at, promised: 101, threads: 130 })
  const sum = new Sample()
  sum.add(sample)
  sum.add(sample)
  t.match(sum, { nodes: 4, requestedBeyond: 0, promisedBeyond: 2, threadsBeyond: 2, tasksBeyond: 60 })
})

void t.test('goals: nothing requested beyond with scheduler, a thousandth promised beyond with guard', async (t) => {
  const resultOf = (way: Result['way'], change: Partial<Sample>, failures: readonly string[] = []): Result =>
    ({ way, failures, passedBy: 0, total: Object.assign(new Sample(), { nodes: 1_000 }, change) }) as Result
  t.strictSame(missedGoals(resultOf('guard', { promisedBeyond: 1 })), [])
  t.match(missedGoals(resultOf('guard', { promisedBeyond: 2 })), [/guard: promised beyond/])
  t.strictSame(missedGoals(resultOf('scheduler', { promisedBeyond: 500 })), [])
  t.match(missedGoals(resultOf('scheduler', { requestedBeyond: 1 })), [/scheduler: requested beyond/])
  t.strictSame(missedGoals(resultOf('none', { promisedBeyond: 500 })), [])
  t.strictSame(missedGoals(resultOf('none', {}, ['it broke'])), ['none: it broke'])
})

void t.test('workloads have the pods and the tasks that are asked for, and the same for the same seed', async (t) => {
  const workloads = drawWorkloads(new Random(1), 1_500, 200_000)
  const tasks = workloads.reduce((sum, { replicas, estimate }) => sum + replicas * estimate, 0)
  t.ok(Math.abs(podsOf(workloads) - 1_500) <= 25, 'each workload is rounded')
  t.ok(Math.abs(tasks - 200_000) < 2_000)
  t.strictSame(drawWorkloads(new Random(1), 1_500, 200_000), workloads)
  t.notSame(drawWorkloads(new Random(2), 1_500, 200_000), workloads)
})
