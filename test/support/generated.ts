// Writes, or with --check compares, the files that are made from the code.
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderPolicySchema } from '../../src/commands/policy.ts'
import { renderCliDocs, renderHelp } from '../../src/commands/program/whole-program.ts'
import { emit } from '../../src/emit/emit.ts'
import { rulesAnnotation } from '../../src/emit/emitted-object.ts'
import { renderEmitted } from '../../src/emit/render.ts'
import { newestMinor } from '../../src/kubernetes/server-version.ts'
import { defaultPolicyText } from '../../src/policy/document/default-document.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { defaultPolicy } from '../../src/policy/policy-of-document.ts'
import { byLevel, byThreshold, findingsReportOf } from '../../src/report/audit/as-validate-report.ts'
import { renderAuditJson } from '../../src/report/audit/audit-report.ts'
import { renderAuditCsv } from '../../src/report/audit/csv.ts'
import { renderAuditHtml } from '../../src/report/audit/html/page.ts'
import { renderAuditMarkdown } from '../../src/report/audit/markdown.ts'
import { renderAuditText } from '../../src/report/audit/text.ts'
import { renderGithub } from '../../src/report/github.ts'
import { renderJson } from '../../src/report/json.ts'
import { renderJunit } from '../../src/report/junit.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { renderSarif } from '../../src/report/sarif.ts'
import { coloured, renderText } from '../../src/report/text.ts'
import { renderRulesDoc, renderRulesTable } from '../../src/rules/docs/readme.ts'
import { policyRules as rules } from '../../src/rules/index.ts'
import { readTested, renderTestedTable, renderTestedVersions } from '../e2e/support/tested.ts'
import { auditJsonSchema } from './audit-schema.ts'
import { cleanAudit, fullAudit } from './audits.ts'
import { renderBrowserScript, scriptPath } from './browser-script.ts'
import { dashboardPath, renderDashboard } from './dashboard.ts'
import { exportedMetrics } from './exported-metrics.ts'
import { findingsJsonSchema } from './findings-schema.ts'
import { withFloors } from './floors.ts'
import { withBlock } from './generated-block.ts'
import { renderReportPicture } from './report-picture.ts'
import { cleanReport, fullReport } from './reports.ts'
import { renderRights } from './rights.ts'

