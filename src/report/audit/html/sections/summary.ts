import { objectText, type RuleText } from '../../../validate-report.ts'
import { type AuditAction, type AuditReport, auditLevels, type LevelCounts } from '../../audit-report.ts'
import { fullestNode, missingOf, usedOf, verdictOf } from '../../headline.ts'
import { firstStep, remedyOf } from '../../phrases.ts'
import { levelWords } from '../cells.ts'
import { html, type Markup, prose } from '../markup.ts'
import { counted, grouped } from '../number-text.ts'

/** The first screen: how it is, what to do first, and the figures behind it. */
export function first(report: AuditReport): Markup {
  const { tone, headline, situations, details } = verdictOf(report)
  return html`<section class="verdict v-${tone}" aria-label="Verdict">
<p class="headline">${headline}</p>
${[...situations, ...details].map((detail) => html`<p>${detail}</p>`)}
</section>
<div class="split">
<section aria-labelledby="first">
<h2 id="first">Do this first</h2>
${actions(report)}
</section>
<aside aria-label="Figures">
${figures(report)}
<h2>What this is about</h2>
<p>On Linux every thread takes a PID. A node has a ceiling for them, and so has kubepods, the cgroup of all its pods
together. At either ceiling nothing new can start there: no pod, no health check, no network, and at that of the node
not even a login.</p>
</aside>
</div>`
}

/** Actions shown in full; the others open on a click. */
const mostOpen = 3

function actions({ actions, rules }: AuditReport): Markup {
  if (actions.length === 0) return html`<p>Nothing was found that asks for work.</p>`
  const texts = new Map(rules.map((rule) => [rule.id, rule]))
  return html`<ol class="actions">
${actions.map((action, at) => html`<li>${oneAction(action, texts.get(action.ruleId), at < mostOpen)}</li>\n`)}</ol>`
}

function oneAction(action: AuditAction, rule: RuleText | undefined, isOpen: boolean): Markup {
  const { ruleId, objects, examples } = action
  const report = { rules: rule === undefined ? [] : [rule] }
  const what = firstStep(report, action)
  const more = remedyOf(report, action).slice(what.length).trim()
  const left = objects - examples.length
  const where = html`<ul class="examples">${examples.map(
    ({ object, detail }) => html`<li><bdi class="object">${objectText(object)}</bdi> <bdi>${detail}</bdi></li>`
  )}</ul>
<p class="links"><a href="#findings" data-show="findings-table" data-column="Rule" data-value="${ruleId}">${
    left > 0 ? `and ${counted(left, 'more object')}` : 'Show it in the findings'
  }</a></p>`
  const why = html`<p class="why">${prose(more)}${more === '' ? '' : ' '}<b>Why:</b> ${prose(rule?.why ?? 'the report does not say.')}</p>`
  const about = html`<span class="rule">${rule?.title ?? ruleId} · ${counted(objects, 'object')}</span>`
  return isOpen
    ? html`<h3>${prose(what || ruleId)}</h3>${about}${where}${why}`
    : html`<details><summary><b>${prose(what || ruleId)}</b> ${about}</summary>${where}${why}</details>`
}

function figures(report: AuditReport): Markup {
  const { summary, nodes } = report
  const [fullest, ceiling] = fullestNode(nodes) ?? []
  return html`<h2>Figures</h2>
<dl class="figures">
<div><dt>Fullest node</dt><dd>${
    fullest === undefined || ceiling === undefined
      ? html`<span class="t-unknown">unknown</span>`
      : html`<bdi>${fullest.node}</bdi>: ${usedOf(fullest, ceiling)}, ${ceiling} ceiling`
  }</dd></div>
<div><dt>Nodes read</dt><dd>${grouped(summary.nodesRead)} of ${grouped(summary.nodes)}</dd></div>
<div><dt>Pods whose PIDs are known</dt><dd>${grouped(summary.podsRead)} of ${grouped(summary.pods)}</dd></div>
<div><dt>Findings on ${counted(summary.checked, 'object')} in ${counted(summary.namespaces, 'namespace')}</dt><dd>${levelsOf(summary.levels)}</dd></div>
<div><dt>Not looked at</dt><dd>${
    missingOf(report) === '' ? 'nothing was left out' : html`<a href="#unseen">${missingOf(report)}</a>`
  }</dd></div>
</dl>`
}

function levelsOf(levels: LevelCounts): string {
  const parts = auditLevels
    .filter((level) => levels[level] > 0)
    .map((level) => `${grouped(levels[level])} ${levelWords[level]}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}
