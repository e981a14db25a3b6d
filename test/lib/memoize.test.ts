import t from 'tap'
import { memoized } from '../../src/lib/memoize.ts'

t.test('a text is read once, until too many others came', async (t) => {
  let calls = 0
  const length = memoized((text) => {
    calls++
    return text.length
  }, 2)
  t.strictSame([length('a'), length('a'), length('bb'), length('a')], [1, 1, 2, 1])
  t.equal(calls, 2)
  t.strictSame([length('ccc'), length('a')], [3, 1])
  t.equal(calls, 4, 'all was forgotten at the third')
})

t.test('a long text is not remembered', async (t) => {
  let calls = 0
  const length = memoized(
    (text) => {
      calls++
      return text.length
    },
    2,
    3
  )
  t.strictSame([length('abc'), length('abc'), length('abcd'), length('abcd')], [3, 3, 4, 4])
  t.equal(calls, 3)
})
