import { Registry } from 'prom-client'
import t from 'tap'
import { addTally, DurationHistogram } from '../../../src/server/metrics/cheap-counters.ts'

void t.test('a tally is what it was counted to, however often it is scraped', async (t) => {
  const registry = new Registry()
  const tally = addTally(registry, 'things_total', 'Things.', ['what', 'result'])
  t.equal(await registry.metrics(), '# HELP things_total Things.\n# TYPE things_total counter\n')
  tally.add('a', 'good')
  tally.add('a', 'good')
  tally.add('b', 'bad')
  const expected = [
    '# HELP things_total Things.',
    '# TYPE things_total counter',
    'things_total{what="a",result="good"} 2',
    'things_total{what="b",result="bad"} 1',
    ''
  ].join('\n')
  t.equal(await registry.metrics(), expected)
  t.equal(await registry.metrics(), expected)
})

void t.test('a histogram counts a value in its own bucket and all above, as the text format has it', async (t) => {
  const registry = new Registry()
  const histogram = new DurationHistogram(registry, 'took_seconds', 'Time.', [0.1, 1])
  for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe('mutate', seconds)
  t.equal(
    await registry.metrics(),
    [
      '# HELP took_seconds Time.',
      '# TYPE took_seconds histogram',
      'took_seconds_bucket{le="0.1",webhook="mutate"} 2',
      'took_seconds_bucket{le="1",webhook="mutate"} 3',
      'took_seconds_bucket{le="+Inf",webhook="mutate"} 4',
      'took_seconds_sum{webhook="mutate"} 7.65',
      'took_seconds_count{webhook="mutate"} 4',
      'took_seconds_bucket{le="0.1",webhook="validate"} 0',
      'took_seconds_bucket{le="1",webhook="validate"} 0',
      'took_seconds_bucket{le="+Inf",webhook="validate"} 0',
      'took_seconds_sum{webhook="validate"} 0',
      'took_seconds_count{webhook="validate"} 0',
      ''
    ].join('\n')
  )
})

void t.test('a histogram is a metric among others: it is found, read as JSON, and its name is taken', async (t) => {
  const registry = new Registry()
  const histogram = new DurationHistogram(registry, 'took_seconds', 'Time.', [1])
  t.equal(registry.getSingleMetric('took_seconds') as unknown, histogram)
  const [metric] = await registry.getMetricsAsJSON()
  t.match(metric, { name: 'took_seconds', type: 'histogram', aggregator: 'sum' })
  t.throws(() => new DurationHistogram(registry, 'took_seconds', 'Time.', [1]), /already been registered/)
})
