import { compareTexts } from '../../lib/compare-text.ts'
import type { ReadingFailure } from '../../model/node-reading.ts'
import type { KubeletConfigs } from '../../ports/readings.ts'
import type { AuditGap } from '../../report/audit/audit-report.ts'
import type { NodeAnswers } from '../passes/read-nodes.ts'

/** One gap for all failures of the same reason; its example is the detail that sorts first. */
function gapsOf(part: string, failures: Iterable<ReadingFailure>): AuditGap[] {
  const groups = new Map<string, { detail: string; nodes: number }>()
  for (const { reason, detail } of failures) {
    const held = groups.get(reason)
    if (held === undefined) {
      groups.set(reason, { detail, nodes: 1 })
      continue
    }
    held.nodes++
    if (compareTexts(detail, held.detail) < 0) held.detail = detail
  }
  return [...groups].map(([reason, { detail, nodes }]) => ({ part, reason, detail, nodes }))
}

/**
 * How a node is set up, where a rule has that as a finding and all of its figures are there. In `top`, in metrics and with the node
 * itself they are said all the same.
 */
const findings: ReadonlySet<ReadingFailure['reason']> = new Set(['cgroup-drivers'])

/**
 * What is missing of the nodes: readings, parts of readings, configurations. A source that has no configurations at all
 * (a dump, Prometheus) says so before the audit starts, and it says nothing about the cluster: that is a note, not a gap,
 * and the rules that need a configuration are skipped.
 */
export function nodeGaps(nodes: NodeAnswers, { absence }: Pick<KubeletConfigs, 'absence'>): AuditGap[] {
  const parts = [...nodes.readings.values()].flatMap(({ gaps, pods }) =>
    gaps.filter(({ reason }) => pods === undefined || !findings.has(reason))
  )
  return [
    ...gapsOf('node readings', [...nodes.failures.values(), ...parts]),
    ...(absence === undefined ? gapsOf('nodes/configz', nodes.configFailures.values()) : [])
  ]
}

/** Why no kubelet configuration is known, when one was wanted and the source has none. */
export function configNotes({ configFailures }: NodeAnswers, { absence }: Pick<KubeletConfigs, 'absence'>): string[] {
  return absence === undefined || configFailures.size === 0 ? [] : [`nodes/configz not read: ${absence}`]
}
