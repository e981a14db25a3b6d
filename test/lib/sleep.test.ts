import t from 'tap'
import { pause } from '../../src/lib/sleep.ts'

void t.test('it waits for its span', async (t) => {
  const before = performance.now()
  await pause(20, new AbortController().signal)
  t.ok(performance.now() - before >= 18)
})

void t.test('an abort ends it at once, before it began too, and leaves nothing behind', async (t) => {
  const abort = new AbortController()
  const waiting = pause(60_000, abort.signal)
  abort.abort()
  await waiting
  await pause(60_000, abort.signal)
  t.pass('a timer left behind would keep this process alive')
})
