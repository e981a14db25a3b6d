import t from 'tap'
import { failOns, fails, objectText, placeText, plural, summaryOf } from '../../src/report/validate-report.ts'
import { cleanReport, fullReport, someObject, somePlace } from '../support/reports.ts'

void t.test('each threshold includes those before it', async (t) => {
  const what = ['deny', 'warn', 'change', 'audit'] as const
  t.strictSame(
    failOns.map((failOn) => what.filter((action) => fails(failOn, action))),
    [[], ['deny'], ['deny', 'warn'], ['deny', 'warn', 'change'], [...what]]
  )
})

void t.test('a place is what editors jump to, a whole file has no line', async (t) => {
  t.equal(placeText(somePlace), 'shop/web deploy.yaml:12:9')
  t.equal(placeText({ ...somePlace, line: 0 }), 'shop/web deploy.yaml')
})

void t.test('an object is named as far as it is known', async (t) => {
  t.equal(objectText(someObject), 'Deployment shop/web')
  t.equal(objectText({ ...someObject, namespace: '' }), 'Deployment web')
  t.equal(objectText({ apiVersion: '', kind: '', namespace: '', name: '' }), 'object')
})

void t.test('one and many are told apart', async (t) => {
  t.equal(plural(1, 'file'), '1 file')
  t.equal(plural(0, 'file'), '0 files')
  t.equal(plural(2, 'entry', 'entries'), '2 entries')
})

void t.test('the summary counts what is there', async (t) => {
  t.equal(
    summaryOf(fullReport()),
    '2 files, 12 objects, 5 checked; 1 would be denied, 1 warning; 1 would be changed; 1 for the audit log; 1 accepted by the baseline; 1 failed rule; 2 problems'
  )
  t.equal(summaryOf(cleanReport()), '1 file, 1 object, 1 checked; 0 would be denied, 0 warnings')
})
