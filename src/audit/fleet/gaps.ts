import { compareTexts } from '../../lib/compare-text.ts'
import type { ReadingFailure, ReadingTarget } from '../../model/node-reading.ts'
import type { ListFailure } from '../../ports/objects.ts'
import type { KubeletConfigs } from '../../ports/readings.ts'
import type { AuditGap } from '../../report/audit/audit-report.ts'
import type { ClusterFacts } from '../audited-cluster.ts'

/** Rules that look at how a kubelet is configured. Where the policy asks for none of them, no kubelet is asked. */
export const configRules: ReadonlySet<string> = new Set([
  'node-kubepods-drift',
  'node-pid-eviction',
  'node-pid-reservation',
  'node-pod-pids-limit'
])

/** Kubelets asked for their configuration before all are: who may not read these may read none. Own choice. */
const probes = 3

/** Reads the configurations of kubelets; of those that need not be asked the refusal of the others is kept. */
export async function readConfigs(
  facts: ClusterFacts,
  targets: readonly ReadingTarget[],
  configs: KubeletConfigs,
  signal: AbortSignal
): Promise<void> {
  const [first, rest] = [targets.slice(0, probes), targets.slice(probes)]
  await configs.read(first, facts, signal)
  const refusals = first
    .map(({ name }) => facts.configFailures.get(name))
    .filter((each) => each?.reason === 'forbidden')
  const [refusal] = refusals
  if (refusal === undefined || refusals.length < first.length) await configs.read(rest, facts, signal)
  else for (const { name } of rest) facts.observeConfigFailure(name, refusal)
}

/** Failures of the same reason as one gap, with the least of them, by its text, as an example. */
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
 * What is missing of the nodes: readings, parts of readings, configurations. Where nobody could be asked for these, that
 * is known before and tells nothing of the cluster: then it is no gap but a note, and the rules that need them are skipped.
 */
export function nodeGaps(facts: ClusterFacts, { absence }: Pick<KubeletConfigs, 'absence'>): AuditGap[] {
  const parts = [...facts.readings.values()].flatMap(({ gaps }) => gaps)
  return [
    ...gapsOf('node readings', [...facts.failures.values(), ...parts]),
    ...(absence === undefined ? gapsOf('nodes/configz', facts.configFailures.values()) : [])
  ]
}

/** Why no configuration of a kubelet is known, where one was wanted and nobody could be asked. */
export function configNotes(facts: ClusterFacts, { absence }: Pick<KubeletConfigs, 'absence'>): string[] {
  return absence === undefined || facts.configFailures.size === 0 ? [] : [`nodes/configz not read: ${absence}`]
}

/** A part that could not be read as a whole. */
export function gapOf({ part, reason, detail }: ListFailure): AuditGap {
  return { part, reason, detail, nodes: null }
}
