// What the plain reader takes, js-yaml reads alike: the same value, and fields at the same places. What needs the slow parser, too.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { readSlow } from '../../src/yaml/go-yaml-reader.ts'
import { type PlacedNode, readFast, readPlaces } from '../../src/yaml/js-yaml-reader.ts'
import { needsSlow } from '../../src/yaml/needs-slow.ts'
import { plainPlaces, readPlainManifest } from '../../src/yaml/plain-manifest.ts'
import { DocumentSplitter } from '../../src/yaml/split-stream.ts'

function everyPlace(node: PlacedNode | undefined, path = ''): [path: string, at: number][] {
  return [
    ...[...(node?.members ?? [])].flatMap(([key, { keyAt, node }]): [string, number][] => [
      [`${path}/${key}`, keyAt],
      ...everyPlace(node, `${path}/${key}`)
    ]),
    ...(node?.items ?? []).flatMap((item, i): [string, number][] => [
      [`${path}/${i}`, item.at],
      ...everyPlace(item, `${path}/${i}`)
    ])
  ]
}

/** Whether a text is plain. Throws where another parser reads it otherwise. */
function isPlainAndAlike(text: string): boolean {
  const plain = readPlainManifest(text)
  if (plain === undefined) return false
  const alike = (what: string, found: unknown, wanted: unknown): void => {
    if (isDeepStrictEqual(found, wanted) && JSON.stringify(found) === JSON.stringify(wanted)) return
    throw new Error(`${what} of ${JSON.stringify(text)}: ${JSON.stringify([found, wanted])}`)
  }
  alike('the value', plain, readFast(text))
  const places = plainPlaces(text)
  const others = readPlaces(text)
  if (others !== undefined) alike('the places', [places?.at, everyPlace(places)], [others.at, everyPlace(others)])
  if (!needsSlow(text)) return true
  const slow = readSlow(text)
  alike('mistakes', [], slow.mistakes)
  alike('the value by the slow parser', plain, slow.value)
  if (slow.places !== undefined) alike('the places by the slow parser', everyPlace(places), everyPlace(slow.places))
  return true
}

const root = join(import.meta.dirname, '../..')
const documents = ['test/fixtures', 'manifests'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => {
      const splitter = new DocumentSplitter()
      return [...splitter.push(readFileSync(join(root, folder, name), 'utf8')), ...splitter.end()].map(
        ({ text }) => text
      )
    })
)

void t.test('nine in ten documents of this project are plain, and read alike', async (t) => {
  const objects = documents.filter((text) => text.includes('apiVersion:'))
  const plain = objects.filter(isPlainAndAlike)
  t.ok(objects.length > 200, `${objects.length} documents`)
  t.ok(plain.length > objects.length * 0.9, `${plain.length} of ${objects.length}`)
})

/** What makes YAML of another kind, or no YAML, wherever it is put. */
const bits = [
  ...[' ', '  ', '\n', '\n  ', '\n    ', '\n\n', '\n \n', ' \n', '\t', '\r\n', '\u2028', 'é', ':', ': ', '#', ' #'],
  ...['- ', '\n- ', '\n  - ', '"', "'", "''", '\\', '\\"', '\\n', '\\ ', '\\\n', '\\u00e9', '\\ud83d', '|', '>', '|-'],
  ...[
    '>-',
    '|+',
    '[',
    ']',
    '{',
    '}',
    ', ',
    ',',
    '?',
    '? ',
    '&a',
    '*a',
    '!',
    '!!str ',
    '~',
    'null',
    'yes',
    '0x1',
    '1_0'
  ],
  ...[
    '.5',
    '-1',
    '.inf',
    '<<: ',
    '...',
    '---',
    '%',
    '@',
    '`',
    'a: b',
    'k: |\n    x\n',
    'k: >\n    x\n     y\n\n    z\n'
  ],
  ...['[a, b]', '{a: b}', '"a b"', "'a b'", '__proto__: 1', '12:30', '8080: 1', '$', '=', 'a:b', '/']
]

void t.test('documents that were changed at random are read alike, or not at all', async (t) => {
  const samples = documents.filter((text) => text.length > 20 && text.length < 1_500)
  const edit = fc.record({ at: fc.nat(1_500), removed: fc.constantFrom(0, 0, 1, 4), bit: fc.constantFrom('', ...bits) })
  let plain = 0
  fc.assert(
    fc.property(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 3 }), (sample, edits) => {
      const text = edits.reduce((now, { at, removed, bit }) => {
        const start = at % (now.length + 1)
        return now.slice(0, start) + bit + now.slice(start + removed)
      }, sample)
      if (isPlainAndAlike(text)) plain++
    }),
    { numRuns: 3_000 }
  )
  t.ok(plain > 300, `${plain} of 3,000 were plain`)
})

