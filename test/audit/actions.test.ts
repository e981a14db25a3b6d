import t from 'tap'
import { actionsOf, urgency } from '../../src/audit/actions.ts'
import type { FoldedFinding } from '../../src/audit/fold.ts'
import { auditRules } from '../../src/rules/index.ts'

function finding(ruleId: string, name: string, change: Partial<FoldedFinding> = {}): FoldedFinding {
  const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name }
  return {
    ruleId,
    level: 'audit',
    reason: 'r',
    detail: name,
    pointer: '/spec',
    object,
    children: 0,
    change: null,
    weight: 0,
    ...change
  }
}

t.test('every rule of an audit has its place in the order', async (t) => {
  t.strictSame(auditRules.map(({ id }) => id).sort(), [...urgency].sort())
})

t.test('the most urgent rule first, one that is not known last', async (t) => {
  const actions = actionsOf(
    ['strange', 'best-effort', 'node-kubepods-drift', 'pod-thread-outlier'].map((id) => finding(id, 'a'))
  )
  t.strictSame(
    actions.map(({ ruleId }) => ruleId),
    ['pod-thread-outlier', 'node-kubepods-drift', 'best-effort', 'strange']
  )
})

t.test('of each rule the worst objects: by level, weight, pods and name', async (t) => {
  const [action] = actionsOf([
    finding('best-effort', 'e'),
    finding('best-effort', 'd', { children: 2 }),
    finding('best-effort', 'c', { weight: 0.5 }),
    finding('best-effort', 'b', { weight: 0.6 }),
    finding('best-effort', 'a', { level: 'warn' }),
    finding('best-effort', 'a', { level: 'audit', pointer: '/other', weight: 9 })
  ])
  t.equal(action?.objects, 5, 'an object counts once')
  t.strictSame(
    action?.examples.map(({ detail }) => detail),
    ['a', 'b', 'c']
  )
})
