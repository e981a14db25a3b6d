import fc from 'fast-check'
import t from 'tap'
import { stringify, type ToStringOptions } from 'yaml'
import { Draft, type PatchOperation } from '../../../src/lib/json/patch.ts'
import { escapeToken } from '../../../src/lib/json/pointer.ts'
import { editYaml } from '../../../src/yaml/edit/edit-yaml.ts'
import { readSlow } from '../../../src/yaml/go-yaml-reader.ts'

const add = (path: string, value: unknown): PatchOperation => ({ op: 'add', path, value })

const cases: readonly { name: string; before: string; operation: PatchOperation; after: string }[] = [
  {
    name: 'a key goes behind the last of its block, comments stay where they are',
    before: 'a: # why\n  b: 1   # one\n\n# next\nc: 2\n',
    operation: add('/a/x', '10m'),
    after: 'a: # why\n  b: 1   # one\n  x: 10m\n\n# next\nc: 2\n'
  },
  {
    name: 'a key goes behind a block value',
    before: 'a:\n  b: |\n    text\n\nc: 2\n',
    operation: add('/a/x', { w: '1' }),
    after: 'a:\n  b: |\n    text\n  x:\n    w: "1"\n\nc: 2\n'
  },
  {
    name: 'text that would be read as something else is quoted',
    before: 'a: b\n',
    operation: add('/x', 'yes'),
    after: 'a: b\nx: "yes"\n'
  },
  {
    name: 'an empty flow map becomes a block',
    before: 'a: {} # none\n',
    operation: add('/a/x', 'w'),
    after: 'a: # none\n  x: w\n'
  },
  {
    name: 'a full flow map stays one',
    before: 'a: { b: 1 }\n',
    operation: add('/a/x', { w: 'z' }),
    after: 'a: { b: 1, x: {w: z} }\n'
  },
  {
    name: 'a map inside a flow list stays there',
    before: 'a: [{}]\n',
    operation: add('/a/0/x', 'w'),
    after: 'a: [{x: w}]\n'
  },
  {
    name: 'a key without value gets one',
    before: 'a:\nb: 1\n',
    operation: { op: 'replace', path: '/a', value: { x: 'w' } },
    after: 'a:\n  x: w\nb: 1\n'
  },
  {
    name: 'a scalar is replaced where it stands',
    before: "a: 'old' # c\n",
    operation: { op: 'replace', path: '/a', value: 'new' },
    after: 'a: new # c\n'
  },
  {
    name: 'a block is replaced by a block',
    before: 'a:\n  type: RollingUpdate\n  rollingUpdate:\n    maxUnavailable: 1\n\nb: 1\n',
    operation: { op: 'replace', path: '/a', value: { type: 'OnDelete' } },
    after: 'a:\n  type: OnDelete\n\nb: 1\n'
  },
  {
    name: 'an item goes behind the last, indented like it',
    before: 'a:\n- k: 1\n  v: 2 # c\nb: 1\n',
    operation: add('/a/-', { k: 'x' }),
    after: 'a:\n- k: 1\n  v: 2 # c\n- k: x\nb: 1\n'
  },
  {
    name: 'an item goes behind the last of an indented list',
    before: 'a:\n    - x\n',
    operation: add('/a/-', 'w'),
    after: 'a:\n    - x\n    - w\n'
  },
  { name: 'an item goes into a flow list', before: 'a: [x]\n', operation: add('/a/-', 'w'), after: 'a: [x, w]\n' },
  { name: 'an empty list becomes a block', before: 'a: []\n', operation: add('/a/-', 'w'), after: 'a:\n  - w\n' },
  {
    name: 'an item is replaced',
    before: 'a:\n- k: 1 # c\n  v: 2\n- x\n',
    operation: { op: 'replace', path: '/a/0', value: { k: 'z' } },
    after: 'a:\n- k: z\n- x\n'
  },
  {
    name: 'an item is removed with its lines',
    before: 'a:\n- k: 1\n  v: 2\n- x\n',
    operation: { op: 'remove', path: '/a/0' },
    after: 'a:\n- x\n'
  },
  {
    name: 'a key is removed with its lines',
    before: 'a:\n  b:\n    c: 1\n  d: 2\n',
    operation: { op: 'remove', path: '/a/b' },
    after: 'a:\n  d: 2\n'
  },
  {
    name: 'a comment behind a key without value stays there',
    before: 'a: # none yet\n\n# next\nb: 1\n',
    operation: { op: 'replace', path: '/a', value: { x: 'w' } },
    after: 'a: # none yet\n  x: w\n\n# next\nb: 1\n'
  },
  {
    name: 'line ends that a value keeps stay in it',
    before: 'a:\n    n: |+\n        l\n\nb:   1\n',
    operation: add('/a/x', 'w'),
    after: 'a:\n    n: |+\n        l\n\n    x: w\nb:   1\n'
  },
  {
    name: 'a flow map over several lines keeps its comments',
    before: 'a: {\n    b:   1, # one\n    c: 2 # two\n}\n',
    operation: add('/a/x', 'w'),
    after: 'a: {\n    b:   1, # one\n    c: 2, x: w # two\n}\n'
  },
  {
    name: 'a member of a flow map is removed with its comma',
    before: 'a: {b: 1,  c: 2, d: 3}\n',
    operation: { op: 'remove', path: '/a/c' },
    after: 'a: {b: 1, d: 3}\n'
  },
  {
    name: 'the first item of a flow list is removed with its comma',
    before: 'a: [ 1,  2]\n',
    operation: { op: 'remove', path: '/a/0' },
    after: 'a: [ 2]\n'
  },
  {
    name: 'the first key of an item is removed, and the next one moves up to the dash',
    before: 'a:\n-   b: 1\n    c: 2 # two\n',
    operation: { op: 'remove', path: '/a/0/b' },
    after: 'a:\n-   c: 2 # two\n'
  },
  {
    name: 'a list that loses its only item is empty',
    before: 'a:\n- b: 1\nc:   2\n',
    operation: { op: 'remove', path: '/a/0' },
    after: 'a: []\nc:   2\n'
  },
  { name: 'a last line without its end gets one', before: 'a: 1', operation: add('/b', '2'), after: 'a: 1\nb: "2"' },
  {
    name: 'Windows line ends stay',
    before: 'a:\r\n  b: 1\r\nc: 2\r\n',
    operation: add('/a/x', { w: 'z' }),
    after: 'a:\r\n  b: 1\r\n  x:\r\n    w: z\r\nc: 2\r\n'
  },
  {
    name: 'a key is escaped in its pointer only',
    before: 'a:\n  b: 1\n',
    operation: add('/a/x.io~1y', 'z'),
    after: 'a:\n  b: 1\n  x.io/y: z\n'
  }
]

