import { withoutCeilingTexts } from '../../model/nodes-without-ceiling.ts'
import { alignedLines } from '../aligned-lines.ts'
import { calicoCells, calicoColumns } from '../calico-node.ts'
import { type Paint, plain, type Style } from '../text.ts'
import { objectText, plural } from '../validate-report.ts'
import type { AuditNode } from './audit-fleet.ts'
import type { AuditFinding, AuditReport } from './audit-report.ts'
import { type Verdict, verdictOf } from './headline.ts'
import { shareOf } from './html/cells.ts'
import {
  ceilingText,
  countsText,
  firstStep,
  holdersText,
  limitText,
  missingLines,
  otherLines,
  remedyOf,
  scopeText,
  shareText,
  sinceLines
} from './phrases.ts'

/** Of the summary, which is to fit a screen of 24 lines. */
const mostActions = 4
const mostNodes = 3
/** Characters of one line of the summary. */
const width = 120

/** The report for people: how it is and what to do first on one screen, then everything. */
export function renderAuditText(report: AuditReport, paint: Paint = plain): string {
  const lines = [...summaryLines(report, paint), ...detailLines(report, paint)]
  return `${lines.join('\n')}\n`
}

/** Nothing where the exit code is 0; otherwise what makes it: the findings, and what could not be looked at. */
export function renderQuietAudit(report: AuditReport, paint: Paint = plain): string {
  if (report.exitCode === 0) return ''
  const lines = [...findingLines(report, paint), ...gapLines(report, paint), '', paint('bold', countsText(report))]
  return `${lines.slice(1).join('\n')}\n`
}

function summaryLines(report: AuditReport, paint: Paint): string[] {
  const { source, takenAt, actions, nodes, exitCode } = report
  const missing = missingLines(report).length
  const ending = exitCode === 0 ? 'green' : 'bold'
  const { tone, headline, situations } = verdictOf(report)
  return [
    paint(tones[tone], clipped(headline)),
    ...(situations.length === 0 ? [] : [clipped(situations.join(' '))]),
    paint('bold', clipped(`Audit of ${source.name}, ${takenAt}`)),
    clipped(scopeText(report)),
    paint(ending, clipped(countsText(report))),
    ...sinceLines(report),
    ...(missing === 0
      ? []
      : [paint('yellow', `not complete: ${plural(missing, 'part')} could not be looked at, see below`)]),
    ...(actions.length === 0 ? [] : ['', paint('bold', 'What to do first')]),
    ...actions.slice(0, mostActions).flatMap((action, i) => actionLines(report, action, i + 1, paint)),
    ...(actions.length > mostActions ? [`    and ${actions.length - mostActions} more, see below`] : []),
    ...(nodes.length === 0 ? [] : ['', paint('bold', 'Fullest nodes')]),
    ...tableOf(nodeHead, nodes.slice(0, mostNodes).map(nodeCells))
  ]
}

const tones: Readonly<Record<Verdict['tone'], Style>> = { bad: 'red', warn: 'yellow', unsure: 'yellow', good: 'green' }

function actionLines(report: AuditReport, action: AuditReport['actions'][number], at: number, paint: Paint): string[] {
  const [worst] = action.examples
  const where = worst === undefined ? '' : ` ${objectText(worst.object)}: ${worst.detail}`
  const more = action.objects > 1 ? ` and ${action.objects - 1} more` : ''
  const indent = ' '.repeat(4)
  return [
    clipped(`${String(at).padStart(2)}. ${action.ruleId}${more}:${where}`),
    paint('cyan', clipped(`${indent}${firstStep(report, action)}`))
  ]
}

function detailLines(report: AuditReport, paint: Paint): string[] {
  const { nodes, pods, workloads, calico, since } = report
  return [
    ...findingLines(report, paint),
    ...section(
      'Fixed since',
      (since?.fixed ?? []).map((finding) => findingLine(finding, paint)),
      paint
    ),
    ...section('Nodes', tableOf(nodeHead, nodes.map(nodeCells)), paint),
    ...section(
      'Where their PIDs are',
      tableOf(placeHead, nodes.filter(({ age }) => age !== null).map(placeCells)),
      paint
    ),
    ...section('Biggest pods', tableOf(podHead, pods.map(podCells)), paint),
    ...section('Biggest workloads', tableOf(workloadHead, workloads.map(workloadCells)), paint),
    ...section('Calico', tableOf(calicoColumns, calico.map(calicoCells)), paint),
    ...gapLines(report, paint),
    ...section('Besides', otherLines(report).map(oneLine), paint)
  ]
}

