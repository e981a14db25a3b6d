import { code, escaped, findingTables, table } from '../markdown.ts'
import { objectText, plural } from '../validate-report.ts'
import { byLevel, findingsReportOf } from './as-validate-report.ts'
import type { AuditReport } from './audit-report.ts'
import { verdictOf } from './headline.ts'
import {
  ceilingText,
  countsText,
  firstStep,
  holdersText,
  limitText,
  missingLines,
  otherLines,
  scopeText,
  shareText,
  sinceLines
} from './phrases.ts'

/** Nodes and pods of a summary. */
const mostRows = 10

/** For an issue or a job summary: how it is, what to do first, the fullest nodes, then tables by rule. */
export function renderAuditMarkdown(report: AuditReport): string {
  const { source, takenAt, nodes, pods } = report
  const { headline, situations } = verdictOf(report)
  const parts = [
    `**${escaped(headline)}**`,
    ...situations.map(escaped),
    `### Audit of ${code(source.name)}, ${takenAt}`,
    escaped(scopeText(report)),
    escaped(countsText(report)),
    ...sinceLines(report),
    ...actionList(report),
    ...table(
      'Fullest nodes',
      ['node', 'PIDs', 'kubepods', 'used', 'free', 'outside of pods', 'most'],
      nodes
        .slice(0, mostRows)
        .map((row) => [
          code(row.node),
          ceilingText(row.host),
          ceilingText(row.kubepods),
          shareText(row.used),
          limitText(row.free),
          limitText(row.places.outside),
          row.age === null ? '?' : escaped(holdersText(row))
        ])
    ),
    ...table(
      'Biggest pods',
      ['pod', 'PIDs', 'of its node', 'node'],
      pods
        .slice(0, mostRows)
        .map(({ namespace, name, pids, share, node }) => [
          code(`${namespace}/${name}`),
          String(pids),
          shareText(share),
          code(node)
        ])
    ),
    ...findingTables(findingsReportOf(report, byLevel)),
    ...lines(report)
  ]
  return `${parts.join('\n\n')}\n`
}

function actionList(report: AuditReport): string[] {
  if (report.actions.length === 0) return []
  const items = report.actions.map((action, i) => {
    const { ruleId, objects, examples } = action
    const [worst] = examples
    const what = worst === undefined ? plural(objects, 'object') : `${objectText(worst.object)}: ${worst.detail}`
    const more = objects > 1 ? ` and ${objects - 1} more` : ''
    return `${i + 1}. ${code(ruleId)} ${escaped(`${what}${more}`)}. ${escaped(firstStep(report, action))}`
  })
  return ['#### What to do first', items.join('\n')]
}

function lines(report: AuditReport): string[] {
  const all = [...missingLines(report), ...otherLines(report)]
  return all.length === 0 ? [] : [all.map((line) => `- ${escaped(line)}`).join('\n')]
}
