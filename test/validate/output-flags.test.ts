import t from 'tap'
import { formats, isDay, readDay, readNamespaceLabels, readOutputs } from '../../src/validate/output-flags.ts'

void t.test('text on standard output where nothing is asked for', async (t) => {
  t.strictSame(readOutputs([], formats), [{ format: 'text', file: undefined }])
})

void t.test('several formats at once, one of them on standard output', async (t) => {
  t.strictSame(readOutputs(['github', 'sarif=out/a=b.sarif'], formats), [
    { format: 'github', file: undefined },
    { format: 'sarif', file: 'out/a=b.sarif' }
  ])
})

void t.test('two formats on standard output, no file and no format are told', async (t) => {
  t.throws(() => readOutputs(['text', 'json'], formats), { code: 'ERR_USAGE', message: /found text and json/ })
  t.throws(() => readOutputs(['sarif='], formats), { code: 'ERR_USAGE', message: /found "sarif="/ })
  t.throws(() => readOutputs(['xml'], formats), { code: 'ERR_USAGE', message: /expected text, json, sarif/ })
})

void t.test('labels of namespaces are read, and what is none is told', async (t) => {
  t.strictSame(
    [...readNamespaceLabels(['shop:team=a,env=', 'kube-system:x/y=z'])],
    [
      ['shop', { team: 'a', env: '' }],
      ['kube-system', { 'x/y': 'z' }]
    ]
  )
  for (const text of ['shop', ':a=b', 'shop:a', 'shop:a=b,=c', 'shop:a=b=c']) {
    t.throws(() => readNamespaceLabels([text]), { code: 'ERR_USAGE', message: /expected name:key=value/ })
  }
})

void t.test('a day is one of the calendar', async (t) => {
  t.equal(readDay('2028-02-29'), '2028-02-29')
  for (const text of ['2027-02-29', '2027-13-01', '27-01-01', 'tomorrow', '2027-01-01T00:00']) {
    t.equal(isDay(text), false)
    t.throws(() => readDay(text), { code: 'ERR_USAGE' })
  }
})
