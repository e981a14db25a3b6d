import t from 'tap'
import type { AuditNode } from '../../../src/report/audit/audit-fleet.ts'
import type { AuditReport } from '../../../src/report/audit/audit-report.ts'
import { fullestCeiling, fullestNode, missingOf, verdictOf } from '../../../src/report/audit/headline.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

/** A clean cluster of one node. */
function oneNode(change: Partial<AuditNode> = {}): AuditReport {
  const [node] = fullAudit().nodes
  if (node === undefined) throw new Error('expected a node')
  const clean = cleanAudit()
  return { ...clean, summary: { ...clean.summary, nodes: 1, nodesRead: 1 }, nodes: [{ ...node, ...change }] }
}

const noLevels = { deny: 0, warn: 0, change: 0, audit: 0 }

void t.test('a cluster without findings is fine only when its nodes were read', async (t) => {
  t.equal(verdictOf(oneNode()).tone, 'good')
  t.equal(verdictOf(cleanAudit()).tone, 'unsure')
  t.match(verdictOf(cleanAudit()).headline, 'nodes were not looked at')
  t.match(verdictOf(cleanAudit()).details, ['No node was looked at.'])
})

void t.test('what was left out is never called fine', async (t) => {
  const { gaps, skips, faults } = fullAudit()
  for (const part of [{ gaps }, { skips }, { faults }]) {
    const verdict = verdictOf({ ...oneNode(), ...part })
    t.equal(verdict.tone, 'unsure')
    t.match(verdict.details.join(' '), 'Not complete: ')
  }
  const { summary, ...report } = oneNode()
  t.equal(verdictOf({ ...report, summary: { ...summary, nodes: 2 } }).tone, 'unsure')
})

void t.test('a node is short of PIDs below its floor, nearly full, or by the word of its kubelet', async (t) => {
  const cases: readonly (readonly [Partial<AuditNode>, boolean])[] = [
    [{ free: 0 }, false],
    [{ free: -1 }, true],
    [{ free: 'unlimited' }, false],
    [{ used: 0.899, free: null }, false],
    [{ used: 0.9, free: null }, true],
    [{ pidPressure: null }, false],
    [{ pidPressure: true }, true]
  ]
  for (const [change, isShort] of cases) {
    const { tone, headline } = verdictOf(oneNode(change))
    t.equal(tone === 'bad', isShort, JSON.stringify(change))
    if (isShort) t.match(headline, /^Act now: node-a is (one burst away|short of PIDs by what was promised or set)/)
  }
})

void t.test('several nodes are counted', async (t) => {
  const { nodes, ...report } = oneNode({ free: -1, committed: null })
  t.match(verdictOf({ ...report, nodes: [...nodes, ...nodes] }).headline, 'Act now: 2 nodes are')
})

void t.test('findings are told with what is known of the nodes', async (t) => {
  const { summary, ...report } = oneNode()
  const of = (change: Partial<AuditReport['summary']>) =>
    verdictOf({ ...report, summary: { ...summary, levels: { ...noLevels, deny: 1 }, ...change } })
  t.equal(of({}).headline, 'One thing is wrong. Begin with number 1 below.')
  t.equal(of({ levels: { ...noLevels, audit: 1200 } }).headline, '1,200 things are wrong. Begin with number 1 below.')
  t.equal(of({}).details[1], 'No node was over 90% of a ceiling or below its floor at that moment.')
  t.match(of({ nodes: 3 }).details[1], 'Of the 1 of 3 nodes that could be read, none was over 90%')
  t.equal(of({ nodesRead: 0 }).details[1], 'What the nodes use is not known.')
})

void t.test('what is missing is listed', async (t) => {
  t.equal(
    missingOf(fullAudit()),
    '2 parts of the cluster could not be looked at, 1 node could not be read, 1 rule skipped, 1 failed rule'
  )
  t.equal(missingOf(oneNode()), '')
})

void t.test('the fullest ceiling is the one with the greater share in use, whichever has the least free', async (t) => {
  const tight = oneNode({
    host: { limit: 36_000, inUse: 29_000 },
    kubepods: { limit: 12_000, inUse: 8_000 },
    tightest: 'kubepods',
    used: 29_000 / 36_000
  })
  t.equal(verdictOf(tight).details[0], 'Fullest node: node-a, 29,000 of 36,000 (80%) of its node ceiling in use.')
  const cases = [
    { host: { limit: 100, inUse: 50 }, kubepods: { limit: 100, inUse: 50 }, want: 'node' },
    { host: { limit: 100, inUse: 50 }, kubepods: { limit: 100, inUse: 51 }, want: 'kubepods' },
    { host: { limit: 100, inUse: 50 }, kubepods: { limit: 'unlimited', inUse: 90 }, want: 'node' },
    { host: { limit: 100, inUse: 50 }, kubepods: { limit: 0, inUse: 0 }, want: 'kubepods' },
    { host: { limit: 100, inUse: 50 }, kubepods: { limit: null, inUse: 90 }, want: 'node' },
    { host: { limit: 100, inUse: null }, kubepods: { limit: 100, inUse: 5 }, want: 'kubepods' },
    { host: { limit: null, inUse: null }, kubepods: { limit: null, inUse: 5 }, want: null }
  ] as const
  for (const { want, ...change } of cases) {
    const { nodes } = oneNode(change)
    t.strictSame(nodes.map(fullestCeiling), [want], JSON.stringify(change))
    t.equal(fullestNode(nodes)?.[1] ?? null, want)
  }
})

void t.test('nodes that are short are named with the incident they are close to, three of each at most', async (t) => {
  const cases: readonly (readonly [Partial<AuditNode>, string[]])[] = [
    [{}, []],
    [
      { pidPressure: true },
      ['Under PIDPressure with room left, where the kubelet evicts pods and takes no new ones: node-a.']
    ],
    [
      { free: -1, tightest: 'kubepods', committed: 10_000, floor: 10 },
      ['Promised away: pods may still start more than the policy leaves free, though little is in use: node-a.']
    ],
    [
      { free: -1, tightest: 'kubepods', committed: null },
      ['At the kubepods ceiling, where pods fail to fork although the node looks empty: node-a.']
    ],
    [
      { free: -1, tightest: 'node', committed: null },
      ['At the node ceiling, where nothing can start any more, not even a login: node-a.']
    ],
    [
      { used: 0.95, kubepods: { limit: 100, inUse: 95 }, pidPressure: true, tightest: 'node' },
      ['At the kubepods ceiling, where pods fail to fork although the node looks empty: node-a.']
    ]
  ]
  for (const [change, want] of cases) t.strictSame(verdictOf(oneNode(change)).situations, want, JSON.stringify(change))
  const { nodes, ...report } = oneNode({ free: -1, committed: null })
  const many = (count: number) =>
    verdictOf({
      ...report,
      nodes: Array.from({ length: count }, (_, at) => ({ ...(nodes[0] as AuditNode), node: `n${at}` }))
    }).situations
  t.strictSame(many(3), ['At the kubepods ceiling, where pods fail to fork although the node looks empty: n0, n1, n2.'])
  t.strictSame(many(4), [
    'At the kubepods ceiling, where pods fail to fork although the node looks empty: n0, n1, n2 and 1 more.'
  ])
})
