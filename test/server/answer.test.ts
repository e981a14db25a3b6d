import t from 'tap'
import { reporting } from '../../src/server/answer.ts'
import { fakeLog } from '../support/fakes.ts'

void t.test('a report does its work when it is called, and each time', async (t) => {
  let done = 0
  const report = reporting(fakeLog(), () => done++)
  t.equal(done, 0)
  report()
  report()
  t.equal(done, 2)
})

void t.test('a report that fails is told, and throws nothing', async (t) => {
  const log = fakeLog()
  reporting(log, () => {
    throw new Error('broken')
  })()
  t.match(log.lines, [{ level: 'error', message: 'review not reported', fields: { err: /broken/ } }])
  t.equal(log.lines.length, 1)
})
