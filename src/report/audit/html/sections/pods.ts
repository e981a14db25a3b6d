import { percentText } from '../../../../lib/percent.ts'
import type { AuditPod, AuditWorkload } from '../../audit-fleet.ts'
import type { AuditReport } from '../../audit-report.ts'
import { bars } from '../bar-chart.ts'
import { toneOf } from '../cells.ts'
import { type Bin, histogram, short } from '../histogram.ts'
import { html, type Markup } from '../markup.ts'
import { grouped } from '../number-text.ts'
import { table } from '../table.ts'
import type { Column } from '../table-data.ts'

/** Pods that are drawn. Own choice; the table has more. */
const mostDrawn = 15

const podColumns: readonly Column<AuditPod>[] = [
  { title: 'Pod', kind: 'name', cell: ({ name }) => name },
  { title: 'Namespace', kind: 'name', cell: ({ namespace }) => namespace },
  { title: 'PIDs', kind: 'count', cell: ({ pids }) => pids },
  { title: 'Of its node', kind: 'share', cell: ({ share }) => share },
  {
    title: 'Counted with',
    kind: 'text',
    cell: ({ estimate, estimateFrom }) => `${grouped(estimate)}, ${estimateFrom}`
  },
  { title: 'Own limit', kind: 'text', cell: ({ limit }) => (limit === null ? 'none, or not known' : grouped(limit)) },
  { title: 'Node', kind: 'name', cell: ({ node }) => node },
  { title: 'Workload', kind: 'name', cell: ({ workload }) => `${workload.kind} ${workload.name}` }
]

const workloadColumns: readonly Column<AuditWorkload>[] = [
  { title: 'Workload', kind: 'name', cell: ({ name }) => name },
  { title: 'Kind', kind: 'text', choose: true, cell: ({ kind }) => kind },
  { title: 'Namespace', kind: 'name', cell: ({ namespace }) => namespace },
  { title: 'PIDs of its pods', kind: 'count', cell: ({ pids }) => pids },
  { title: 'Biggest pod', kind: 'count', cell: ({ peak }) => peak },
  { title: 'Pods', kind: 'count', cell: ({ pods }) => pods },
  { title: 'Pods read', kind: 'count', cell: ({ read }) => read },
  { title: 'Nodes', kind: 'count', cell: ({ nodes }) => nodes }
]

/** Who holds the PIDs. */
export function pods({ pods: biggest, workloads, summary }: AuditReport): Markup {
  return html`<section aria-labelledby="pods">
<h2 id="pods">Who holds the PIDs</h2>
<p>Threads count, not processes: a pod of one process may hold thousands. The PIDs of ${grouped(summary.podsRead)} of
${grouped(summary.pods)} pods are known.</p>
<div class="pair">
<figure><figcaption>The biggest pods</figcaption>
${biggest.length === 0 ? html`<p class="none">Not known.</p>` : topPods(biggest)}
</figure>
<figure><figcaption>Pods by how many PIDs they hold</figcaption>
${summary.podSizes.length === 0 ? html`<p class="none">Not known.</p>` : sizes(summary.podSizes)}
</figure>
</div>
${table({
  id: 'pods-table',
  caption: 'The biggest pods',
  noun: ['pod', 'pods'],
  columns: podColumns,
  rows: biggest,
  budget: 50_000
})}
${table({
  id: 'workloads-table',
  caption: 'The workloads whose pods hold the most together',
  noun: ['workload', 'workloads'],
  columns: workloadColumns,
  rows: workloads,
  budget: 50_000
})}
</section>`
}

function topPods(pods: readonly AuditPod[]): Markup {
  const most = Math.max(1, ...pods.map(({ pids }) => pids))
  return bars(
    pods.slice(0, mostDrawn).map(({ namespace, name, node, pids, share }) => ({
      label: html`<bdi>${namespace}/${name}</bdi>`,
      bars: [
        {
          name: html`on <bdi>${node}</bdi>`,
          value: `${grouped(pids)}${share === null ? '' : `, ${percentText(share)} of its node`}`,
          segments: [{ share: pids / most, look: share === null ? 'use' : toneOf(share) || 'use' }]
        }
      ]
    }))
  )
}

function sizes(ranges: AuditReport['summary']['podSizes']): Markup {
  const bins: Bin[] = []
  let next = ranges[0]?.from ?? 0
  for (const { from, to, pods: count } of ranges) {
    // Ranges double. Those without a pod are not in the report, and have their place in the chart.
    for (let end = 0; next < from; next = end + 1) {
      end = Math.min(2 * next, from) - 1
      bins.push(binOf(next, end, 0))
    }
    bins.push(binOf(from, to, count))
    next = to + 1
  }
  return histogram('Pods by how many PIDs they hold', 'PIDs of a pod, from', bins)
}

function binOf(from: number, to: number, count: number): Bin {
  return {
    tick: short(from),
    name: from === to ? `${grouped(from)} PIDs` : `${grouped(from)} to ${grouped(to)} PIDs`,
    count,
    look: 'use'
  }
}
