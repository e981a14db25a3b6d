import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { logLines } from '../e2e/support/processes.ts'
import { until, untilIs } from '../e2e/support/wait.ts'

const saw = async () => 'the end of its log'

void t.test('a wait that gives up says what there is in the place of what it waits for', async (t) => {
  await t.rejects(
    until('a thing', () => false, 0, saw),
    { message: 'a thing: not within 0 ms\nthe end of its log' }
  )
  await t.rejects(
    until('a thing', () => false, 0),
    { message: 'a thing: not within 0 ms' }
  )
})

void t.test('the same where the question itself fails', async (t) => {
  const ask = () => Promise.reject(new Error('connection refused'))
  const message = 'connection refused\nthe end of its log'
  await t.rejects(until('a thing', ask, 0, saw), { message, cause: { message: 'connection refused' } })
  await t.rejects(untilIs('a count', ask, 1, saw), {
    message: 'a count: wanted 1, found undefined; connection refused\nthe end of its log'
  })
})

void t.test('an error is not lost where nothing can be seen', async (t) => {
  const blind = () => Promise.reject(new Error('no such file'))
  await t.rejects(
    until('a thing', () => false, 0, blind),
    { message: /^a thing: not within 0 ms\n.* could not be read: Error: no such file$/ }
  )
})

void t.test('nothing is asked where the wait ends well', async (t) => {
  const never = () => t.fail('was asked')
  t.equal(await until('a thing', () => 7, 0, never as never), 7)
})

void t.test('the end of a log is its last lines, without control characters', async (t) => {
  const file = join(t.testdir(), 'log')
  writeFileSync(file, `first\nsecond\u001b[2J\u0000x\n\tthird\n${'y'.repeat(5_000)}\n`)
  t.strictSame(logLines(file, 3), ['second [2J x', '\tthird', 'y'.repeat(1_000)])
  writeFileSync(file, '')
  t.strictSame(logLines(file, 3), [''])
})
