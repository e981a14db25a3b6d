import type { AuditBasis, AuditPoolAdvice, AuditWorkloadAdvice } from '../../audit-recommendations.ts'
import type { AuditReport } from '../../audit-report.ts'
import { html, type Markup } from '../markup.ts'
import { counted, grouped } from '../number-text.ts'
import { table } from '../table.ts'
import type { Column } from '../table-data.ts'

const settingColumns: readonly Column<AuditPoolAdvice['settings'][number] & { readonly pool: string }>[] = [
  { title: 'Pool', kind: 'name', choose: true, cell: ({ pool }) => pool },
  { title: 'Setting', kind: 'name', choose: true, cell: ({ name }) => name },
  { title: 'Value', kind: 'text', cell: ({ value }) => value },
  { title: 'Why', kind: 'text', cell: ({ reason }) => reason },
  { title: 'Source', kind: 'text', cell: ({ source }) => source }
]

const workloadColumns: readonly Column<AuditWorkloadAdvice>[] = [
  { title: 'Workload', kind: 'name', cell: ({ name }) => name },
  { title: 'Kind', kind: 'text', choose: true, cell: ({ kind }) => kind },
  { title: 'Namespace', kind: 'name', cell: ({ namespace }) => namespace },
  {
    title: 'pidguard.io/pids to declare',
    kind: 'text',
    cell: ({ estimate }) => (estimate === null ? 'bound its threads first' : grouped(estimate))
  },
  {
    title: 'Runs on',
    kind: 'text',
    cell: ({ runtime }) => (runtime === null ? null : `${runtime.name}, by ${runtime.by}`)
  },
  {
    title: 'Cap its threads by',
    kind: 'text',
    cell: ({ runtime, knob }) => (runtime === null ? 'podPidsLimit' : (knob ?? 'is capped'))
  },
  { title: 'Biggest pod seen', kind: 'count', cell: ({ peak }) => peak },
  { title: 'By', kind: 'text', cell: ({ basis }) => basisText(basis) }
]

/** The settings that would bound what was seen. */
export function recommendations({ recommendations: { pools, workloads } }: AuditReport): Markup {
  const settings = pools.flatMap(({ pool, settings: all }) => all.map((setting) => ({ pool, ...setting })))
  return html`<section aria-labelledby="advice">
<h2 id="advice">Settings to recommend</h2>
<p>By this audit and the one before it (<code>--since</code>). More moments make it surer: <code>pidguard recommend</code> takes snapshots, or
watches a cluster, and writes the files.</p>
${pools.length === 0 ? html`<p class="none">No node was read.</p>` : undefined}
<ul>${pools.map((pool) => html`<li>${poolText(pool)}</li>`)}</ul>
${
  settings.length === 0
    ? undefined
    : table({
        id: 'settings-table',
        caption: 'Settings of kubelet and kernel, by pool of alike nodes',
        noun: ['setting', 'settings'],
        columns: settingColumns,
        rows: settings,
        budget: 100_000
      })
}
${
  workloads.length === 0
    ? undefined
    : table({
        id: 'declare-table',
        caption: 'What workloads should declare',
        noun: ['workload', 'workloads'],
        columns: workloadColumns,
        rows: workloads,
        budget: 50_000
      })
}
</section>`
}

function poolText({ pool, platform, basis, lack, checks }: AuditPoolAdvice): Markup {
  const nodes = counted(basis.nodes, 'node')
  if (lack !== null) return html`<bdi>${pool}</bdi> (${platform}, ${nodes}): nothing is recommended: ${lack}.`
  return html`<bdi>${pool}</bdi> (${platform}, ${nodes}; ${basisText(basis)}): ${checks.join('. ')}.`
}

function basisText({ readings, span, pods }: AuditBasis): string {
  const hours = Math.floor(span / 3_600_000)
  return `${counted(readings, 'reading')} in ${hours >= 48 ? counted(Math.floor(hours / 24), 'day') : counted(hours, 'hour')}, up to ${counted(pods, 'pod')}`
}
