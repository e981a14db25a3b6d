import t from 'tap'
import { hasUnreadNodes, headroomChecks } from '../../src/doctor/headroom-checks.ts'
import { metricsOf, type ReplicaKnows } from '../support/replica-metrics.ts'

function nodes(fresh: number, partial: number, stale: number, unread: number): ReplicaKnows {
  return { nodes: { fresh, partial, stale, unread } }
}

const cases: { name: string; knows: ReplicaKnows | undefined; want: [level: string, found: RegExp][] }[] = [
  { name: 'all is known', knows: {}, want: [['ok', /^caches synced; nodes: 3 fresh, the oldest reading 14 s ago$/]] },
  { name: 'it reads nothing of the cluster', knows: undefined, want: [['info', /PID headroom is not checked/]] },
  { name: 'a cluster without nodes', knows: nodes(0, 0, 0, 0), want: [['info', /no nodes/]] },
  { name: 'one ceiling is not known', knows: nodes(2, 1, 0, 0), want: [['info', /2 fresh, 1 partial/]] },
  { name: 'one unread', knows: nodes(2, 0, 0, 1), want: [['warn', /1 of 3 nodes not known \(1 unread, 0 stale/]] },
  { name: 'one stale', knows: nodes(2, 0, 1, 0), want: [['warn', /1 of 3 nodes not known \(0 unread, 1 stale/]] },
  { name: 'only one, in part', knows: nodes(0, 1, 1, 1), want: [['warn', /2 of 3 nodes not known/]] },
  { name: 'none is known', knows: nodes(0, 0, 1, 2), want: [['error', /3 of 3 nodes not known/]] },
  {
    name: 'and why',
    knows: {
      ...nodes(0, 0, 0, 3),
      readings: [
        ['whole', 4],
        ['partial', 3],
        ['tls', 12],
        ['timeout', 0]
      ]
    },
    want: [['error', /; failed so far: tls 12$/]]
  },
  { name: 'a cache that is not synced', knows: { synced: false }, want: [['warn', /^pods not read .* in full/]] },
  { name: 'silence at the limit', knows: { silence: 180_000 }, want: [['ok', /3 fresh/]] },
  {
    name: 'silence above it',
    knows: { silence: 180_001 },
    want: [['warn', /was not heard: nodes for 180 s, pods for 180 s/]]
  },
  {
    name: 'nodes short of PIDs',
    knows: { belowFloor: 2 },
    want: [
      ['ok', /3 fresh/],
      ['info', /^2 nodes short of PIDs/]
    ]
  }
]
for (const { name, knows, want } of cases) {
  void t.test(`${name}: ${want.map(([level]) => level).join(', ')}`, async (t) => {
    const checks = headroomChecks([{ pod: 'a', text: await metricsOf(knows) }], 'system')
    t.strictSame(
      checks.map(({ level, about }) => [level, about]),
      want.map(([level]) => [level, 'node data of a'])
    )
    for (const [index, [, found]] of want.entries()) t.match(checks[index]?.found, found)
    for (const { level, remedy } of checks) if (level !== 'ok' && level !== 'info') t.ok(remedy, 'what to do')
  })
}

void t.test('nodes that are not known have names, where the cluster was asked for all of them', async (t) => {
  const text = await metricsOf({ ...nodes(1, 0, 0, 1), ages: [{ node: 'b', readAt: 1_790_000_000_000 }] })
  const found = (all?: string[]) => headroomChecks([{ pod: 'a', text }], 'system', all)[0]?.found
  t.match(
    found(['b', 'c']),
    /^1 of 2 nodes not known \(1 unread, 0 stale, the oldest reading 14 s ago\): c never read$/
  )
  t.notMatch(found(), 'never read')
})

void t.test('all Nodes are asked for only where one was never read', async (t) => {
  const all = async (knows: ReplicaKnows | undefined) => [{ pod: 'a', text: await metricsOf(knows) }]
  t.equal(hasUnreadNodes(await all(nodes(1, 1, 1, 0))), false)
  t.equal(hasUnreadNodes(await all(nodes(1, 0, 0, 1))), true)
  t.equal(hasUnreadNodes(await all(undefined)), false)
  t.equal(hasUnreadNodes([{ pod: 'a', failure: 'refused' }]), false)
  t.equal(hasUnreadNodes(undefined), false)
})

void t.test('each replica is told of by itself', async (t) => {
  const replicas = [
    { pod: 'a', text: await metricsOf({}) },
    { pod: 'b', text: await metricsOf(nodes(0, 0, 0, 1)) }
  ]
  t.strictSame(
    headroomChecks(replicas, 'system').map(({ about, level }) => `${level} ${about}`),
    ['ok node data of a', 'error node data of b']
  )
})

void t.test('what cannot be seen is told, and is not fine', async (t) => {
  const whole = await metricsOf({})
  const unknown = [
    [],
    [{ pod: 'a', failure: 'dial tcp 10.0.0.7:8080: connect: connection refused' }],
    [{ pod: 'a', text: '' }],
    [{ pod: 'a', text: '<html>a proxy</html>' }],
    [{ pod: 'a', text: whole.replace(/^pidguard_nodes\{known="stale"\}.*$/m, '') }],
    [{ pod: 'a', text: whole.replace(/^pidguard_nodes\{known="stale"\}.*$/m, 'pidguard_nodes{known="stale"} NaN') }]
  ]
  for (const replicas of unknown) {
    const [check, ...more] = headroomChecks(replicas, 'system')
    t.match(check, { level: 'warn', remedy: /./ })
    t.strictSame(more, [])
  }
  t.strictSame(headroomChecks(undefined, 'system'), [], 'the right that is missing has its own line')
})

void t.test('kubelets that let the container runtime count are named as that', async (t) => {
  const text = await metricsOf({ ...nodes(0, 3, 0, 0), trouble: { 'cri-stats': 3 } })
  const [, check] = headroomChecks([{ pod: 'a', text }], 'system')
  t.match(check, { level: 'warn', found: /^3 nodes let the container runtime count \(PodAndContainerStatsFromCRI\)/ })
  const whole = headroomChecks([{ pod: 'a', text: await metricsOf({ trouble: { timeout: 1 } }) }], 'system')
  t.notOk(whole.some(({ found }) => found.includes('runtime')))
})
