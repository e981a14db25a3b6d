import { percentText } from '../../../../lib/percent.ts'
import { type AuditReport, type AuditSince, auditLevels } from '../../audit-report.ts'
import { totalOf } from '../../headline.ts'
import { type BarGroup, bars } from '../bar-chart.ts'
import { levelWords, toneOf } from '../cells.ts'
import { html, type Markup } from '../markup.ts'
import { counted, grouped } from '../number-text.ts'
import { table } from '../table.ts'
import { findingColumns } from './findings.ts'

/** Nodes whose change is drawn. Own choice. */
const mostNodes = 10

/** What changed since the earlier report, before and after. */
export function since(report: AuditReport): Markup | undefined {
  const { since: earlier, summary } = report
  if (earlier === null) return undefined
  const most = Math.max(1, ...auditLevels.map((level) => Math.max(earlier.levels[level], summary.levels[level])))
  return html`<section aria-labelledby="since">
<h2 id="since">What changed since ${earlier.takenAt.slice(0, 16).replace('T', ' ')} UTC</h2>
<p>${counted(earlier.new, 'new finding')}, ${grouped(earlier.fixed.length)} fixed, ${grouped(earlier.unchanged)} unchanged${
    earlier.unknown > 0
      ? html`, and ${grouped(earlier.unknown)} unknown, because this audit could not check them`
      : undefined
  }.</p>
<div class="pair">
<figure>
<figcaption>Findings before (${grouped(totalOf(earlier.levels))}) and after (${grouped(totalOf(summary.levels))})</figcaption>
${bars(
  auditLevels.map((level) => ({
    label: levelWords[level],
    bars: [
      bar('before', earlier.levels[level], most, `${level} before`),
      bar('after', summary.levels[level], most, level)
    ]
  }))
)}
</figure>
<figure>
<figcaption>Findings by rule: new, unchanged and fixed</figcaption>
${bars(byRule(report, earlier))}
</figure>
</div>
${nodesSince(report, earlier)}
${table({
  id: 'fixed-table',
  caption: 'Findings of the earlier report that are fixed',
  noun: ['fixed finding', 'fixed findings'],
  columns: findingColumns.filter(({ title }) => title !== 'Since'),
  rows: earlier.fixed,
  budget: 300_000,
  groupOf: ({ ruleId }) => ruleId,
  group: 'rule'
})}
</section>`
}

function bar(name: string, count: number, most: number, look: string) {
  return { name, value: grouped(count), segments: [{ share: count / most, look }] }
}

function byRule({ findings }: AuditReport, { fixed }: AuditSince): BarGroup[] {
  const rules = new Map<string, { fresh: number; same: number; fixed: number }>()
  const of = (ruleId: string) => {
    const held = rules.get(ruleId) ?? { fresh: 0, same: 0, fixed: 0 }
    rules.set(ruleId, held)
    return held
  }
  for (const { ruleId, change } of findings) of(ruleId)[change === 'new' ? 'fresh' : 'same']++
  for (const { ruleId } of fixed) of(ruleId).fixed++
  const groups = [...rules].toSorted(([, a], [, b]) => b.fresh - a.fresh || b.fixed - a.fixed || b.same - a.same)
  const most = Math.max(1, ...groups.map(([, { fresh, same, fixed: gone }]) => fresh + same + gone))
  return groups.map(([ruleId, { fresh, same, fixed: gone }]) => ({
    label: ruleId,
    bars: [
      {
        value: `${grouped(fresh)} new, ${grouped(same)} unchanged, ${grouped(gone)} fixed`,
        segments: [
          { share: fresh / most, look: 'new' },
          { share: same / most, look: 'same' },
          { share: gone / most, look: 'fixed' }
        ]
      }
    ]
  }))
}

/** The nodes whose use changed most, and how many cannot be compared. */
function nodesSince({ nodes }: AuditReport, earlier: AuditSince): Markup {
  const then = new Map(earlier.nodes.map(({ node, used }) => [node, used]))
  const both = nodes.flatMap(({ node, used }) => {
    const before = then.get(node) ?? null
    return used === null || before === null ? [] : [{ node, before, after: used }]
  })
  const moved = both
    .filter(({ before, after }) => Math.abs(after - before) >= 0.005)
    .toSorted((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
  const drawn = moved.slice(0, mostNodes)
  const gone = earlier.nodes.length - nodes.filter(({ node }) => then.has(node)).length
  const added = nodes.filter(({ node }) => !then.has(node)).length
  const untold = nodes.length - added - both.length
  return html`<figure>
<figcaption>Nodes whose share in use changed most, before and after</figcaption>
${bars(
  drawn.map(({ node, before, after }) => ({
    label: html`<bdi>${node}</bdi>`,
    bars: [
      { name: 'before', value: percentText(before), segments: [{ share: before, look: 'before' }] },
      { name: 'after', value: percentText(after), segments: [{ share: after, look: toneOf(after) || 'use' }] }
    ]
  }))
)}
<p class="more">${both.length > moved.length ? `${counted(both.length - moved.length, 'node')} changed by less than half a percent.` : undefined}
${moved.length > drawn.length ? `${counted(moved.length - drawn.length, 'more node')} changed less than these.` : undefined}
${added > 0 ? `${counted(added, 'node')} new.` : undefined} ${gone > 0 ? `${counted(gone, 'node')} gone.` : undefined}
${untold > 0 ? `${counted(untold, 'node')} not known before or after.` : undefined}</p>
</figure>`
}
