import t from 'tap'
import type { Check } from '../../src/doctor/check.ts'
import { renderDoctor, unsound } from '../../src/doctor/render.ts'

const checks: readonly Check[] = [
  { about: 'policy', level: 'ok', found: 'valid', remedy: 'not shown where nothing is wrong' },
  { about: 'replicas', level: 'warn', found: '2 of 3 ready', remedy: 'Look at the log.' },
  { about: 'namespaces', level: 'info', found: '1 left out' }
]

void t.test('one line for each check, and what to do below it', async (t) => {
  const want = `ok     policy: valid
WARN   replicas: 2 of 3 ready
         Look at the log.
info   namespaces: 1 left out
0 errors, 1 warning
`
  t.equal(renderDoctor(checks, 'text'), want)
})

void t.test('as JSON it is the same', async (t) => {
  t.strictSame(JSON.parse(renderDoctor(checks, 'json')), { checks })
})

void t.test('errors always count, warnings where asked', async (t) => {
  const error: Check = { about: 'x', level: 'error', found: 'y' }
  t.strictSame(unsound(checks, 'error'), [])
  t.strictSame(
    unsound(checks, 'warn').map(({ level }) => level),
    ['warn']
  )
  t.strictSame(unsound([...checks, error], 'error'), [error])
  t.strictSame(unsound(checks.slice(0, 1), 'warn'), [])
})

void t.test('only some lines may be shown, and all are counted', async (t) => {
  const error: Check = { about: 'x', level: 'error', found: 'y' }
  t.equal(renderDoctor([...checks, error], 'text', [error]), 'ERROR  x: y\n1 error, 1 warning\n')
})
