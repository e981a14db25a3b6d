import t from 'tap'
import { renderAuditMarkdown } from '../../../src/report/audit/markdown.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

t.test('nothing of an object becomes markup', async (t) => {
  const text = renderAuditMarkdown(fullAudit())
  t.notMatch(text, /(?<!\\)<img(?![^`]*`)/)
  for (const line of text.split('\n').filter((line) => line.startsWith('| '))) t.notMatch(line, /\n/)
})

t.test('a clean report has no tables', async (t) => {
  t.notMatch(renderAuditMarkdown(cleanAudit()), /\|/)
})

t.test('it begins with the verdict: which node is close to which incident', async (t) => {
  const [node, ...others] = fullAudit().nodes
  if (node === undefined) throw new Error('expected a node')
  const beginOf = (more: object) =>
    renderAuditMarkdown({ ...fullAudit(), nodes: [{ ...node, ...more }, ...others] })
      .split('\n\n')
      .slice(0, 2)
  t.strictSame(beginOf({ free: -1, used: 0.99, tightest: 'kubepods' }), [
    '**Act now: node-a is one burst away from running out of PIDs.**',
    'At the kubepods ceiling, where pods fail to fork although the node looks empty: node-a.'
  ])
  t.strictSame(beginOf({ free: -1 }), [
    '**Act now: node-a is short of PIDs by what was promised or set, not by use.**',
    'Promised away: pods may still start more than the policy leaves free, though little is in use: node-a.'
  ])
})

t.test('an action names its worst object and counts the others, from the second on', async (t) => {
  const object = { apiVersion: 'v1', kind: 'Node', namespace: '', name: 'node-a' }
  const lineFor = (objects: number) => {
    const actions = [{ ruleId: 'node-pid-max', objects, examples: [{ object, detail: 'low' }] }]
    return renderAuditMarkdown({ ...fullAudit(), actions })
      .split('\n')
      .find((line) => line.startsWith('1. '))
  }
  t.match(lineFor(1), /node-a: low\. /)
  t.match(lineFor(2), /node-a: low and 1 more\. /)
  t.match(lineFor(3), /node-a: low and 2 more\. /)
})
