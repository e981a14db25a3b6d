import t from 'tap'
import type { Check } from '../../src/doctor/check.ts'
import { isUnsound, renderDoctor } from '../../src/doctor/render.ts'

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
  t.equal(isUnsound(checks, 'error'), false)
  t.equal(isUnsound(checks, 'warn'), true)
  t.equal(isUnsound([...checks, error], 'error'), true)
  t.equal(isUnsound(checks.slice(0, 1), 'warn'), false)
})
