import t from 'tap'
import { mostNamed, namesOfUnknown } from '../../src/doctor/unknown-nodes.ts'
import { metricsOf } from '../support/replica-metrics.ts'

/** Milliseconds; when a node was read, by a replica whose clock says `now`. */
type Readings = Readonly<Record<string, number>>
const now = 1_790_000_000_000

async function shownBy(readings: Readings): Promise<string> {
  const ages = Object.entries(readings).map(([node, age]) => ({ node, readAt: now - age }))
  return metricsOf({ ages, oldestReading: Math.max(...Object.values(readings)) })
}

const cases: {
  name: string
  readings: Readings
  counts: { stale: number; unread: number; read: number }
  all?: string[]
  want: string
}[] = [
  { name: 'all are known', readings: { a: 9_000 }, counts: { stale: 0, unread: 0, read: 1 }, all: ['a'], want: '' },
  {
    name: 'stale ones by their age, the oldest first',
    readings: { a: 61_000, b: 14_000, c: 300_400 },
    counts: { stale: 2, unread: 0, read: 3 },
    want: 'c read 300 s ago, a read 61 s ago'
  },
  {
    name: 'a node without a reading was never read',
    readings: { a: 61_000, b: 14_000 },
    counts: { stale: 1, unread: 1, read: 2 },
    all: ['a', 'b', 'c'],
    want: 'a read 61 s ago, c never read'
  },
  {
    name: 'who may not list Nodes has no name for it, but a count',
    readings: { a: 61_000 },
    counts: { stale: 1, unread: 2, read: 1 },
    want: 'a read 61 s ago and 2 more'
  },
  {
    name: 'a fleet of which not every reading is told of: a node without one may have been read',
    readings: { a: 61_000 },
    counts: { stale: 1, unread: 1, read: 2 },
    all: ['a', 'b', 'c'],
    want: 'a read 61 s ago and 1 more'
  },
  {
    name: 'nothing but counts, nothing named',
    readings: { a: 61_000 },
    counts: { stale: 0, unread: 1, read: 2 },
    want: ''
  }
]
for (const { name, readings, counts, all, want } of cases) {
  void t.test(name, async (t) => {
    t.equal(namesOfUnknown(await shownBy(readings), counts, all), want)
  })
}

void t.test('as many as are named at most, and one more', async (t) => {
  const all = Array.from({ length: mostNamed + 1 }, (_, index) => `n${index}`)
  const text = await metricsOf({ oldestReading: undefined })
  const named = (count: number) => namesOfUnknown(text, { stale: 0, unread: count, read: 0 }, all.slice(0, count))
  t.notMatch(named(mostNamed), 'more')
  t.match(named(mostNamed + 1), /n4 never read and 1 more$/)
})

void t.test('a version that does not say when it read a node names none', async (t) => {
  t.equal(namesOfUnknown('pidguard_nodes{known="stale"} 1\n', { stale: 1, unread: 0, read: 1 }), '')
})

void t.test(
  'a replica that does not tell the age of the oldest: too long ago, which is all that is known',
  async (t) => {
    const text = 'pidguard_node_reading_timestamp_seconds{node="a"} 1790000000\n'
    t.equal(namesOfUnknown(text, { stale: 1, unread: 0, read: 1 }), 'a read too long ago')
  }
)
