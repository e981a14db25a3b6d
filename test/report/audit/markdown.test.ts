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
  const report = { ...fullAudit(), nodes: [{ ...node, free: -1 }, ...others] }
  t.strictSame(renderAuditMarkdown(report).split('\n\n').slice(0, 2), [
    '**Act now: node-a is one burst away from running out of PIDs.**',
    'At the kubepods ceiling, as in incident 000: node-a.'
  ])
})
