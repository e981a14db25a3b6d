import { withoutCeilingTexts } from '../../../../model/nodes-without-ceiling.ts'
import type { AuditKubelet, AuditNode } from '../../audit-fleet.ts'
import type { AuditReport } from '../../audit-report.ts'
import { fullestCeiling } from '../../headline.ts'
import { holdersText } from '../../phrases.ts'
import { html, type Markup } from '../markup.ts'
import { grouped } from '../number-text.ts'
import { table } from '../table.ts'
import type { Column } from '../table-data.ts'
import { nodeCharts } from './node-charts.ts'

const columns: readonly Column<AuditNode>[] = [
  { title: 'Node', kind: 'name', cell: ({ node }) => node },
  { title: 'Fullest ceiling', kind: 'share', cell: ({ used }) => used },
  { title: 'Which one', kind: 'text', choose: true, cell: fullestCeiling },
  { title: 'Node ceiling', kind: 'ceiling', cell: ({ host }) => [host.inUse, host.limit] },
  { title: 'kubepods ceiling', kind: 'ceiling', cell: ({ kubepods }) => [kubepods.inUse, kubepods.limit] },
  { title: 'Free above floor', kind: 'limit', cell: ({ free }) => free },
  { title: 'In use and promised', kind: 'count', cell: ({ committed }) => committed },
  { title: 'Pods', kind: 'count', cell: ({ pods }) => pods },
  { title: 'Biggest pod', kind: 'name', cell: ({ biggest }) => biggestOf(biggest) },
  { title: 'Held by', kind: 'prose', cell: (node) => (node.age === null ? null : holdersText(node)) },
  { title: 'In pods', kind: 'count', cell: ({ places }) => places.pods },
  { title: 'In unknown pods', kind: 'count', cell: ({ places }) => places.unknownPods },
  { title: 'Rest of kubepods', kind: 'count', cell: ({ places }) => places.unexplained },
  { title: 'Outside of pods', kind: 'count', cell: ({ places }) => places.outside },
  { title: 'PIDPressure', kind: 'flag', cell: ({ pidPressure }) => pidPressure },
  { title: 'Kubelet settings', kind: 'text', cell: ({ kubelet }) => settingsOf(kubelet) },
  { title: 'Reading is old', kind: 'age', cell: ({ age }) => age },
  {
    title: 'Not known, because',
    kind: 'prose',
    cell: ({ missing, withoutCeiling }) =>
      withoutCeiling === null ? missing.join('; ') : withoutCeilingTexts[withoutCeiling]
  }
]

export function nodes(report: AuditReport): Markup {
  return html`<section aria-labelledby="nodes">
<h2 id="nodes">Nodes</h2>
<p>Two ceilings hold at the same time. That of the node is the smaller of pid_max and threads-max and counts every
thread on it; that of kubepods is pids.max of the cgroup that holds all pods, and counts theirs. The kubelet sets the
latter once, when it starts.</p>
${report.nodes.length > 0 ? nodeCharts(report.nodes) : undefined}
${table({
  id: 'nodes-table',
  caption: 'Every node, the fullest first',
  noun: ['node', 'nodes'],
  columns,
  rows: report.nodes,
  budget: 1_400_000
})}
</section>`
}

function biggestOf(pod: AuditNode['biggest']): string | null {
  return pod === null ? null : `${pod.namespace}/${pod.name}: ${grouped(pod.pids)}`
}

function settingsOf(kubelet: AuditKubelet | null): string | null {
  if (kubelet === null) return null
  const { podPidsLimit, reserved, eviction } = kubelet
  return [
    `podPidsLimit ${podPidsLimit === 'unlimited' ? 'none' : grouped(podPidsLimit)}`,
    `reserved ${reserved === null ? 'unknown' : grouped(reserved)}`,
    `eviction ${eviction ?? 'none'}`
  ].join(', ')
}