for (const { name, before, operation, after } of cases) {
  void t.test(name, async (t) => t.equal(editYaml(before, [operation]), after))
}

void t.test('an alias on the way becomes a copy, in the style of what it stands for', async (t) => {
  const cases = [
    [
      '# c\na: &r\n  x: 1 # one\nb: *r # two\nc:   d\n',
      '/b/w',
      '# c\na: &r\n  x: 1 # one\nb: # two\n  x: 1 # one\n  w: v\nc:   d\n'
    ],
    ['a: &r {x:  1}   # tuned\nb: *r\n', '/b/w', 'a: &r {x:  1}   # tuned\nb: {x:  1, w: v}\n'],
    ['a: &r\n    x: &s {y: 1}\nb:\n- *r\n- *s\n', '/b/0/w', 'a: &r\n    x: &s {y: 1}\nb:\n- x: {y: 1}\n  w: v\n- *s\n'],
    [
      'a: &r\n  x: |\n    l\n\n    m\nb: {c: *r}\n',
      '/b/c/w',
      'a: &r\n  x: |\n    l\n\n    m\nb: {c: {x: "l\\n\\nm\\n", w: v}}\n'
    ]
  ] as const
  for (const [before, path, after] of cases) t.equal(editYaml(before, [add(path, 'v')]), after)
})

