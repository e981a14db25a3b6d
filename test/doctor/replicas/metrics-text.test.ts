import t from 'tap'
import { samplesOf } from '../../../src/doctor/replicas/metrics-text.ts'

const text = `# HELP nodes Nodes, by nodes{known}.
# TYPE nodes gauge
nodes{known="fresh",other="a\\"}b, c"} 3
nodes{known="stale"} 0 1795258523898
nodes{known="unread"} NaN
nodes_total 7
nodes 1.5e3
nodes
`

void t.test('the samples of a metric, and of none whose name only begins so', async (t) => {
  t.strictSame(samplesOf(text, 'nodes'), [
    { labels: { known: 'fresh', other: 'a\\"}b, c' }, value: 3 },
    { labels: { known: 'stale' }, value: 0 },
    { labels: {}, value: 1500 }
  ])
  t.strictSame(samplesOf(text, 'nodes_total'), [{ labels: {}, value: 7 }])
  t.strictSame(samplesOf(text, 'node'), [])
})
