import { createHash } from 'node:crypto'
import type { AuditReport } from '../audit-report.ts'
import { html, Markup } from './markup.ts'
import { script } from './script.generated.ts'
import { calico } from './sections/calico.ts'
import { since } from './sections/changes.ts'
import { findings } from './sections/findings.ts'
import { nodes } from './sections/nodes.ts'
import { ruleTexts, unseen } from './sections/not-checked.ts'
import { pods } from './sections/pods.ts'
import { recommendations } from './sections/recommendations.ts'
import { first } from './sections/summary.ts'
import { style } from './style.ts'

/**
 * The report as one HTML file, for people: with charts, and tables that can be sorted and filtered. It asks for nothing
 * outside of itself, may be read with scripts off, and stays under 5 MB for any cluster: tables keep what
 * fits their share of that, and say what they leave to the JSON report. The same report makes the same file.
 */
export function renderAuditHtml(report: AuditReport): string {
  const { source, takenAt, policy, version } = report
  const what = source.kind === 'cluster' ? 'cluster' : 'dump'
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>PID audit of ${source.name}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#first">To what to do first</a>
<header>
<h1>PID audit of ${what} <bdi>${source.name}</bdi></h1>
<p>Taken <time datetime="${takenAt}">${takenAt.slice(0, 19).replace('T', ' ')} UTC</time>. ${readingsOf(source.readings)}
Policy: <bdi>${policy}</bdi>. pidguard ${version}.</p>
<nav aria-label="Parts of this report"><a href="#first">Do first</a> ${
    report.since === null ? undefined : html`<a href="#since">Changes</a>`
  } <a href="#nodes">Nodes</a> <a href="#pods">Pods</a> <a href="#advice">Settings</a> ${report.calico.length === 0 ? undefined : html`<a href="#calico">Calico</a>`} <a href="#findings">Findings</a> <a href="#unseen">Not looked at</a> <a href="#rules">Rules</a></nav>
</header>
<main>
${first(report)}
${since(report)}
${nodes(report)}
${pods(report)}
${recommendations(report)}
${calico(report)}
${findings(report)}
${unseen(report)}
${ruleTexts(report.rules)}
</main>
<footer><p>Everything this page was made from is in the JSON report: <code>pidguard audit -o json</code>.</p></footer>
<script type="module">${new Markup(script)}</script>
</body>
</html>
`
  return page.text
}

function readingsOf(readings: AuditReport['source']['readings']): string {
  return readings === null ? 'What nodes use was not read.' : `What nodes use was read from: ${readings}.`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
