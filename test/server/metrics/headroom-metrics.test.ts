import { Registry } from 'prom-client'
import t from 'tap'
import type { CacheState } from '../../../src/ports/cluster-cache.ts'
import { addHeadroomMetrics, type HeadroomStatus } from '../../../src/server/metrics/headroom-metrics.ts'
import { fakeClock } from '../../support/fakes.ts'

const state: CacheState = { synced: true, contactAt: 1_000, lists: 2, failures: 3 }

const known: HeadroomStatus = {
  source: 'kubelet',
  caches: [
    { resource: 'nodes', cache: { size: 7, state } },
    { resource: 'pods', cache: { size: 0, state: { synced: false, contactAt: undefined, lists: 0, failures: 1 } } }
  ],
  readings: new Map([
    ['whole', 5],
    ['timeout', 2]
  ]),
  trouble: { 'cri-stats': 2 },
  census: {
    nodes: { fresh: 3, partial: 0, stale: 1, unread: 2 },
    belowFloor: 1,
    oldestReading: 61_000,
    tightest: [
      {
        node: 'n1',
        ceilings: [
          { ceiling: 'kubepods', limit: 1500, inUse: 1300, committed: 1370, floor: 150, free: -20 },
          { ceiling: 'node', limit: 32_768, inUse: 1500, committed: 1570, floor: 3277, free: 27_921 }
        ]
      }
    ],
    ages: [
      { node: 'n2', readAt: 1_795_000_000_000 },
      { node: 'n1', readAt: 1_795_000_060_500 }
    ]
  },
  nearLimits: { calico: 1, pod: 3, unit: 2, unknownNodes: 4 },
  reservations: { admitted: 4, bindings: 1 },
  waiting: { pods: 6, pids: 300 }
}

function metrics(first: HeadroomStatus | undefined) {
  const clock = fakeClock()
  const registry = new Registry()
  const held = { status: first, asked: 0 }
  addHeadroomMetrics(registry, clock, () => {
    held.asked++
    return held.status
  })
  return {
    clock,
    held,
    samples: async () => (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  }
}

void t.test('every figure is told under labels from closed sets', async (t) => {
  const { clock, samples, held } = metrics(known)
  clock.advance(5_000)
  t.strictSame(await samples(), [
    'pidguard_cache_synced{resource="nodes"} 1',
    'pidguard_cache_synced{resource="pods"} 0',
    'pidguard_cache_objects{resource="nodes"} 7',
    'pidguard_cache_objects{resource="pods"} 0',
    'pidguard_cache_silence_seconds{resource="nodes"} 4',
    'pidguard_cache_lists_total{resource="nodes"} 2',
    'pidguard_cache_lists_total{resource="pods"} 0',
    'pidguard_cache_failures_total{resource="nodes"} 3',
    'pidguard_cache_failures_total{resource="pods"} 1',
    'pidguard_node_readings_total{source="kubelet",result="whole"} 5',
    'pidguard_node_readings_total{source="kubelet",result="timeout"} 2',
    'pidguard_nodes{known="fresh"} 3',
    'pidguard_nodes{known="partial"} 0',
    'pidguard_nodes{known="stale"} 1',
    'pidguard_nodes{known="unread"} 2',
    'pidguard_troubled_nodes{reason="cri-stats"} 2',
    'pidguard_oldest_reading_age_seconds 61',
    'pidguard_nodes_below_floor 1',
    'pidguard_node_pids{node="n1",ceiling="kubepods"} 1300',
    'pidguard_node_pids{node="n1",ceiling="node"} 1500',
    'pidguard_node_limit_pids{node="n1",ceiling="kubepods"} 1500',
    'pidguard_node_limit_pids{node="n1",ceiling="node"} 32768',
    'pidguard_node_floor_pids{node="n1",ceiling="kubepods"} 150',
    'pidguard_node_floor_pids{node="n1",ceiling="node"} 3277',
    'pidguard_node_free_pids{node="n1",ceiling="kubepods"} -20',
    'pidguard_node_free_pids{node="n1",ceiling="node"} 27921',
    'pidguard_node_reading_timestamp_seconds{node="n2"} 1795000000',
    'pidguard_node_reading_timestamp_seconds{node="n1"} 1795000060.5',
    'pidguard_near_limits{of="calico"} 1',
    'pidguard_near_limits{of="pod"} 3',
    'pidguard_near_limits{of="unit"} 2',
    'pidguard_nodes_limits_unknown 4',
    'pidguard_reservations{what="admitted"} 4',
    'pidguard_reservations{what="binding"} 1',
    'pidguard_waiting_pods 6',
    'pidguard_waiting_pids 300'
  ])
  t.equal(held.asked, 1, 'the fleet is gone over once a scrape')
})

void t.test('the next scrape sees what is then: no node of before, no sum of both', async (t) => {
  const { clock, samples, held } = metrics(known)
  await samples()
  held.status = { ...known, readings: new Map([['whole', 9]]), census: { ...known.census, tightest: [], ages: [] } }
  clock.advance(1_000)
  const text = (await samples()).join('\n')
  t.match(text, 'pidguard_node_readings_total{source="kubelet",result="whole"} 9')
  t.notMatch(text, /timeout|n1/)
})

void t.test('what is not known has no sample: unknown is not 0', async (t) => {
  const { clock, samples, held } = metrics(undefined)
  t.strictSame(await samples(), [])
  held.status = { ...known, census: { ...known.census, oldestReading: undefined } }
  clock.advance(1_000)
  t.notMatch((await samples()).join('\n'), 'pidguard_oldest_reading_age_seconds')
})
