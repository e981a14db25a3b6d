import jsonpatch, { type Operation } from 'fast-json-patch'
import t from 'tap'
import { Draft } from '../../../src/lib/json/patch.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'

interface Case {
  readonly name: string
  readonly object: JsonRecord
  change(draft: Draft): void
  readonly want: JsonRecord
  readonly operations: readonly unknown[]
}

const cases: Case[] = [
  {
    name: 'a member that is there is replaced',
    object: { a: { b: 1 } },
    change: (draft) => draft.set('/a/b', 2),
    want: { a: { b: 2 } },
    operations: [{ op: 'replace', path: '/a/b', value: 2 }]
  },
  {
    name: 'a member that is not there is added',
    object: { a: {} },
    change: (draft) => draft.set('/a/b', 2),
    want: { a: { b: 2 } },
    operations: [{ op: 'add', path: '/a/b', value: 2 }]
  },
  {
    name: 'a member that is null is replaced, since its key exists',
    object: { a: { b: null } },
    change: (draft) => draft.set('/a/b', 2),
    want: { a: { b: 2 } },
    operations: [{ op: 'replace', path: '/a/b', value: 2 }]
  },
  {
    name: 'parents that are absent are made by one operation at the highest of them',
    object: {},
    change: (draft) => draft.set('/metadata/annotations/a~1b', 'x'),
    want: { metadata: { annotations: { 'a/b': 'x' } } },
    operations: [{ op: 'add', path: '/metadata', value: { annotations: { 'a/b': 'x' } } }]
  },
  {
    name: 'parents that are null are replaced',
    object: { metadata: { annotations: null } },
    change: (draft) => draft.set('/metadata/annotations/a', 'x'),
    want: { metadata: { annotations: { a: 'x' } } },
    operations: [{ op: 'replace', path: '/metadata/annotations', value: { a: 'x' } }]
  },
  {
    name: 'what changes inside a part this draft made is told once, with that part',
    object: {},
    change(draft) {
      draft.set('/a/b/c', 1)
      draft.set('/a/b/d', 2)
      draft.set('/a/b/c', 3)
      draft.append('/a/list', 4)
      draft.append('/a/list', 5)
      draft.remove('/a/b/d')
    },
    want: { a: { b: { c: 3 }, list: [4, 5] } },
    operations: [{ op: 'add', path: '/a', value: { b: { c: 3 }, list: [4, 5] } }]
  },
  {
    name: 'an element is set by its index',
    object: { list: [{ x: 1 }, { x: 2 }] },
    change(draft) {
      draft.set('/list/1/x', 3)
      draft.set('/list/0', 'first')
    },
    want: { list: ['first', { x: 3 }] },
    operations: [
      { op: 'replace', path: '/list/1/x', value: 3 },
      { op: 'replace', path: '/list/0', value: 'first' }
    ]
  },
  {
    name: 'appending goes to the end',
    object: { list: [1] },
    change: (draft) => draft.append('/list', 2),
    want: { list: [1, 2] },
    operations: [{ op: 'add', path: '/list/-', value: 2 }]
  },
  {
    name: 'appending to an absent list makes it',
    object: { a: {} },
    change: (draft) => draft.append('/a/list', 2),
    want: { a: { list: [2] } },
    operations: [{ op: 'add', path: '/a/list', value: [2] }]
  },
  {
    name: 'appending to a null list makes it',
    object: { a: { list: null } },
    change: (draft) => draft.append('/a/list', 2),
    want: { a: { list: [2] } },
    operations: [{ op: 'replace', path: '/a/list', value: [2] }]
  },
  {
    name: 'what was appended belongs to the draft, and changes inside it are told with it',
    object: { list: [] },
    change(draft) {
      draft.append('/list', { a: 1 })
      draft.set('/list/0/a', 2)
    },
    want: { list: [{ a: 2 }] },
    operations: [{ op: 'add', path: '/list/-', value: { a: 2 } }]
  },
  {
    name: 'a member and an element are removed',
    object: { a: 1, list: [1, 2, 3] },
    change(draft) {
      draft.remove('/a')
      draft.remove('/list/1')
    },
    want: { list: [1, 3] },
    operations: [
      { op: 'remove', path: '/a' },
      { op: 'remove', path: '/list/1' }
    ]
  },
  {
    name: 'removing what is not there does nothing',
    object: { a: {}, list: [1], text: 'x' },
    change(draft) {
      draft.remove('/a/b')
      draft.remove('/nowhere/b')
      draft.remove('/list/1')
      draft.remove('/text/0')
    },
    want: { a: {}, list: [1], text: 'x' },
    operations: []
  },
  {
    name: 'a key named like a property of every object is not there until it is set',
    object: { a: {} },
    change(draft) {
      draft.set('/a/isPrototypeOf/b', 1)
      draft.remove('/a/toString')
    },
    want: { a: { isPrototypeOf: { b: 1 } } },
    operations: [{ op: 'add', path: '/a/isPrototypeOf', value: { b: 1 } }]
  }
]

for (const { name, object, change, want, operations } of cases) {
  void t.test(name, async (t) => {
    const before = structuredClone(object)
    const draft = new Draft(structuredClone(object))
    change(draft)
    t.strictSame(draft.object, want)
    t.strictSame(draft.operations, operations)
    const applied = jsonpatch.applyPatch(before, structuredClone(draft.operations) as Operation[], true).newDocument
    t.strictSame(applied, want, 'the operations make the same of the original')
  })
}

void t.test('what stands in the way of a change is refused by its type, and nothing is changed', async (t) => {
  const draft = new Draft({ a: 'text', b: { c: 1 } })
  t.throws(() => draft.set('/a/b', 1), { code: 'ERR_OBJECT_MALFORMED', message: /^\/a: .*found a string/ })
  t.throws(() => draft.append('/b', 1), { code: 'ERR_OBJECT_MALFORMED', message: /^\/b: expected a list/ })
  t.strictSame(draft.object, { a: 'text', b: { c: 1 } })
  t.strictSame(draft.operations, [])
})

void t.test('taking all changes back gives the object as it was, whatever was changed', async (t) => {
  for (const { name, object, change } of cases) {
    const draft = new Draft(structuredClone(object))
    change(draft)
    draft.undoAll()
    t.strictSame(draft.object, object, name)
    t.strictSame(draft.operations, [], name)
  }
})
