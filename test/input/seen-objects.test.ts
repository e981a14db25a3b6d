import t from 'tap'
import { KnownObjects } from '../../src/input/seen-objects.ts'

/** Whether each object, in their order, is new. */
function added(...objects: readonly (readonly [kind: string, metadata: unknown])[]): boolean[] {
  const known = new KnownObjects()
  return objects.map(([kind, metadata]) => known.add(kind, { metadata }))
}

const cases = [
  { name: 'the same uid', first: { name: 'a', uid: '1' }, second: { name: 'a', uid: '1' }, isNew: false },
  { name: 'the same name, another uid', first: { name: 'a', uid: '1' }, second: { name: 'a', uid: '2' }, isNew: true },
  { name: 'the same name, the first without uid', first: { name: 'a' }, second: { name: 'a', uid: '2' }, isNew: false },
  {
    name: 'the same name, the second without uid',
    first: { name: 'a', uid: '1' },
    second: { name: 'a' },
    isNew: false
  },
  { name: 'another name', first: { name: 'a' }, second: { name: 'b' }, isNew: true },
  { name: 'another namespace', first: { name: 'a' }, second: { name: 'a', namespace: 'b' }, isNew: true },
  {
    name: 'where kubectl would put it',
    first: { name: 'a' },
    second: { name: 'a', namespace: 'default' },
    isNew: false
  },
  { name: 'no name', first: { generateName: 'a-' }, second: { generateName: 'a-' }, isNew: true },
  { name: 'no metadata', first: undefined, second: undefined, isNew: true }
]
for (const { name, first, second, isNew } of cases) {
  t.test(name, async (t) => t.strictSame(added(['Pod', first], ['Pod', second]), [true, isNew]))
}

t.test('another kind is another object, and a node is known by its name alone', async (t) => {
  t.strictSame(added(['Pod', { name: 'a' }], ['Job', { name: 'a' }]), [true, true])
  t.strictSame(added(['Node', { name: 'a', uid: '1' }], ['Node', { name: 'a', uid: '2' }]), [true, false])
})

t.test('it knows in which namespaces there are some', async (t) => {
  const known = new KnownObjects()
  known.add('LimitRange', { metadata: { name: 'a', namespace: 'shop' } })
  t.strictSame([known.hasIn('LimitRange', 'shop'), known.hasIn('LimitRange', 'bank')], [true, false])
  t.equal(known.hasIn('Pod', 'shop'), false)
})
