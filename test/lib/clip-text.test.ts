import t from 'tap'
import { clipped, quoted } from '../../src/lib/clip-text.ts'

void t.test('a text of the length stays whole, a longer one ends in an ellipsis within it', async (t) => {
  t.equal(clipped('abc', 3), 'abc')
  t.equal(clipped('abcd', 3), 'ab…')
  t.equal(clipped('', 3), '')
})

void t.test('quotes show what the text holds', async (t) => {
  t.equal(quoted('a\n b', 40), '"a\\n b"')
  t.equal(quoted('abcd', 3), '"ab…"')
})
