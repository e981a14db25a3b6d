import { type AuditNode, type AuditReport, auditLevels } from '../audit.ts'
import { full, shownCeiling } from './cells.ts'
import { counted, grouped } from './words.ts'

/** How the cluster is, in the words of the first line. */
export interface Verdict {
  readonly tone: 'bad' | 'warn' | 'unsure' | 'good'
  readonly headline: string
  readonly details: readonly string[]
}

type Judged = Pick<AuditReport, 'summary' | 'nodes' | 'gaps' | 'skips' | 'faults'>

export function verdictOf(report: Judged): Verdict {
  const { summary } = report
  const count = totalOf(summary.levels)
  const short = report.nodes.filter(isShort)
  const [first] = short
  const missing = missingOf(report)
  const details = [fullestOf(report.nodes), missing === '' ? '' : `Not complete: ${missing}.`].filter(
    (text) => text !== ''
  )
  if (first !== undefined) {
    const who = short.length === 1 ? first.node : `${grouped(short.length)} nodes`
    return {
      tone: 'bad',
      headline: `Act now: ${who} ${short.length === 1 ? 'is' : 'are'} one burst away from running out of PIDs.`,
      details
    }
  }
  if (count > 0) return { tone: 'warn', headline: `${noneShort(report)} ${things(count)}`, details }
  if (missing !== '') {
    return { tone: 'unsure', headline: 'Nothing was found, but not everything could be looked at.', details }
  }
  const fine = `Nothing wrong was found in ${counted(summary.judged, 'object')}`
  if (summary.nodesRead === 0) return { tone: 'unsure', headline: `${fine}. ${noneShort(report)}`, details }
  return { tone: 'good', headline: `Nothing to do. ${fine}. ${noneShort(report)}`, details }
}

/** Nearly full by either ceiling, below what the policy keeps free, or by the kubelet's own word. */
function isShort({ used, free, pidPressure }: AuditNode): boolean {
  return pidPressure === true || (typeof free === 'number' && free < 0) || (used !== null && used >= full)
}

function noneShort({ summary: { nodes, nodesRead } }: Judged): string {
  if (nodes === 0) return 'No node was looked at.'
  if (nodesRead === 0) return 'What the nodes use is not known.'
  if (nodesRead < nodes)
    return `No node that could be read (${grouped(nodesRead)} of ${grouped(nodes)}) is short of PIDs now.`
  return 'No node is short of PIDs now.'
}

function things(count: number): string {
  return count === 1 ? 'One thing is wrong.' : `${grouped(count)} things are wrong.`
}

function fullestOf(nodes: readonly AuditNode[]): string {
  const node = nodes.find(({ used }) => used !== null)
  if (node === undefined) return ''
  const { inUse, limit } = node.tightest === 'kubepods' ? node.kubepods : node.host
  return `Fullest node: ${node.node}, ${shownCeiling(inUse, limit).text} of its ${node.tightest} ceiling in use.`
}

/** What was not looked at, as a list in words; empty when all was. */
export function missingOf({ gaps, skips, faults, summary }: Judged): string {
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
