// What makes the exit code is to be read in every format, at every threshold.
import t from 'tap'
import { stringify } from 'yaml'
import { renderGithub } from '../../src/report/github.ts'
import { renderJson } from '../../src/report/json.ts'
import { renderJunit } from '../../src/report/junit.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { renderSarif } from '../../src/report/sarif.ts'
import { renderText, withoutCommands } from '../../src/report/text.ts'
import type { FailOn, Report } from '../../src/report/validate-report.ts'
import { deployment, validateTexts } from '../support/files.ts'
import { calicoObject, podObject } from '../support/subjects.ts'

const withRequests = stringify(podObject({ containers: [{ name: 'a', resources: { requests: { cpu: 1 } } }] }))
const inputs: Readonly<Record<string, string>> = {
  deny: deployment('web'),
  warn: stringify(calicoObject({ spec: { updateStrategy: { type: 'OnDelete' } } })),
  change: withRequests,
  problem: deployment('web', { resources: '{requests: {cpu: one}}' }),
  clean: deployment('web', { resources: '{requests: {cpu: 1}}' })
}

/** How often each format says that something fails. */
const failures: Readonly<Record<string, (report: Report) => number>> = {
  text: (report) => renderText(report).match(/^(error|deny|warn|audit|change|failed)\b/gm)?.length ?? 0,
  json: (report) => {
    const { findings, changes, problems, faults } = JSON.parse(renderJson(report)) as Record<string, unknown[]>
    return [findings, changes, problems, faults].flat().length
  },
  junit: (report) => renderJunit(report).match(/<(failure|error) /g)?.length ?? 0,
  github: (report) => renderGithub(report).match(/^::(error|warning|notice file=)/gm)?.length ?? 0,
  markdown: (report) => renderMarkdown(report).match(/^\| (?!---|\| object|where|object)/gm)?.length ?? 0,
  sarif: (report) => {
    const { results, invocations } = JSON.parse(renderSarif(report)).runs[0]
    const notifications = invocations[0].toolExecutionNotifications as { level: string }[]
    return results.length + notifications.filter(({ level }) => level === 'error').length
  }
}

for (const [kind, text] of Object.entries(inputs)) {
  for (const failOn of ['never', 'deny', 'warn', 'change', 'audit'] satisfies FailOn[]) {
    void t.test(`${kind} under --fail-on ${failOn}`, async (t) => {
      const report = await validateTexts({ 'a.yaml': text }, { failOn })
      for (const [format, count] of Object.entries(failures)) {
        if (report.exitCode !== 0) t.ok(count(report) > 0, `${format} shows what made exit code ${report.exitCode}`)
        else if (format === 'junit') t.equal(count(report), 0, 'a run that passes has no test that fails')
      }
      t.equal(/### pidguard: fine/.test(renderMarkdown(report)), report.exitCode === 0)
    })
  }
}

void t.test('a run that checked nothing is called that, not fine', async (t) => {
  const report = await validateTexts({ 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' })
  t.equal(report.exitCode, 0)
  t.match(renderMarkdown(report), /^### pidguard: nothing checked/)
  t.match(renderJunit(report), /tests="1" failures="0" errors="0" skipped="1"/)
})

void t.test('what standard input was made from is where SARIF and GitHub point', async (t) => {
  const rendered = `---\n# Source: web/templates/deployment.yaml\n${deployment('web')}`
  const report = await validateTexts({ '-': rendered })
  t.match(renderGithub(report), /^::error file=web\/templates\/deployment\.yaml,title=/m)
  const [result] = JSON.parse(renderSarif(report)).runs[0].results
  t.strictSame(result.locations[0].physicalLocation, { artifactLocation: { uri: 'web/templates/deployment.yaml' } })
  t.match(result.message.text, /\(stdin:12:9 \(made from web\/templates\/deployment\.yaml\)\)$/)
  for (const render of [renderJunit, renderMarkdown, renderText]) {
    t.match(render(report), /made from web\/templates\/deployment\.yaml/)
  }
})

void t.test('the name of a file writes no lines and no escapes of its own, in any format', async (t) => {
  const report = await validateTexts({ 'a\n::error::x\u001b[31m\r.yaml': deployment('web') })
  for (const render of [renderText, renderJunit, renderMarkdown, renderGithub, renderSarif]) {
    const printed = render(report)
    t.ok(!printed.includes('\u001b'), render.name)
    t.notMatch(printed, /^::error::x/m, render.name)
    t.ok(!printed.includes('\r'), render.name)
  }
})

void t.test('text from manifests writes no lines, no escapes and no commands of its own', async (t) => {
  const name = JSON.stringify('a\n::stop-commands::x\u001b[31m')
  const text = `# Source: b\u001b[0m.yaml\n${deployment('web')}`.replace('name: web', `name: ${name}`)
  const report = await validateTexts({ 'a\n::x.yaml': text.replaceAll('\u001b', '') })
  const printed = renderText(report)
  t.notMatch(printed, /^::/m)
  t.ok(!printed.includes('\u001b'))
  t.equal(
    withoutCommands('  ::error::x ##[add-mask]y\n::z a::b\n'),
    '  :\u200b:error::x ##\u200b[add-mask]y\n:\u200b:z a::b\n'
  )
})
