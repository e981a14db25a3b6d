import t from 'tap'
import { modes } from '../../src/model/finding.ts'

void t.test('modes go from the mildest to the strictest', async (t) => {
  t.strictSame(modes, ['off', 'audit', 'warn', 'enforce'])
})
