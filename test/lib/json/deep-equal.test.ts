import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { isSame } from '../../../src/lib/json/deep-equal.ts'

const cases: { name: string; a: unknown; b: unknown; want: boolean }[] = [
  { name: 'the same scalar', a: 'x', b: 'x', want: true },
  { name: 'a number and its text', a: 1, b: '1', want: false },
  { name: 'null and an object', a: null, b: {}, want: false },
  { name: 'a list and an object', a: [], b: {}, want: false },
  { name: 'an object and a list', a: {}, b: [], want: false },
  { name: 'lists of another length', a: [1], b: [1, 2], want: false },
  { name: 'lists in another order', a: [1, 2], b: [2, 1], want: false },
  { name: 'members in another order', a: { x: 1, y: 2 }, b: { y: 2, x: 1 }, want: true },
  { name: 'a member of another name', a: { x: 1 }, b: { y: 1 }, want: false },
  { name: 'a member more', a: { x: 1 }, b: { x: 1, y: 2 }, want: false },
  { name: 'something deep inside', a: { x: [{ y: 1 }] }, b: { x: [{ y: 2 }] }, want: false },
  { name: 'an own member named as an inherited one', a: { toString: 1 }, b: { x: 1 }, want: false }
]
for (const { name, a, b, want } of cases) {
  t.test(name, async (t) => {
    t.equal(isSame(a, b), want)
  })
}

t.test('any two JSON values compare as node:util says', async () => {
  const pair = fc
    .tuple(fc.jsonValue(), fc.jsonValue())
    .chain(([a, b]) => fc.constantFrom([a, b], [a, structuredClone(a)]))
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const [left, right] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))] as unknown[]
      return isSame(left, right) === isDeepStrictEqual(left, right)
    })
  )
})
