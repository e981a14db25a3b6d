import { objectText, type RuleText, type Unchecked } from '../../../validate-report.ts'
import type { AuditFault, AuditGap, AuditReport } from '../../audit-report.ts'
import { missingOf } from '../../headline.ts'
import { html, type Markup, prose } from '../markup.ts'
import { table } from '../table.ts'
import type { Column } from '../table-data.ts'

const gapColumns: readonly Column<AuditGap>[] = [
  { title: 'Part', kind: 'name', cell: ({ part }) => part },
  { title: 'Why not', kind: 'text', choose: true, cell: ({ reason }) => reason },
  { title: 'What was asked, and what to do', kind: 'text', cell: ({ detail }) => detail },
  { title: 'Nodes', kind: 'text', cell: ({ nodes }) => (nodes === null ? 'as a whole' : String(nodes)) }
]

const uncheckedColumns: readonly Column<Unchecked>[] = [
  { title: 'Rule', kind: 'name', choose: true, cell: ({ ruleId }) => ruleId },
  { title: 'Because', kind: 'text', cell: ({ reason }) => reason },
  { title: 'Objects', kind: 'count', cell: ({ objects }) => objects }
]

const faultColumns: readonly Column<AuditFault>[] = [
  { title: 'Rule', kind: 'name', choose: true, cell: ({ ruleId }) => ruleId },
  { title: 'Mode', kind: 'text', choose: true, cell: ({ mode }) => mode },
  { title: 'Object', kind: 'name', cell: ({ object }) => objectText(object) },
  { title: 'Message', kind: 'text', cell: ({ message }) => message }
]

const noteColumns: readonly Column<string>[] = [{ title: 'Note', kind: 'text', cell: (note) => note }]

/** Of each list; they are short unless something is badly wrong. */
const budget = 50_000

/** What the report cannot tell, and why. */
export function unseen(report: AuditReport): Markup {
  const { gaps, skips, faults, exempted, notes } = report
  return html`<section aria-labelledby="unseen">
<h2 id="unseen">What could not be looked at</h2>
<p>${missingOf(report) === '' ? 'Everything the policy asks for was looked at.' : 'What was not looked at may be wrong all the same: skipped is not passed.'}</p>
${table({ id: 'gaps-table', caption: 'Parts of the cluster that could not be looked at', noun: ['part', 'parts'], columns: gapColumns, rows: gaps, budget })}
${table({ id: 'skips-table', caption: 'Rules that were skipped, for lack of a fact', noun: ['reason', 'reasons'], columns: uncheckedColumns, rows: skips, budget })}
${table({ id: 'faults-table', caption: 'Rules that failed', noun: ['failure', 'failures'], columns: faultColumns, rows: faults, budget })}
${table({ id: 'exempted-table', caption: 'Exemptions of the policy', noun: ['exemption', 'exemptions'], columns: uncheckedColumns, rows: exempted, budget })}
${notes.length > 0 ? table({ id: 'notes-table', caption: 'Notes', noun: ['note', 'notes'], columns: noteColumns, rows: notes, budget }) : undefined}
</section>`
}

/** The words of every rule that was asked. */
export function ruleTexts(rules: readonly RuleText[]): Markup {
  return html`<section aria-labelledby="rules">
<h2 id="rules">What the rules say</h2>
${rules.map(
  ({ id, title, why, remedy }) => html`<details><summary><b>${title}</b> <code>${id}</code></summary>
<p>${prose(why)}</p>
<p><b>What to do:</b> ${prose(remedy)}</p></details>
`
)}</section>`
}
