import t from 'tap'
import { Baseline } from '../../src/validate/baseline.ts'
import { someEntry, someObject } from '../support/reports.ts'

void t.test('an entry counts to the end of its day', async (t) => {
  const lastMoment = Date.parse('2026-06-30T23:59:59.999Z')
  t.equal(new Baseline('b', [someEntry], lastMoment).accepts('best-effort', someObject), 'old')
  t.equal(new Baseline('b', [someEntry], lastMoment + 1).accepts('best-effort', someObject), undefined)
})

void t.test('an entry is for its rule and its object, whatever the version', async (t) => {
  const baseline = new Baseline('b', [someEntry], 0)
  t.equal(baseline.accepts('best-effort', { ...someObject, apiVersion: 'extensions/v1beta1' }), 'old')
  t.equal(baseline.accepts('host-pid', someObject), undefined)
  t.equal(baseline.accepts('best-effort', { ...someObject, name: 'other' }), undefined)
  t.equal(baseline.accepts('best-effort', { ...someObject, namespace: 'other' }), undefined)
})

void t.test('entries that expired or match nothing are reported', async (t) => {
  const now = Date.parse('2026-06-01')
  const baseline = new Baseline(
    'b.yaml',
    [someEntry, { ...someEntry, name: 'gone' }, { ...someEntry, expires: '2026-05-01' }],
    now
  )
  baseline.accepts('best-effort', someObject)
  t.strictSame(baseline.notes(), [
    'b.yaml: 1 entry has expired and no longer counts',
    'b.yaml: 1 entry matches no finding any more and can go'
  ])
})
