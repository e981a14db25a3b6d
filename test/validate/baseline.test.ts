import t from 'tap'
import type { ReportFinding } from '../../src/report/validate-report.ts'
import { Baseline, readBaseline, renderBaseline } from '../../src/validate/baseline.ts'
import { someObject, somePlace } from '../support/reports.ts'

const entry = {
  rule: 'best-effort',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
  reason: 'old',
  expires: '2026-06-30'
}

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

void t.test('an entry counts to the end of its day', async (t) => {
  const lastMoment = Date.parse('2026-06-30T23:59:59.999Z')
  t.equal(new Baseline('b', [entry], lastMoment).accepts('best-effort', someObject), 'old')
  t.equal(new Baseline('b', [entry], lastMoment + 1).accepts('best-effort', someObject), undefined)
})

void t.test('an entry is for its rule and its object, whatever the version', async (t) => {
  const baseline = new Baseline('b', [entry], 0)
  t.equal(baseline.accepts('best-effort', { ...someObject, apiVersion: 'extensions/v1beta1' }), 'old')
  t.equal(baseline.accepts('host-pid', someObject), undefined)
  t.equal(baseline.accepts('best-effort', { ...someObject, name: 'other' }), undefined)
  t.equal(baseline.accepts('best-effort', { ...someObject, namespace: 'other' }), undefined)
})

void t.test('entries that expired or match nothing are told', async (t) => {
  const now = Date.parse('2026-06-01')
  const baseline = new Baseline('b.yaml', [entry, { ...entry, name: 'gone' }, { ...entry, expires: '2026-05-01' }], now)
  baseline.accepts('best-effort', someObject)
  t.strictSame(baseline.notes(), [
    'b.yaml: 1 entry has expired and no longer counts',
    'b.yaml: 1 entry matches no finding any more and can go'
  ])
})

void t.test('what is written can be read, each object once for each rule', async (t) => {
  const text = renderBaseline([finding('web'), finding('web'), finding('a "b" #c')], 'it: was #there', '2026-12-31')
  const accepted = await readBaseline(text, 'b.yaml')
  t.strictSame(accepted, [
    { ...entry, reason: 'it: was #there', expires: '2026-12-31' },
    { ...entry, name: 'a "b" #c', reason: 'it: was #there', expires: '2026-12-31' }
  ])
  t.strictSame(await readBaseline(renderBaseline([], 'r', '2026-12-31'), 'b.yaml'), [])
})

void t.test('all mistakes are told at once, each with its place', async (t) => {
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
`
  await t.rejects(readBaseline(text, 'b.yaml'), {
    code: 'ERR_BASELINE_INVALID',
    message: [
      'b.yaml:7:3: accepted[0].reason: expected text, found none',
      'b.yaml:8:3: accepted[0].expires: expected a day as 2026-12-31, found "2026-02-30"',
      'b.yaml:9:3: accepted[1]: expected an object with rule, kind, namespace, name, reason, expires, found a string',
      'b.yaml:10:65: accepted[2].namespace: expected text, found a number',
      'b.yaml:10:79: accepted[2].file: expected one of rule, kind, namespace, name, reason, expires'
    ].join('\n')
  })
})

void t.test('another document, no list and broken YAML are told', async (t) => {
  await t.rejects(readBaseline('kind: Pod\n', 'b.yaml'), { message: /^b\.yaml:1:1: expected apiVersion/ })
  await t.rejects(readBaseline('', 'b.yaml'), { message: /expected apiVersion/ })
  await t.rejects(readBaseline('apiVersion: pidguard.io/v1alpha1\nkind: Baseline\n', 'b.yaml'), {
    message: /accepted: expected a list, found nothing/
  })
  await t.rejects(readBaseline('a: b: c\n', 'b.yaml'), { message: /^b\.yaml:1:/ })
})
