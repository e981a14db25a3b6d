import t from 'tap'
import { renderAuditText, renderQuietAudit } from '../../../src/report/audit/text.ts'
import { coloured } from '../../../src/report/text.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

t.test('the summary fits a screen, whatever there is', async (t) => {
  const full = fullAudit()
  const [action] = full.actions
  const [node] = full.nodes
  if (action === undefined || node === undefined) throw new Error('expected an action and a node')
  const much = {
    ...full,
    actions: Array.from({ length: 20 }, () => action),
    nodes: Array.from({ length: 50 }, (_, at) => ({
      ...node,
      free: -1,
      tightest: at % 2 ? ('node' as const) : ('kubepods' as const)
    }))
  }
  const lines = renderAuditText(much).split('\n')
  const summary = lines.slice(0, lines.indexOf('BestEffort pods [best-effort]'))
  t.ok(summary.length <= 25, `${summary.length} lines`)
  for (const line of summary) t.ok(line.length <= 120, line)
})

t.test('who exploded comes first, then what to do', async (t) => {
  const lines = renderAuditText(fullAudit()).split('\n')
  const at = lines.indexOf('What to do first')
  t.match(lines[at + 1], /^ 1\. pod-thread-outlier: Deployment shop\/hog: .*502 of 1500/)
  t.equal(lines[at + 2], '    What to do about Thread outliers.')
})

t.test('nothing of an object reaches the terminal as a command', async (t) => {
  const [first] = fullAudit().findings
  if (first === undefined) throw new Error('expected a finding')
  const nasty = '\u001b]0;x\u0007\r\n\u0000'
  const object = { ...first.object, name: nasty }
  const report = {
    ...fullAudit(),
    findings: [{ ...first, object, detail: nasty, pointer: nasty }],
    gaps: [{ part: nasty, reason: nasty, detail: nasty, nodes: null }],
    notes: [nasty]
  }
  const controls = [...renderAuditText(report)].filter((character) => character < ' ' && character !== '\n')
  t.strictSame(controls, [])
})

t.test('a clean report says so, in colour too', async (t) => {
  t.match(renderAuditText(cleanAudit()), /0 findings/)
  t.notMatch(renderAuditText(cleanAudit()), /not complete/)
  t.match(renderAuditText(cleanAudit(), coloured), '\u001b[32m0 findings')
})

t.test('it begins with the verdict: which node is close to which incident', async (t) => {
  const [node, ...others] = fullAudit().nodes
  if (node === undefined) throw new Error('expected a node')
  const report = { ...fullAudit(), nodes: [{ ...node, free: -1, committed: null }, ...others] }
  t.strictSame(renderAuditText(report).split('\n').slice(0, 2), [
    'Act now: node-a is one burst away from running out of PIDs.',
    'At the kubepods ceiling, where pods fail to fork although the node looks empty: node-a.'
  ])
})

t.test('quiet, a report is what makes the exit code, and nothing where that is 0', async (t) => {
  const full = { ...fullAudit(), exitCode: 1 }
  const quiet = renderQuietAudit(full)
  const lines = quiet.trimEnd().split('\n')
  const whole = renderAuditText(full)
  t.match(lines[0], /\]$/)
  for (const { ruleId, pointer } of full.findings)
    t.ok(quiet.includes(`[${ruleId}]`) && quiet.includes(pointer), ruleId)
  t.match(quiet, 'Could not be looked at')
  t.match(quiet, /\d+ findings?/)
  for (const line of lines) t.ok(line === '' || whole.includes(line), line)
  t.notMatch(quiet, /Biggest pods|Besides|What to do first/)
  t.equal(renderQuietAudit({ ...full, exitCode: 0 }), '')
  const gapOnly = { ...cleanAudit(), exitCode: 4, gaps: full.gaps }
  t.match(renderQuietAudit(gapOnly), /^Could not be looked at\n/)
})
