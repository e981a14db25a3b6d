import t from 'tap'
import { ReasonCounts } from '../../src/report/count-by-reason.ts'

t.test('objects are counted by rule and reason', async (t) => {
  const tally = new ReasonCounts()
  tally.add([
    { ruleId: 'a', reason: 'x' },
    { ruleId: 'b', reason: 'x' }
  ])
  tally.add([
    { ruleId: 'a', reason: 'x' },
    { ruleId: 'a', reason: 'y' }
  ])
  t.strictSame(tally.list(), [
    { ruleId: 'a', reason: 'x', objects: 2 },
    { ruleId: 'b', reason: 'x', objects: 1 },
    { ruleId: 'a', reason: 'y', objects: 1 }
  ])
})
