import fc from 'fast-check'
import t from 'tap'
import { Draft, type PatchOperation } from '../../../src/lib/json/patch.ts'
import { escapeToken } from '../../../src/lib/json/pointer.ts'
import { editJson } from '../../../src/yaml/edit/edit-json.ts'

const add = (path: string, value: unknown): PatchOperation => ({ op: 'add', path, value })

const cases: readonly { name: string; before: string; operations: readonly PatchOperation[]; after: string }[] = [
  {
    name: 'a member gets a line of its own where the others have one',
    before: '{\n    "a": 1\n}\n',
    operations: [add('/b', [2])],
    after: '{\n    "a": 1,\n    "b": [\n        2\n    ]\n}\n'
  },
  {
    name: 'one line stays one',
    before: '{"a":1}',
    operations: [add('/b', { c: [2, 3] })],
    after: '{"a":1,"b":{"c":[2,3]}}'
  },
  {
    name: 'one line keeps its spaces',
    before: '{ "a": 1, "b": {"c": 2} }',
    operations: [add('/b/d', { e: 'x', f: 1 })],
    after: '{ "a": 1, "b": {"c": 2, "d": {"e": "x", "f": 1}} }'
  },
  {
    name: 'numbers and escapes stay as they are written',
    before: '{\n  "big": 9007199254740993, "f": 0.10,\n  "s": "caf\\u00e9 \\/ x", "o": {"a":  1}\n}\n',
    operations: [add('/o/b', 'y')],
    after: '{\n  "big": 9007199254740993, "f": 0.10,\n  "s": "caf\\u00e9 \\/ x", "o": {"a":  1, "b": "y"}\n}\n'
  },
  {
    name: 'Windows line ends and tabs stay',
    before: '{\r\n\t"a": {\r\n\t\t"b": 1\r\n\t}\r\n}\r\n',
    operations: [add('/a/c', { d: 2 })],
    after: '{\r\n\t"a": {\r\n\t\t"b": 1,\r\n\t\t"c": {\r\n\t\t\t"d": 2\r\n\t\t}\r\n\t}\r\n}\r\n'
  },
  {
    name: 'several members go into one empty object',
    before: '{\n  "a": {}\n}\n',
    operations: [add('/a/x', '1'), add('/a/y~1z', '2')],
    after: '{\n  "a": {\n    "x": "1",\n    "y/z": "2"\n  }\n}\n'
  },
  {
    name: 'elements go behind the last, and away',
    before: '[ {"n": 1}, {"n": 2}, {"n": 3} ]',
    operations: [{ op: 'remove', path: '/1' }, { op: 'remove', path: '/1' }, add('/-', { n: 4 })],
    after: '[ {"n": 1}, {"n": 4} ]'
  },
  {
    name: 'the only member goes',
    before: '{"a": [ 1 ]}',
    operations: [{ op: 'remove', path: '/a/0' }],
    after: '{"a": []}'
  },
  { name: 'the first goes', before: '{"a": 1, "b": 2}', operations: [{ op: 'remove', path: '/a' }], after: '{"b": 2}' },
  {
    name: 'of a key that is there twice the last is changed',
    before: '{"a": {"b": 1}, "a": {"c": 2}}',
    operations: [{ op: 'replace', path: '/a/c', value: 3 }],
    after: '{"a": {"b": 1}, "a": {"c": 3}}'
  },
  {
    name: 'brackets and quotes in text are text',
    before: '{"t": "}\\"]{", "a": ["\\\\", {}]}',
    operations: [add('/a/1/x', 1)],
    after: '{"t": "}\\"]{", "a": ["\\\\", {"x": 1}]}'
  }
]

for (const { name, before, operations, after } of cases) {
  void t.test(name, async (t) => t.equal(editJson(before, operations), after))
}

/** The API server knows no such key, and a JavaScript object makes something else of it. */
const isPlain = (value: unknown): boolean => !JSON.stringify(value).includes('"__proto__"')

void t.test('whatever is changed, the text reads as the changed object and keeps every other line', async (t) => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 }).filter(isPlain),
      fc.constantFrom(undefined, 1, 4, '\t'),
      fc.nat(),
      fc.jsonValue({ maxDepth: 1 }).filter(isPlain),
      (value, indent, n, added) => {
        const text = JSON.stringify(value, null, indent)
        const draft = new Draft(JSON.parse(text) as Record<string, unknown>)
        const pointers = pointersOf(draft.object)
        draft.set(`${pointers[n % pointers.length]}/new`, added)
        const edited = editJson(text, draft.operations)
        if (edited === undefined) throw new Error(`refused: ${text}`)
        t.same(JSON.parse(edited), JSON.parse(JSON.stringify(draft.object)))
        if (indent !== undefined) t.equal(edited, JSON.stringify(JSON.parse(edited), null, indent))
      }
    ),
    { numRuns: 300, examples: [[{ a: { b: {} } }, 4, 1, { x: 1 }]] }
  )
})

/** The pointers of all maps, where a key may be added. */
function pointersOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : [at]
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => pointersOf(inner, `${at}/${escapeToken(key)}`))]
}
