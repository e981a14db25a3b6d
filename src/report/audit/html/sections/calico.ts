import { type CalicoNode, calicoCells } from '../../../calico-node.ts'
import type { AuditReport } from '../../audit-report.ts'
import { html, type Markup } from '../markup.ts'
import { table } from '../table.ts'
import type { Column } from '../table-data.ts'

const titles = ['Node', 'Backend', 'Set by', 'Seen to use', 'Revision', 'Needs', 'Operating system', 'Kernel']

const columns: readonly Column<CalicoNode>[] = titles.map((title, at) => ({
  title,
  kind: at === 0 ? ('name' as const) : ('text' as const),
  ...(at >= 1 && at <= 5 ? { choose: true as const } : undefined),
  cell: (row) => calicoCells(row)[at] ?? null
}))

/** What Calico's agent is set to on each node; nothing where there is no Calico. */
export function calico({ calico: rows }: AuditReport): Markup | undefined {
  if (rows.length === 0) return undefined
  return html`<section aria-labelledby="calico">
<h2 id="calico">Calico</h2>
<p>Felix, the agent of Calico, writes the rules of each node by one iptables backend. It should be the one that the node's own
programs use, and be set and not detected: on a node without free PIDs detection settles on Legacy.</p>
${table({
  id: 'calico-table',
  caption: 'The backend of each node',
  noun: ['node', 'nodes'],
  columns,
  rows,
  budget: 450_000
})}
</section>`
}