/** A row for each metric of ours, with its help text as a scrape has it. */
async function renderMetricsTable(): Promise<string> {
  const text = await exportedMetrics()
  const kinds = new Map([...text.matchAll(/^# TYPE (pidguard_\w+) (\w+)$/gm)].map(([, name, kind]) => [name, kind]))
  const rows = new Set(
    [...text.matchAll(/^# HELP (pidguard_\w+) (.*)$/gm)]
      .map(([, name, help = '']) => `| \`${name}\` | ${kinds.get(name)} | ${help.replaceAll('|', '\\|')} |`)
      .toSorted()
  )
  return ['', '| metric | type | says |', '|---|---|---|', ...rows, '', ''].join('\n')
}

const root = join(import.meta.dirname, '../..')
const tested = readTested()

/** Where a roll-out starts: what would be denied or changed is only told. */
const observing = rules.map((rule) => ({
  ...rule,
  defaultMode: rule.defaultMode === 'enforce' ? ('warn' as const) : rule.defaultMode
}))
const observeHead = '# The default policy, with warn for enforce: nothing is denied and nothing is changed.\n'

/** The component fallback: the shipped policy has no exemption, so no day changes it. */
function renderFallback(): string {
  const options = { server: newestMinor, fallback: true, noLimitRanges: false, fillPods: false, static: undefined }
  return renderEmitted(emit(defaultPolicy(rules), rules, options, 0), 'pidguard emit --fallback')
}

/** The rules that the fallback has, where the policy names a backend. */
const holding = new Set(
  emit(
    readPolicy('{apiVersion: pidguard.io/v1alpha1, kind: PidGuardPolicy, spec: {calico: {iptablesBackend: NFT}}}', {
      rules,
      source: 'generated.ts'
    }),
    rules,
    { server: newestMinor, fallback: true, noLimitRanges: false, fillPods: false, static: undefined },
    0
  ).objects.flatMap(({ metadata }) => (metadata.annotations[rulesAnnotation] ?? '').split(','))
)

/** Generated files by their path in the repository. */
export const generated: Readonly<Record<string, string>> = {
  'README.md': withBlock(
    withBlock(
      readFileSync(join(root, 'README.md'), 'utf8'),
      '<!-- The rules: made by npm run docs. -->\n',
      '<!-- End of the rules. -->',
      renderRulesTable(rules, holding)
    ),
    '<!-- Tested versions: made by npm run docs from test/e2e/tested.json. -->\n',
    '<!-- End of the tested versions. -->',
    renderTestedVersions(tested)
  ),
  'docs/kubernetes.md': withBlock(
    readFileSync(join(root, 'docs/kubernetes.md'), 'utf8'),
    '<!-- The tests by version: made by npm run docs from test/e2e/tested.json. -->\n',
    '<!-- End of the tests by version. -->',
    `\n${renderTestedTable(tested)}\n`
  ),
  ...Object.fromEntries(Object.entries(renderCliDocs()).map(([path, text]) => [`docs/${path}`, text])),
  'docs/monitoring.md': withBlock(
    readFileSync(join(root, 'docs/monitoring.md'), 'utf8'),
    '<!-- The metrics: made by npm run docs. -->\n',
    '<!-- End of the metrics. -->',
    await renderMetricsTable()
  ),
  'src/README.md': withFloors(readFileSync(join(root, 'src/README.md'), 'utf8')),
  'src/rules/README.md': renderRulesDoc(rules),
  'docs/rights.md': renderRights(),
  'docs/report.svg': renderReportPicture(),
  'src/commands/help-text.generated.ts': `// Made by npm run docs.\n\n/** What \`pidguard --help\` prints. */\nexport const helpText = \`${renderHelp().trimEnd()}\`\n`,
  'manifests/policy.schema.json': renderPolicySchema(),
  'manifests/policy.yaml': `# yaml-language-server: $schema=policy.schema.json\n${defaultPolicyText(rules)}`,
  // Kustomize reads no file outside the folder it renders.
  'manifests/base/policy.yaml': defaultPolicyText(rules),
  'manifests/overlays/observe/policy.yaml': `${observeHead}${defaultPolicyText(observing)}`,
  'manifests/findings.schema.json': `${JSON.stringify(findingsJsonSchema(), null, 2)}\n`,
  'manifests/audit.schema.json': `${JSON.stringify(auditJsonSchema(), null, 2)}\n`,
  'manifests/components/fallback/policies.yaml': renderFallback(),
  [dashboardPath]: renderDashboard(),
  'test/golden/audit.json': renderAuditJson(fullAudit()),
  'test/golden/audit.clean.json': renderAuditJson(cleanAudit()),
  [scriptPath]: renderBrowserScript(),
  'test/golden/audit.html': renderAuditHtml(fullAudit()),
  'test/golden/audit.clean.html': renderAuditHtml(cleanAudit()),
  'test/golden/audit.txt': renderAuditText(fullAudit()),
  'test/golden/audit.clean.txt': renderAuditText(cleanAudit()),
  'test/golden/audit.md': renderAuditMarkdown(fullAudit()),
  'test/golden/audit.csv': renderAuditCsv(fullAudit()),
  'test/golden/audit.sarif': renderSarif(findingsReportOf(fullAudit(), byLevel)),
  'test/golden/audit.junit.xml': renderJunit(findingsReportOf(fullAudit(), byThreshold(fullAudit()))),
  'test/golden/report.txt': renderText(fullReport()),
  'test/golden/report.ansi.txt': renderText(fullReport(), coloured),
  'test/golden/report.clean.txt': renderText(cleanReport()),
  'test/golden/report.json': renderJson(fullReport()),
  'test/golden/report.sarif': renderSarif(fullReport()),
  'test/golden/report.junit.xml': renderJunit(fullReport()),
  'test/golden/report.clean.junit.xml': renderJunit(cleanReport()),
  'test/golden/report.github.txt': renderGithub(fullReport()),
  'test/golden/report.md': renderMarkdown(fullReport()),
  'test/golden/report.clean.md': renderMarkdown(cleanReport())
}

/** The paths whose file is not what the code makes today. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = []
  for (const [path, text] of Object.entries(generated)) {
    const held = await readFile(join(root, path), 'utf8').catch(() => undefined)
    if (held !== text) stale.push(path)
  }
  return stale
}

if (import.meta.main) {
  const stale = await staleFiles()
  if (process.argv.includes('--check')) {
    for (const path of stale) console.error(`${path} is not what the code makes; run npm run docs and read the diff`)
    process.exitCode = stale.length === 0 ? 0 : 1
  } else {
    for (const path of stale) await writeFile(join(root, path), generated[path] as string)
    console.log(stale.length === 0 ? 'nothing to write' : `written: ${stale.join(', ')}`)
  }
}
