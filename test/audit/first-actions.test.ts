import t from 'tap'
import type { FindingOfOwner } from '../../src/audit/findings-by-owner.ts'
import { actionsOf, urgency } from '../../src/audit/first-actions.ts'
import type { AuditNode } from '../../src/report/audit/audit-fleet.ts'
import { auditRules } from '../../src/rules/index.ts'
import { auditFinding, fullAudit } from '../support/audits.ts'

function finding(ruleId: string, name: string, change: Partial<FindingOfOwner> = {}): FindingOfOwner {
  const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name }
  return { ...auditFinding({ ruleId, level: 'audit', detail: name, object }), weight: 0, ...change }
}

t.test('every rule of an audit has its place in the order', async (t) => {
  t.strictSame(auditRules.map(({ id }) => id).sort(), [...urgency].sort())
})

t.test('the most urgent rule first, one that is not known last', async (t) => {
  const actions = actionsOf(
    ['strange', 'best-effort', 'node-kubepods-drift', 'pod-thread-outlier'].map((id) => finding(id, 'a')),
    [],
    0.8
  )
  t.strictSame(
    actions.map(({ ruleId }) => ruleId),
    ['pod-thread-outlier', 'node-kubepods-drift', 'best-effort', 'strange']
  )
})

t.test('of each rule the worst objects: by level, weight, pods and name', async (t) => {
  const found = [
    finding('best-effort', 'e'),
    finding('best-effort', 'd', { children: 2 }),
    finding('best-effort', 'c', { weight: 0.5 }),
    finding('best-effort', 'b', { weight: 0.6 }),
    finding('best-effort', 'a', { level: 'warn' }),
    finding('best-effort', 'a', { level: 'audit', pointer: '/other', weight: 9 })
  ]
  const [action] = actionsOf(found, [], 0.8)
  t.equal(action?.objects, 5, 'an object counts once')
  t.strictSame(
    action?.examples.map(({ detail }) => detail),
    ['a', 'b', 'c']
  )
})

t.test('findings of one rule with another remedy are an action of their own', async (t) => {
  const found = [
    finding('calico-iptables-backend', 'a'),
    finding('calico-iptables-backend', 'b', { remedy: 'Ask the operator.' }),
    finding('calico-iptables-backend', 'c', { remedy: 'Ask the operator.' })
  ]
  t.match(actionsOf(found, [], 0.8), [
    { ruleId: 'calico-iptables-backend', objects: 1 },
    { ruleId: 'calico-iptables-backend', remedy: 'Ask the operator.', objects: 2 }
  ])
})

const leak = { namespace: 'shop', kind: 'Deployment', name: 'leak', pids: 120_000, pods: 5 }

function heldBy({ pids, ...workload }: typeof leak): AuditNode['holders'][number] {
  return { place: 'workload', workload: { ...workload, terminating: 0 }, cgroup: null, pids }
}

const noHolder = { holders: [], workloads: 0, biggestWorkload: null }

/** Half full, with room, and most of it held by Deployment shop/leak. */
function nodeRow(node: string, change: Partial<AuditNode> = {}): AuditNode {
  const [row] = fullAudit().nodes
  if (row === undefined) throw new Error('expected a node')
  const holders = [heldBy(leak)]
  return { ...row, node, used: 0.5, free: 100, pidPressure: false, biggestWorkload: leak, holders, ...change }
}

function nodeFinding(ruleId: string, name: string, change: Partial<FindingOfOwner> = {}): FindingOfOwner {
  return finding(ruleId, name, { object: { apiVersion: 'v1', kind: 'Node', namespace: '', name }, ...change })
}

function ownedFinding(kind: string, name: string): FindingOfOwner {
  return finding('pod-thread-outlier', name, { object: { apiVersion: 'apps/v1', kind, namespace: 'shop', name } })
}