void t.test('what a YAML writer makes of any value is read alike', async (t) => {
  const word = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      'yes',
      '0777',
      '1e3',
      '',
      ' a',
      'a ',
      'a\nb\n',
      'a\n\n b\n',
      '\n',
      "it's",
      '"',
      'a: b',
      'a #b',
      '- a'
    ),
    fc.array(fc.stringMatching(/^[a-z'"\\ ]{1,9}$/), { maxLength: 30 }).map((words) => words.join(' '))
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      word,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.stringMatching(/^[a-z./-]{1,8}$/), word), tie('tree'), { maxKeys: 4 })
    )
  }))
  const styles = fc.record({
    indentSeq: fc.boolean(),
    indent: fc.constantFrom(2, 4),
    lineWidth: fc.constantFrom(20, 80),
    collectionStyle: fc.constantFrom('any', 'block', 'flow'),
    defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED')
  })
  let plain = 0
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tree, { minKeys: 1 }), styles, (value, style) => {
      const text = stringify(value, { ...style, version: '1.1', aliasDuplicateObjects: false } as object)
      if (isPlainAndAlike(text)) plain++
    }),
    { numRuns: 1_000 }
  )
  t.ok(plain > 100, `${plain} of 1,000 were plain`)
})

const notPlain: Readonly<Record<string, string>> = {
  'no mapping': '- a\n',
  'nothing but a comment': '# a\n',
  'a tab': 'a:\tb\n',
  'a carriage return': 'a: b\r\n',
  'a line end of Unicode': 'a: b\u2028c\n',
  'an anchor': 'a: &x b\n',
  'an alias': 'a: *x\n',
  'a tag': 'a: !!str 1\n',
  'a merge key': 'a:\n  <<: b\n',
  'a key that is null': '~: a\n',
  'a key that is a number': '8080: a\n',
  'a key that is true': 'on: a\n',
  'a key that is there twice': 'a: 1\na: 2\n',
  'a key of every object': '__proto__: 1\n',
  'a key in brackets': '[a]: b\n',
  'an explicit key': '? a\n: b\n',
  'a key of more than 500 characters': `${'a'.repeat(501)}: b\n`,
  'a value that reads as a mapping': 'a: b: c\n',
  'a line that is indented too far': 'a: 1\n  b: 2\n',
  'a line that is not indented far enough': 'a:\n    b: 1\n  c: 2\n',
  'a list beside keys': 'a: 1\n- b\n',
  'an item that is null': 'a:\n-\n- b\n',
  'quotes that are not closed': 'a: "b\n',
  'something behind quotes': 'a: "b" c\n',
  'an escape that JSON has not': 'a: "\\x41"\n',
  'half of a pair of UTF-16': 'a: "\\ud83d"\n',
  'lines in quotes that are not indented': 'a: "b\nc"\n',
  'a bracket that is not closed': 'a: [b\n',
  'a flow collection on several lines': 'a: [b,\n  c]\n',
  'a flow mapping without values': 'a: {b, c}\n',
  'a comma at the end': 'a: [b, ]\n',
  'an indentation that is written': 'a: |2\n  b\n',
  'a block without a line': 'a: |\nb: c\n',
  'a number that Kubernetes cannot store': 'a: .inf\n',
  'the end of a document': 'a: b\n...\n',
  'more than 100 levels': `a: ${'['.repeat(101)}${']'.repeat(101)}\n`
}
for (const [name, text] of Object.entries(notPlain)) {
  void t.test(`left to the other parsers: ${name}`, async (t) => {
    t.equal(readPlainManifest(text), undefined)
    t.equal(plainPlaces(text), undefined)
  })
}

void t.test('every way to write a value', async (t) => {
  const text = `# A comment.
word: a b # c
"quoted key": 'it''s'
'key': "a \\"b\\" \\u00e9"
number: 0777
nothing:
list:
- a
-   b: 1
    c: [x, "y, z", {k: v}]
- - 1
  -
    d: ~
lines:
  several words
  in lines

  and more
quotes: "a
  b\\
  \\ c

  d"
literal: |
  a
   b

  c
folded: >-
  a
  b

   c
  d
kept: |+
  a

empty: {}
last: http://a:80/#b`
  t.ok(isPlainAndAlike(text))
  t.strictSame(readPlainManifest(text), {
    word: 'a b',
    'quoted key': "it's",
    key: 'a "b" é',
    number: 511,
    nothing: null,
    list: ['a', { b: 1, c: ['x', 'y, z', { k: 'v' }] }, [1, { d: null }]],
    lines: 'several words in lines\nand more',
    quotes: 'a b c\nd',
    literal: 'a\n b\n\nc\n',
    folded: 'a b\n\n c\nd',
    kept: 'a\n\n',
    empty: {},
    last: 'http://a:80/#b'
  })
})
