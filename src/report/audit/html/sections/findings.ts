import {
  type AuditFinding,
  type AuditLevel,
  type AuditReport,
  auditLevels,
  type LevelCounts
} from '../../audit-report.ts'
import { totalOf } from '../../headline.ts'
import { type BarGroup, bars } from '../bar-chart.ts'
import { levelWords } from '../cells.ts'
import { type Child, html, type Markup } from '../markup.ts'
import { counted, grouped } from '../number-text.ts'
import { table } from '../table.ts'
import type { Column } from '../table-data.ts'

/** Namespaces that are drawn. Own choice; the table has all. */
const mostNamespaces = 15

/** What belongs to no namespace. */
const none = '(none)'

export const findingColumns: readonly Column<AuditFinding>[] = [
  { title: 'Object', kind: 'name', cell: ({ object }) => object.name },
  { title: 'Kind', kind: 'text', choose: true, cell: ({ object }) => object.kind },
  { title: 'Namespace', kind: 'name', cell: ({ object }) => object.namespace || none },
  { title: 'Level', kind: 'level', choose: true, cell: ({ level }) => level },
  { title: 'Rule', kind: 'text', choose: true, cell: ({ ruleId }) => ruleId },
  { title: 'Found', kind: 'text', cell: ({ reason }) => reason },
  { title: 'Values', kind: 'text', cell: ({ detail }) => detail },
  { title: 'Field', kind: 'name', cell: ({ pointer }) => pointer },
  { title: 'Pods', kind: 'count', cell: ({ children }) => children }
]

const sinceColumn: Column<AuditFinding> = {
  title: 'Since',
  kind: 'text',
  choose: true,
  cell: ({ change }) => change
}

/** Shown where a finding has a remedy of its own; those of rules are at the end of the page. */
const remedyColumn: Column<AuditFinding> = {
  title: 'What to do',
  kind: 'text',
  cell: ({ remedy }) => remedy ?? 'as the rule says'
}

const levelMeanings: Readonly<Record<AuditLevel, string>> = {
  deny: 'pidguard would refuse the object if it were written now.',
  warn: 'it would be let in, with a warning.',
  change: 'pidguard would fix the object when it is written again; until then it stays as it is.',
  audit: 'nothing would happen to the object; the finding is only recorded.'
}

export function findings(report: AuditReport): Markup {
  const { summary } = report
  return html`<section aria-labelledby="findings">
<h2 id="findings">Findings</h2>
<p>The findings of a controller and its pods stand here once, with the count of the pods.</p>
<dl class="levels">${auditLevels.map(
    (level) =>
      html`<div><dt class="l-${level}"><bdi>${levelWords[level]}</bdi></dt><dd>${levelMeanings[level]}</dd></div>`
  )}</dl>
<div class="pair">
<figure><figcaption>Findings by rule</figcaption>
${legend()}
${bars(stacked(summary.byRule.map((counts) => ({ counts, label: ruleLabel(counts.ruleId) }))))}
</figure>
<figure><figcaption>Findings by namespace</figcaption>
${legend()}
${byNamespace(summary.byNamespace)}
</figure>
</div>
${table({
  id: 'findings-table',
  caption: 'Every finding',
  noun: ['finding', 'findings'],
  columns: [
    ...findingColumns,
    ...(report.findings.some(({ remedy }) => remedy !== undefined) ? [remedyColumn] : []),
    ...(report.since === null ? [] : [sinceColumn])
  ],
  rows: report.findings,
  budget: 1_900_000,
  groupOf: ({ ruleId }) => ruleId,
  group: 'rule'
})}
${table({
  id: 'namespaces-table',
  caption: 'Findings of each namespace',
  noun: ['namespace', 'namespaces'],
  columns: namespaceColumns,
  rows: summary.byNamespace,
  budget: 450_000
})}
</section>`
}

type NamespaceCounts = AuditReport['summary']['byNamespace'][number]

const namespaceColumns: readonly Column<NamespaceCounts>[] = [
  { title: 'Namespace', kind: 'name', cell: ({ namespace }) => namespace || none },
  { title: 'Findings', kind: 'count', cell: totalOf },
  ...auditLevels.map(
    (level): Column<NamespaceCounts> => ({
      title: levelWords[level] ?? level,
      kind: 'count',
      cell: (counts) => counts[level]
    })
  )
]

function ruleLabel(ruleId: string): Markup {
  return html`<a href="#findings" data-show="findings-table" data-column="Rule" data-value="${ruleId}">${ruleId}</a>`
}

/** Without findings of nodes: there is one for each node, which would leave no room for the others. */
function byNamespace(namespaces: readonly NamespaceCounts[]): Markup {
  const without = namespaces.find(({ namespace }) => namespace === '')
  const most = namespaces.filter((one) => one !== without).toSorted((a, b) => totalOf(b) - totalOf(a))
  const drawn = most.slice(0, mostNamespaces)
  const left = most.slice(mostNamespaces)
  const rest = left.reduce((sum, counts) => sum + totalOf(counts), 0)
  return html`${bars(stacked(drawn.map((counts) => ({ counts, label: html`<bdi>${counts.namespace}</bdi>` }))))}
${left.length > 0 ? html`<p class="more">and ${counted(left.length, 'more namespace')} with ${counted(rest, 'finding')}, in the table below.</p>` : undefined}
${without === undefined ? undefined : html`<p class="more">${counted(totalOf(without), 'finding')} of objects without a namespace, such as nodes.</p>`}`
}

function stacked(rows: readonly { readonly counts: LevelCounts; readonly label: Child }[]): BarGroup[] {
  const most = Math.max(1, ...rows.map(({ counts }) => totalOf(counts)))
  return rows.map(({ counts, label }) => ({
    label,
    bars: [
      {
        value: grouped(totalOf(counts)),
        segments: auditLevels.map((level) => ({ share: counts[level] / most, look: level }))
      }
    ]
  }))
}

function legend(): Markup {
  return html`<p class="legend">${auditLevels.map(
    (level) => html`<svg class="key" aria-hidden="true"><rect class="f-${level}"/></svg> ${levelWords[level]} `
  )}</p>`
}
