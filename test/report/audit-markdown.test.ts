import t from 'tap'
import { renderAuditMarkdown } from '../../src/report/audit-markdown.ts'
import { cleanAudit, fullAudit } from '../support/audits.ts'

t.test('nothing of an object becomes markup', async (t) => {
  const text = renderAuditMarkdown(fullAudit())
  t.notMatch(text, /(?<!\\)<img(?![^`]*`)/)
  for (const line of text.split('\n').filter((line) => line.startsWith('| '))) t.notMatch(line, /\n/)
})

t.test('a clean report has no tables', async (t) => {
  t.notMatch(renderAuditMarkdown(cleanAudit()), /\|/)
})
