import t from 'tap'
import type { ReportFinding } from '../../src/report/validate-report.ts'
import { renderBaseline } from '../../src/validate/baseline.ts'
import { readBaseline } from '../../src/validate/read-baseline.ts'
import { someEntry, someObject, somePlace } from '../support/reports.ts'

function finding(name: string): ReportFinding {
  return {
    ruleId: 'best-effort',
    action: 'deny',
    reason: 'r',
    detail: 'd',
    remedy: 'm',
    pointer: '',
    object: { ...someObject, name },
    place: somePlace
  }
}

void t.test('what is written can be read, each object once for each rule', async (t) => {
  const text = renderBaseline([finding('web'), finding('web'), finding('a "b" #c')], 'it: was #there', '2026-12-31')
  const accepted = readBaseline(text, 'b.yaml')
  t.strictSame(accepted, [
    { ...someEntry, reason: 'it: was #there', expires: '2026-12-31' },
    { ...someEntry, name: 'a "b" #c', reason: 'it: was #there', expires: '2026-12-31' }
  ])
  t.strictSame(readBaseline(renderBaseline([], 'r', '2026-12-31'), 'b.yaml'), [])
})

void t.test('all mistakes are reported at once, each with its place', async (t) => {
  const text = `apiVersion: pidguard.io/v1alpha1
kind: Baseline
accepted:
- rule: best-effort
  kind: Pod
  name: a
  reason: ""
  expires: 2026-02-30
- text
- {rule: x, kind: Pod, name: a, reason: r, expires: 2026-12-31, namespace: 7, file: a.yaml}
- {kind: Pod, name: a, reason: r, expires: 2026-12-31}
`
  t.throws(() => readBaseline(text, 'b.yaml'), {
    code: 'ERR_BASELINE_INVALID',
    message: [
      'b.yaml:7:3: accepted[0].reason: expected some text, found ""',
      'b.yaml:8:3: accepted[0].expires: expected a day as 2026-12-31, found "2026-02-30"',
      'b.yaml:9:3: accepted[1]: expected a mapping, found "text"',
      'b.yaml:10:65: accepted[2].namespace: expected a namespace, found 7',
      'b.yaml:10:79: accepted[2].file: no such field; did you mean rule?',
      'b.yaml:11:3: accepted[3].rule: expected some text, which is missing'
    ].join('\n')
  })
})

void t.test('another document, no list and broken YAML are refused', async (t) => {
  t.throws(() => readBaseline('kind: Pod\n', 'b.yaml'), { message: /^b\.yaml:1:1: apiVersion: expected pidguard/ })
  t.throws(() => readBaseline('', 'b.yaml'), { message: /the document is empty; expected a Baseline/ })
  t.throws(() => readBaseline('apiVersion: pidguard.io/v1alpha1\nkind: Baseline\n', 'b.yaml'), {
    message: /accepted: expected a list of accepted findings, which is missing/
  })
  t.throws(() => readBaseline('a: b: c\n', 'b.yaml'), { message: /^b\.yaml:1:/ })
})
