import { readFileSync } from 'node:fs'
import t from 'tap'
import { percentText } from '../../src/lib/percent.ts'
import { grouped, span } from '../../src/report/audit/html/number-text.ts'
import { renderAuditHtml } from '../../src/report/audit/html/page.ts'
import { renderAuditMarkdown } from '../../src/report/audit/markdown.ts'
import { holdersText } from '../../src/report/audit/phrases.ts'
import { renderAuditText } from '../../src/report/audit/text.ts'
import type { ClusterSnapshot } from '../../src/snapshot/snapshot.ts'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { renderTop, type TopSubject } from '../../src/top/top.ts'
import { auditOfDump } from '../support/audit-run.ts'

/*
 * A person looks at `top`, then at an audit, then at the HTML report of it: what all of them say of one snapshot is the same figure, by the
 * same rounding, the same age and under the same name.
 */

const load = (name: string) =>
  readSnapshot(name, readFileSync(new URL(`../fixtures/snapshots/${name}`, import.meta.url), 'utf8'))

function topOf(snapshot: ClusterSnapshot, subject: TopSubject, format: 'json' | 'wide'): string {
  const policy = { estimateOf: () => 50, floor: { share: 0.1 }, holderShare: 0.1 }
  return renderTop(snapshot, policy, { subject, format, namespace: undefined, node: undefined, limit: undefined })
}

/** JSON leaves out what `top` does not know, where an audit has null. */
const known = (value: unknown): unknown => value ?? null

interface TopNode {
  readonly node: string
  readonly [field: string]: unknown
}

for (const name of ['kubepods-full.yaml', 'thread-leak.yaml']) {
  const snapshot = load(name)

  t.test(`${name}: the figures of each node`, async (t) => {
    const report = await auditOfDump({ snapshot })
    const { nodes } = JSON.parse(topOf(snapshot, 'nodes', 'json')) as { nodes: TopNode[] }
    t.strictSame(
      nodes.map(({ node }) => node),
      report.nodes.map(({ node }) => node),
      'in the same order'
    )
    for (const row of nodes) {
      const told = report.nodes.find(({ node }) => node === row.node)
      for (const field of [
        'tightest',
        'used',
        'committed',
        'floor',
        'free',
        'age',
        'pods',
        'biggest',
        'pidPressure'
      ] as const)
        t.strictSame(known(row[field]), known(told?.[field]), `${row.node}: ${field}`)
      for (const ceiling of ['host', 'kubepods'] as const) {
        const { limit, inUse } = row[ceiling] as { limit?: unknown; inUse?: unknown }
        t.strictSame(
          [known(limit), known(inUse)],
          [told?.[ceiling].limit, told?.[ceiling].inUse],
          `${row.node}: ${ceiling}`
        )
      }
      const { pods, unexplained, outside } = row['places'] as Record<string, unknown>
      t.strictSame([pods, unexplained, outside].map(known), [
        told?.places.pods,
        told?.places.unexplained,
        told?.places.outside
      ])
    }
  })

  t.test(`${name}: the figures of each pod and workload`, async (t) => {
    const report = await auditOfDump({ snapshot })
    const { pods } = JSON.parse(topOf(snapshot, 'pods', 'json')) as { pods: Record<string, unknown>[] }
    t.ok(report.pods.length > 0)
    for (const { namespace, name: pod, pids, share, limit, estimate } of report.pods) {
      const row = pods.find((each) => each['pod'] === pod && each['namespace'] === namespace)
      const { pids: counted } = (row?.['estimate'] ?? {}) as { pids?: number }
      t.strictSame(
        [row?.['pids'], known(row?.['share']), known(row?.['limit']), counted],
        [pids, share, limit, estimate],
        pod
      )
    }
    const { workloads } = JSON.parse(topOf(snapshot, 'workloads', 'json')) as { workloads: Record<string, unknown>[] }
    for (const { namespace, name: workload, pids, peak, pods: count, read } of report.workloads) {
      const row = workloads.find(
        (each) => each['namespace'] === namespace && (each['workload'] as { name: string }).name === workload
      )
      t.strictSame([row?.['pids'], row?.['peak'], row?.['pods'], row?.['read']], [pids, peak, count, read], workload)
    }
  })

  t.test(`${name}: in words, by one rounding and one sentence`, async (t) => {
    const report = await auditOfDump({ snapshot })
    const [top, text, markdown, html] = [
      topOf(snapshot, 'nodes', 'wide'),
      renderAuditText(report),
      renderAuditMarkdown(report),
      renderAuditHtml(report)
    ]
    for (const node of report.nodes.filter(({ age }) => age !== null)) {
      const lineOf = (page: string) =>
        page
          .split('\n')
          .filter((line) => line.includes(node.node))
          .join('\n')
      for (const { limit, inUse } of [node.host, node.kubepods]) {
        if (typeof limit !== 'number' || inUse === null) continue
        const percent = percentText(inUse / limit)
        for (const [where, page] of [
          ['top', top],
          ['audit', text],
          ['markdown', markdown]
        ] as const)
          t.ok(
            lineOf(page).includes(`${inUse}/${limit}`) && lineOf(page).includes(percent),
            `${where}: ${inUse}/${limit} ${percent}`
          )
        t.ok(html.includes(`${grouped(inUse)} of ${grouped(limit)} (${percent})`), `HTML: ${percent}`)
      }
      t.ok(lineOf(top).includes(` ${span(node.age ?? 0)} `), 'the age in top')
      t.ok(html.includes(`>${span(node.age ?? 0)}<`), 'and in HTML')
      t.ok(lineOf(top).includes(holdersText(node)), 'who holds the most, in top')
      t.ok(html.includes(holdersText(node).slice(0, 40)), 'and in HTML')
    }
  })
}
