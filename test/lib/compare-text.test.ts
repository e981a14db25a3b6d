import t from 'tap'
import { compareTexts } from '../../src/lib/compare-text.ts'

t.test('texts are ordered by their units, whatever the locale', async (t) => {
  t.strictSame(['b', 'a', 'B', 'a-b', 'ab'].sort(compareTexts), ['B', 'a', 'a-b', 'ab', 'b'])
  t.equal(compareTexts('a', 'a'), 0)
})