void t.test('where an anchor changes, its aliases keep what they meant', async (t) => {
  t.equal(editYaml('a: &r\n  x: 1\nb: *r\n', [add('/a/k', 'z')]), 'a: &r\n  x: 1\n  k: z\nb:\n  x: 1\n')
  t.equal(
    editYaml('a: &r {x: 1}\nb:\n  <<: *r\n  q: 1\n', [add('/a/k', 'z')]),
    'a: &r {x: 1, k: z}\nb:\n  <<: {x: 1}\n  q: 1\n'
  )
})

void t.test('behind a merge key nothing is changed', async (t) => {
  t.equal(editYaml('a: &r\n  x: {z: 1}\nb:\n  <<: *r\n', [add('/b/x/y', '2')]), undefined)
})

void t.test('two additions at the end of one inside the other, in either order', async (t) => {
  const before = 'spec:\n  list:\n    - name: a\n      image: b\n'
  const operations = [add('/spec/x', { w: 'b' }), add('/spec/list/0/z', '2')]
  const after = 'spec:\n  list:\n    - name: a\n      image: b\n      z: "2"\n  x:\n    w: b\n'
  t.equal(editYaml(before, operations), after)
  t.equal(editYaml(before, operations.toReversed()), after)
})

void t.test('several members go into one empty map', async (t) => {
  t.equal(
    editYaml('a: {} # none\nb:   1\n', [add('/a/x', 'v'), add('/a/y.io~1z', 'w')]),
    'a: # none\n  x: v\n  y.io/z: w\nb:   1\n'
  )
})

void t.test(
  'whatever is changed in whatever is written, the text reads as the changed object, or is left alone',
  async (t) => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('x', 'yes', '0777', ' #', 'a: b', null, 1, true),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z./]{1,4}$/), tie('tree'), { maxKeys: 3 })
      )
    }))
    const style = fc.record({
      indentSeq: fc.boolean(),
      indent: fc.constantFrom(2, 4),
      collectionStyle: fc.constantFrom('any', 'block', 'flow')
    })
    let edited = 0
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tree, { minKeys: 1 }),
        style,
        fc.nat(),
        tree,
        (value, options, n, added) => {
          const text = stringify(value, { ...(options as ToStringOptions), version: '1.1' })
          const { value: object, mistakes } = readSlow(text)
          if (mistakes.length > 0) return
          const pointers = pointersOf(object)
          const draft = new Draft(structuredClone(object) as Record<string, unknown>)
          draft.set(`${pointers[n % pointers.length]}/new`, added)
          if (editYaml(text, draft.operations) !== undefined) edited++
        }
      ),
      { numRuns: 500 }
    )
    t.ok(edited > 450, `${edited} of 500 could be edited in place`)
  }
)

/** The pointers of all maps, where a key may be added. */
function pointersOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : [at]
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => pointersOf(inner, `${at}/${escapeToken(key)}`))]
}

void t.test(
  'brackets may end where a line begins, as go-yaml takes them, and a text that cannot be placed is left',
  async (t) => {
    const operation: PatchOperation = { op: 'add', path: '/spec/a/1/c', value: 1 }
    const text = 'spec: {a: [\n  {b: 1},\n  {b: 2}\n]}\nz: &x [\n1\n]\n'
    t.equal(editYaml(text, [operation]), text.replace('{b: 2}', '{b: 2, c: 1}'))
    const crlf = text.replaceAll('\n', '\r\n')
    t.equal(editYaml(crlf, [operation]), crlf.replace('{b: 2}', '{b: 2, c: 1}'))
    const commented = text.replace('{b: 2}\n', '{b: 2} # two\n# three\n')
    t.equal(editYaml(commented, [operation]), commented.replace('{b: 2}', '{b: 2, c: 1}'))
    t.equal(editYaml(text.replace('{b: 2}\n', '{b: " # 2"}\n'), [operation]), undefined)
  }
)
