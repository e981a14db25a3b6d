import t from 'tap'
import { byLevel, byThreshold, findingsReportOf } from '../../../src/report/audit/as-validate-report.ts'
import { renderAuditJson } from '../../../src/report/audit/audit-report.ts'
import { renderAuditCsv } from '../../../src/report/audit/csv.ts'
import { renderAuditHtml } from '../../../src/report/audit/html/page.ts'
import { renderAuditMarkdown } from '../../../src/report/audit/markdown.ts'
import { reportObject, workloadReportsOf } from '../../../src/report/audit/policy-report.ts'
import { renderAuditText } from '../../../src/report/audit/text.ts'
import { renderJunit } from '../../../src/report/junit.ts'
import { renderSarif } from '../../../src/report/sarif.ts'
import { auditOf } from '../../support/audit-run.ts'
import { calicoObject, tigeraOperator } from '../../support/subjects.ts'

/** Says of these DaemonSets what their operator takes, in place of the remedy of the rule. */
const own = 'Set spec.iptablesBackend of the FelixConfiguration named default'
const ofRule = 'Set FELIX_IPTABLESBACKEND of container calico-node'

const report = await auditOf({
  objects: [
    calicoObject({ metadata: { name: 'calico-node', namespace: 'calico-system', ownerReferences: [tigeraOperator] } }),
    calicoObject({ metadata: { name: 'canal', namespace: 'kube-system' } })
  ]
})

t.test('a remedy of its own is with the finding and an action; that of the rule with the others', async (t) => {
  const ours = report.findings.filter(({ ruleId }) => ruleId === 'calico-iptables-backend')
  t.match(
    ours.map(({ object, remedy }) => [object.name, remedy?.startsWith(own)]),
    [
      ['calico-node', true],
      ['canal', undefined]
    ]
  )
  const actions = report.actions.filter(({ ruleId }) => ruleId === 'calico-iptables-backend')
  t.match(
    actions.map(({ examples, remedy }) => [examples[0]?.object.name, remedy?.startsWith(own)]),
    [
      ['canal', undefined],
      ['calico-node', true]
    ]
  )
})

const policyReports = [...workloadReportsOf(report).values()].map((each) =>
  reportObject(
    each,
    { apiVersion: 'openreports.io/v1alpha1', kind: 'Report', plural: 'reports', namespaced: true },
    'failures',
    'u',
    report.takenAt
  )
)
const formats = {
  text: renderAuditText(report),
  json: renderAuditJson(report),
  html: renderAuditHtml(report),
  markdown: renderAuditMarkdown(report),
  csv: renderAuditCsv(report),
  sarif: renderSarif(findingsReportOf(report, byLevel)),
  junit: renderJunit(findingsReportOf(report, byThreshold(report))),
  'policy reports': JSON.stringify(policyReports)
}

for (const [name, text] of Object.entries(formats)) {
  t.test(`${name} shows it`, async (t) => {
    t.match(text.replaceAll('\\', ''), own)
    // A PolicyReport has no place for the words of rules.
    if (name !== 'policy reports') t.match(text.replaceAll('\\', ''), ofRule)
  })
}

t.test('text and markdown put each remedy below its own findings', async (t) => {
  for (const text of [formats.text, formats.markdown.replaceAll('\\', '')]) {
    const lines = text.split('\n')
    const at = (part: RegExp): number => lines.findLastIndex((line) => part.test(line))
    const [operators, operatorsHelp] = [at(/calico-system\/calico-node.*left to detection/), at(new RegExp(own))]
    const [ours, oursHelp] = [at(/kube-system\/canal.*left to detection/), at(new RegExp(ofRule))]
    t.ok(operators < operatorsHelp && ours < oursHelp, text)
    t.equal(operatorsHelp < ours, operators < oursHelp, 'each before the findings of the other')
  }
})
