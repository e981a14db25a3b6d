import { percentText } from '../../lib/percent.ts'
import type { AuditCeilingName, AuditNode } from './audit-fleet.ts'
import { type AuditReport, auditLevels } from './audit-report.ts'
import { shareOf, shownCeiling } from './html/cells.ts'
import { counted, grouped } from './html/number-text.ts'

/** How the cluster is, in the words every report for people begins with. */
export interface Verdict {
  readonly tone: 'bad' | 'warn' | 'unsure' | 'good'
  readonly headline: string
  /** What is about to happen, and on which nodes. */
  readonly situations: readonly string[]
  readonly details: readonly string[]
}

type VerdictInput = Pick<AuditReport, 'summary' | 'nodes' | 'gaps' | 'skips' | 'faults' | 'actNow'>

export function verdictOf(report: VerdictInput): Verdict {
  const { summary, nodes, actNow } = report
  const count = totalOf(summary.levels)
  const short = nodes.filter((node) => isShort(node, actNow))
  const missing = missingOf(report)
  const situations = situationsOf(short, actNow)
  const details = [
    fullestText(nodes),
    short.length === 0 ? noneShort(report) : '',
    missing === '' ? '' : `Not complete: ${missing}.`
  ].filter((text) => text !== '')
  if (short.length > 0) {
    const who = short.length === 1 ? `${short[0]?.node} is` : `${grouped(short.length)} nodes are`
    const isFull = short.some((node) => shortBy(node, actNow) === 'use')
    const what = isFull
      ? 'one burst away from running out of PIDs'
      : 'short of PIDs by what was promised or set, not by use'
    return { tone: 'bad', headline: `Act now: ${who} ${what}.`, situations, details }
  }
  if (count > 0) return { tone: 'warn', headline: `${things(count)} Begin with number 1 below.`, situations, details }
  const fine = `Nothing wrong was found in ${counted(summary.checked, 'object')}`
  if (missing !== '')
    return { tone: 'unsure', headline: `${fine}, but not everything could be looked at.`, situations, details }
  if (summary.nodesRead === 0)
    return { tone: 'unsure', headline: `${fine}; nodes were not looked at.`, situations, details }
  return { tone: 'good', headline: `Nothing to do: ${fine.toLowerCase()}.`, situations, details }
}

/** Nearly full by either ceiling (from the share `actNow`), below the policy's floor, or under PIDPressure. */
export function isShort({ used, free, pidPressure }: AuditNode, actNow: number): boolean {
  return pidPressure === true || (typeof free === 'number' && free < 0) || (used !== null && used >= actNow)
}

/**
 * What makes a short node short: its use, only what pods there may still start, or, under PIDPressure with room left, the eviction
 * threshold of its kubelet.
 */
export function shortBy(node: AuditNode, actNow: number): 'use' | 'promised' | 'threshold' {
  const { used, free, pidPressure, committed, floor, tightest } = node
  if (used === null || used >= actNow) return 'use'
  if (typeof free === 'number' && free < 0) {
    const inUse = tightest === null ? null : (tightest === 'node' ? node.host : node.kubepods).inUse
    const room = committed === null || floor === null || inUse === null ? free : free + committed - inUse
    return room >= 0 ? 'promised' : 'use'
  }
  return pidPressure === true ? 'threshold' : 'use'
}

/** What happens at a ceiling. */
const consequences: Readonly<Record<AuditCeilingName | 'promised' | 'threshold', string>> = {
  node: 'At the node ceiling, where nothing can start any more, not even a login',
  kubepods: 'At the kubepods ceiling, where pods fail to fork although the node looks empty',
  promised: 'Promised away: pods may still start more than the policy leaves free, though little is in use',
  threshold: 'Under PIDPressure with room left, where the kubelet evicts pods and takes no new ones'
}

/** Nodes named one by one. Own choice. */
const mostNamed = 3