t.test('what helps a node that is short now comes first, and names who holds its PIDs', async (t) => {
  const actions = actionsOf(
    [
      ownedFinding('StatefulSet', 'db'),
      nodeFinding('node-kubepods-drift', 'batch-1'),
      nodeFinding('node-pid-eviction', 'web-1'),
      nodeFinding('node-pid-pressure', 'web-1'),
      nodeFinding('node-pid-usage', 'web-1'),
      finding('calico-iptables-backend', 'calico-node')
    ],
    [nodeRow('web-1', { used: 0.99, free: -1, pidPressure: true }), nodeRow('batch-1', noHolder)],
    0.8
  )
  const holder = 'Deployment shop/leak holds 120000 PIDs in 5 pods; web-1'
  t.strictSame(
    actions.map(({ ruleId, examples }) => [ruleId, examples[0]?.detail]),
    [
      ['node-pid-pressure', holder],
      ['node-pid-usage', holder],
      ['pod-thread-outlier', 'db'],
      ['node-kubepods-drift', 'batch-1'],
      ['calico-iptables-backend', 'calico-node'],
      ['node-pid-eviction', 'web-1']
    ]
  )
})

t.test('an outlier comes first only where it holds a share worth naming of a node that is short', async (t) => {
  const of = (change: Partial<AuditNode>) =>
    actionsOf(
      [ownedFinding('StatefulSet', 'db'), ownedFinding('Deployment', 'leak'), nodeFinding('node-pid-usage', 'web-1')],
      [nodeRow('web-1', change), nodeRow('web-2', { used: 0.85 })],
      0.8
    ).map(({ ruleId, examples }) => [ruleId, examples[0]?.detail])
  t.strictSame(of({ used: 0.9 })[0], ['pod-thread-outlier', 'holds 120000 PIDs in 5 pods on web-1; leak'])
  t.strictSame(of({ used: 0.5 })[0], ['pod-thread-outlier', 'holds 120000 PIDs in 5 pods on web-2; leak'])
  const other = actionsOf(
    [ownedFinding('StatefulSet', 'db'), nodeFinding('node-pid-usage', 'web-1')],
    [nodeRow('web-1', { used: 0.9 })],
    0.8
  )
  t.strictSame(
    other.map(({ ruleId }) => ruleId),
    ['node-pid-usage', 'pod-thread-outlier']
  )
})

t.test(
  'a node is short from the usage of the policy on, below its floor, or under pressure; it is told once',
  async (t) => {
    const cases: readonly (readonly [Partial<AuditNode>, string | undefined])[] = [
      [{ used: 0.699 }, undefined],
      [{ used: 0.7 }, '70% of a ceiling is in use'],
      [{ used: null, free: null }, undefined],
      [{ free: 0 }, undefined],
      [{ free: -300 }, 'in use and promised are 300 PIDs of what the policy keeps free'],
      [{ pidPressure: null }, undefined],
      [{ pidPressure: true }, 'condition PIDPressure is True']
    ]
    for (const [change, want] of cases) {
      const nodes = [nodeRow('web-1', { ...noHolder, age: null, ...change })]
      const object = { apiVersion: 'v1', kind: 'Node', namespace: '', name: 'web-1' }
      const action = { ruleId: 'node-pid-usage', objects: 1, examples: [{ object, detail: want }] }
      t.strictSame(actionsOf([], nodes, 0.7), want === undefined ? [] : [action], JSON.stringify(change))
      const told = actionsOf([nodeFinding('node-pid-pressure', 'web-1')], nodes, 0.7)
      t.strictSame(
        told.map(({ ruleId }) => ruleId),
        ['node-pid-pressure']
      )
    }
  }
)

t.test('the node that is short is the first example, however much worse the rule finds another', async (t) => {
  const drift = ['batch-1', 'batch-2', 'batch-3', 'web-1'].map((name, at) =>
    nodeFinding('node-kubepods-drift', name, { weight: -at, level: name === 'web-1' ? 'audit' : 'warn' })
  )
  const [action] = actionsOf([...drift, nodeFinding('node-pid-usage', 'web-1')], [nodeRow('web-1', { free: -1 })], 0.8)
  t.match(action, { ruleId: 'node-kubepods-drift', objects: 4, examples: [{ object: { name: 'web-1' } }, {}, {}] })
})