function findingLines(report: AuditReport, paint: Paint): string[] {
  return report.rules.flatMap(({ id, title }) => {
    const found = report.findings.filter(({ ruleId }) => ruleId === id)
    return section(`${title} [${id}]`, linesOfRule(report, found, paint), paint)
  })
}

function gapLines(report: AuditReport, paint: Paint): string[] {
  return section('Could not be looked at', missingLines(report).map(oneLine), paint)
}

/** Those with the same remedy together, and it below them. */
function linesOfRule(report: AuditReport, found: readonly AuditFinding[], paint: Paint): string[] {
  return [...Map.groupBy(found, (finding) => remedyOf(report, finding))].flatMap(([remedy, group]) => [
    ...group.map((finding) => findingLine(finding, paint)),
    `help: ${remedy}`
  ])
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines]
}

const styles: Readonly<Record<AuditFinding['level'], Style>> = {
  deny: 'red',
  warn: 'yellow',
  change: 'cyan',
  audit: 'cyan'
}

function findingLine({ level, change, object, reason, detail, children, pointer }: AuditFinding, paint: Paint): string {
  const fresh = change === 'new' ? ' new' : ''
  const pods = children === 0 ? '' : `, ${plural(children, 'pod')}`
  return `${paint(styles[level], level)}${fresh} ${oneLine(objectText(object))}${pods}: ${oneLine(`${reason} (${detail})`)} at ${oneLine(pointer)}`
}

const nodeHead = ['NODE', 'PIDS', 'USED', 'KUBEPODS', 'USED', 'FREE', 'BIGGEST POD']

function nodeCells({ node, host, kubepods, free, age, biggest, missing, withoutCeiling }: AuditNode): string[] {
  // Of a node that was not read, why; of one that was, no more than that its pods are not known.
  const unread = age === null ? missing[0] : withoutCeiling === null ? undefined : withoutCeilingTexts[withoutCeiling]
  const most = biggest === null ? (unread ?? '?') : `${biggest.namespace}/${biggest.name} (${biggest.pids})`
  return [node, ceilingText(host), usedText(host), ceilingText(kubepods), usedText(kubepods), limitText(free), most]
}

function usedText({ limit, inUse }: AuditNode['host']): string {
  return shareText(shareOf(inUse, limit))
}

const placeHead = ['NODE', 'IN PODS', 'UNKNOWN PODS', 'REST OF KUBEPODS', 'OUTSIDE', 'MOST']

function placeCells(node: AuditNode): string[] {
  const { pods, unknownPods, unexplained, outside } = node.places
  return [node.node, ...[pods, unknownPods, unexplained, outside].map((pids) => limitText(pids)), holdersText(node)]
}

const podHead = ['NAMESPACE', 'POD', 'PIDS', 'OF NODE', 'LIMIT', 'NODE', 'WORKLOAD']

function podCells({ namespace, name, pids, share, limit, node, workload }: AuditReport['pods'][number]): string[] {
  return [
    namespace,
    name,
    String(pids),
    shareText(share),
    limit === null ? '-' : String(limit),
    node,
    `${workload.kind}/${workload.name}`
  ]
}

const workloadHead = ['NAMESPACE', 'WORKLOAD', 'PIDS', 'PEAK POD', 'PODS', 'READ', 'NODES']

function workloadCells({ namespace, kind, name, ...counts }: AuditReport['workloads'][number]): string[] {
  const { pids, peak, pods, read, nodes } = counts
  return [namespace, `${kind}/${name}`, ...[pids, peak, pods, read, nodes].map(String)]
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  return alignedLines([head, ...rows.map((row) => row.map(oneLine))]).map(clipped)
}

function clipped(text: string): string {
  const line = oneLine(text)
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}

/** A terminal would obey control characters that an object brings along. */
function oneLine(text: string): string {
  return text.replaceAll('\n', ' ').replace(/[^\u0020-\u007e\u00a0-\u{10ffff}]/gu, '�')
}
