import t from 'tap'
import { hasMoreMembers } from '../../../src/lib/json/count-members.ts'

const more = (value: unknown, most: number): boolean => hasMoreMembers(Buffer.from(JSON.stringify(value)), most)

void t.test('members of all objects count, at the limit and one past it', async (t) => {
  const value = { a: [{ b: 1 }, { c: { d: null } }], '': 'x' }
  t.equal(more(value, 5), false)
  t.equal(more(value, 4), true)
  t.equal(more([], 0), false)
  t.equal(more('text', 0), false)
})

void t.test('what stands inside of a text does not count', async (t) => {
  t.equal(more({ a: JSON.stringify({ b: 1, c: { d: 2 } }) }, 1), false)
  t.equal(more({ a: 'b":"c', d: 'x:y' }, 2), false)
})