function situationsOf(short: readonly AuditNode[], actNow: number): string[] {
  return (['kubepods', 'node', 'promised', 'threshold'] as const).flatMap((name) => {
    const names = short.filter((node) => situationOf(node, actNow) === name).map(({ node }) => node)
    if (names.length === 0) return []
    const more = names.length > mostNamed ? ` and ${grouped(names.length - mostNamed)} more` : ''
    return [`${consequences[name]}: ${names.slice(0, mostNamed).join(', ')}${more}.`]
  })
}

function situationOf(node: AuditNode, actNow: number): keyof typeof consequences {
  const cause = shortBy(node, actNow)
  return cause === 'use' ? shortCeiling(node, actNow) : cause
}

/** The ceiling that a short node is short at: the one nearly full, else the one with the least free. */
function shortCeiling(node: AuditNode, actNow: number): AuditCeilingName {
  const { used, free, tightest } = node
  if (used !== null && used >= actNow) return fullestCeiling(node) ?? 'node'
  // PIDPressure alone: the kubelet looks at the node, not at kubepods.
  return typeof free === 'number' && free < 0 ? (tightest ?? 'node') : 'node'
}

/** Says only what was seen at one moment: a burst between two readings is not seen. */
function noneShort({ summary: { nodes, nodesRead }, actNow }: VerdictInput): string {
  if (nodes === 0) return 'No node was looked at.'
  if (nodesRead === 0) return 'What the nodes use is not known.'
  const who =
    nodesRead < nodes ? `Of the ${grouped(nodesRead)} of ${grouped(nodes)} nodes that could be read, none` : 'No node'
  return `${who} was over ${percentText(actNow)} of a ceiling or below its floor at that moment.`
}

function things(count: number): string {
  return count === 1 ? 'One thing is wrong.' : `${grouped(count)} things are wrong.`
}

function fullestText(nodes: readonly AuditNode[]): string {
  const [node, name] = fullestNode(nodes) ?? []
  if (node === undefined || name === undefined) return ''
  return `Fullest node: ${node.node}, ${usedOf(node, name)} of its ${name} ceiling in use.`
}

/** The node that is closest to a limit, and to which; undefined where nothing is known. */
export function fullestNode(nodes: readonly AuditNode[]): readonly [AuditNode, AuditCeilingName] | undefined {
  for (const node of nodes) {
    const name = fullestCeiling(node)
    if (name !== null) return [node, name]
  }
  return undefined
}

/** The ceiling of which the greater share is in use, which need not be the one with the least free: `tightest`. */
export function fullestCeiling({ host, kubepods }: AuditNode): AuditCeilingName | null {
  const [ofNode, ofKubepods] = [shareOf(host.inUse, host.limit), shareOf(kubepods.inUse, kubepods.limit)]
  if (ofKubepods === null) return ofNode === null ? null : 'node'
  return ofNode !== null && ofNode >= ofKubepods ? 'node' : 'kubepods'
}

/** `29,000 of 36,000 (80%)`. */
export function usedOf({ host, kubepods }: AuditNode, name: AuditCeilingName): string {
  const { inUse, limit } = name === 'node' ? host : kubepods
  return shownCeiling(inUse, limit).text
}

/** What was not looked at, as a list in words; empty when all was. */
export function missingOf({ gaps, skips, faults, summary }: VerdictInput): string {
  const unread = summary.nodes - summary.nodesRead
  const parts = [
    gaps.length > 0 ? `${counted(gaps.length, 'part')} of the cluster could not be looked at` : '',
    unread > 0 ? `${counted(unread, 'node')} could not be read` : '',
    skips.length > 0 ? `${counted(new Set(skips.map(({ ruleId }) => ruleId)).size, 'rule')} skipped` : '',
    faults.length > 0 ? `${counted(faults.length, 'failed rule')}` : ''
  ].filter((part) => part !== '')
  return parts.join(', ')
}

export function totalOf(levels: AuditReport['summary']['levels']): number {
  return auditLevels.reduce((sum, level) => sum + levels[level], 0)
}
