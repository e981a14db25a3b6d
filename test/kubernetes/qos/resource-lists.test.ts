import t from 'tap'
import { keysLimit, readQuantities } from '../../../src/kubernetes/qos/resource-lists.ts'

void t.test('null is an explicit zero; text and numbers stay; an absent list is fine', async (t) => {
  const list = { cpu: null, memory: '64Mi', 'example.com/gpu': 1, empty: '' }
  readQuantities(list, '/at')
  t.strictSame(list, { cpu: '0', memory: '64Mi', 'example.com/gpu': 1, empty: '' })
  for (const none of [undefined, null, {}]) t.doesNotThrow(() => readQuantities(none, '/at'))
})

void t.test('what is no list of quantities is refused with its place', async (t) => {
  for (const value of [[], 'x', 7, true]) t.throws(() => readQuantities(value, '/at'), /^\/at: expected an object/)
  for (const quantity of [true, [], {}])
    t.throws(() => readQuantities({ 'a/b': quantity }, '/at'), { message: /^\/at\/a~1b: expected a quantity/ })
})

void t.test('the number of keys is bounded, at the bound and one past', async (t) => {
  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, '1']))
  t.doesNotThrow(() => readQuantities(keys(keysLimit), '/at'))
  t.throws(() => readQuantities(keys(keysLimit + 1), '/at'), { code: 'ERR_OBJECT_TOO_LARGE' })
})
