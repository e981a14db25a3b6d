import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Locator, spotAt } from '../../src/yaml/locator.ts'
import { aboveDocument, objectsOf, readDocument, sourceOf } from '../../src/yaml/read-document.ts'
import { DocumentSplitter } from '../../src/yaml/split-stream.ts'

const fixtures = join(import.meta.dirname, '../fixtures/manifests')

async function readValue(text: string): Promise<unknown> {
  return (await readDocument({ text, line: 1 })).values[0]?.value
}

async function mistakesOf(text: string): Promise<string[]> {
  const document = { text, line: 1 }
  const { mistakes } = await readDocument(document)
  return mistakes.map(({ message, at }) => {
    const { line, column } = spotAt(document, at)
    return `${line}:${column} ${message}`
  })
}

void t.test('every style of YAML is read as kubectl reads it', async (t) => {
  const splitter = new DocumentSplitter()
  const text = readFileSync(join(fixtures, 'styles.yaml'), 'utf8')
  const objects: unknown[] = []
  for (const document of [...splitter.push(text), ...splitter.end()]) {
    const { values, mistakes } = await readDocument(document)
    t.strictSame(mistakes, [])
    objects.push(...values.map(({ value }) => value))
  }
  t.strictSame(objects, JSON.parse(readFileSync(join(fixtures, 'styles.json'), 'utf8')))
})

void t.test('of duplicate keys the last counts, as in kubectl, and it is told', async (t) => {
  const text = 'a:\n  b: 1\n  c: 2\n  b: 3\n'
  t.strictSame(await readValue(text), { a: { b: 3, c: 2 } })
  t.strictSame(await mistakesOf(text), [
    '4:3 key "b" is there twice; kubectl takes the last, Kustomize and Flux refuse the file'
  ])
})

void t.test('what cannot be read is told with its place', async (t) => {
  const cases = [
    {
      name: 'a tab as indentation',
      text: 'a:\n\tb: 1\n',
      want: /^2:1 a line that is indented by a tab; expected spaces/
    },
    { name: 'a missing colon', text: 'a: 1\nb\nc: 2\n', want: /^2:1 / },
    { name: 'a wrong indentation', text: 'a:\n  b: 1\n c: 2\n', want: /^3:/ },
    { name: 'an alias without anchor', text: 'a: *x\n', want: /^1:4 alias \*x has no anchor before it/ },
    { name: 'an anchor in itself', text: 'a: &x\n  b: *x\n', want: /^2:6 anchor &x contains itself/ },
    { name: 'a merge of no mapping', text: 'a:\n  <<: 1\n', want: /^2:3 <<: expected a mapping/ },
    { name: 'a map as key', text: 'a:\n  {b: c}: 1\n', want: /^2:3 a key is a map or a list/ },
    { name: 'no key', text: 'a:\n  ~: 1\n  <<: {}\n', want: /^2:3 a key is missing, or null/ },
    {
      name: 'a number JSON cannot hold',
      text: 'a: .inf\n',
      want: /^1:4 \.inf is a number that Kubernetes cannot store/
    },
    { name: 'a wrong tag', text: 'a: !!int x\n', want: /^1:10 x is not what its tag says/ },
    { name: 'a template', text: 'a: 1\nb: {{ .Values.b }}\n', want: /^2:4 this is a Helm template, not its output/ },
    {
      name: 'a template of blocks',
      text: '{{- if .Values.a }}\na: 1\n{{- end }}\n',
      want: /^1:1 this is a Helm template/
    }
  ]
  for (const { name, text, want } of cases) {
    t.match((await mistakesOf(text))[0], want, name)
    t.equal(await readValue(text), undefined, `${name}: no value`)
  }
})

void t.test('a document that multiplies itself is refused in time', async (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}*a${i - 1}]`)
  t.match((await mistakesOf(lines.join('\n')))[0], /grow out of bounds/)
})

void t.test('what only a comment may follow is told above the document, which is still read', async (t) => {
  const document = { text: 'a: 1\n', line: 5, afterSeparator: 'x' }
  const { values, mistakes } = await readDocument(document)
  t.strictSame(values[0]?.value, { a: 1 })
  t.strictSame(
    mistakes.map(({ at }) => at),
    [aboveDocument]
  )
  t.strictSame(spotAt(document, aboveDocument), { line: 4, column: 1, length: 3, excerpt: '---' })
})

void t.test('JSON is read, also several values in a row, and flow style that looks like it', async (t) => {
  const { values } = await readDocument({ text: '{"a": 1}\n{"b": "}"}\n', line: 1 })
  t.strictSame(values, [
    { value: { a: 1 }, start: 0, end: 8, isJson: true },
    { value: { b: '}' }, start: 9, end: 19, isJson: true }
  ])
  t.strictSame(await readValue('{a: yes, b: {c: }}'), { a: true, b: { c: null } })
})

void t.test('keys that mean something to JavaScript are keys like any other', async (t) => {
  const value = (await readValue('x: &x {__proto__: 1}\na: *x\nb:\n  <<: *x\n')) as Record<string, object>
  t.ok(Object.hasOwn(value['b'] as object, '__proto__'))
  t.ok(Object.hasOwn((await readValue('__proto__: {a: 1}')) as object, '__proto__'))
})

void t.test('Lists are taken apart, items of a typed list get the kind they leave out', async (t) => {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [{ kind: 'Pod' }, { apiVersion: 'apps/v1', kind: 'DeploymentList', items: [{ metadata: {} }] }, 'text']
  }
  t.strictSame(
    [...objectsOf(list)],
    [
      { object: { kind: 'Pod' }, at: '/items/0' },
      { object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: {} }, at: '/items/1/items/0' },
      { notObject: 'text', at: '/items/2' }
    ]
  )
  t.strictSame([...objectsOf({ kind: 'FooList' })], [{ object: { kind: 'FooList' }, at: '' }])
})

void t.test('the source that helm template writes above a document is read', async (t) => {
  t.equal(sourceOf('# Source: web/templates/deploy.yaml\r\nkind: Pod\n'), 'web/templates/deploy.yaml')
  t.equal(sourceOf('kind: Pod\n'), undefined)
})

void t.test('a field is found where it is written, or the deepest one above it', async (t) => {
  const text = '# head\na:\n  b:\n  - c: 1\n    "d e": 2\n  - {f: [x, y]}\n'
  const cases = [
    { pointer: '', want: '2:1 a' },
    { pointer: '/a', want: '2:1 a' },
    { pointer: '/a/b/0', want: '4:5 c' },
    { pointer: '/a/b/0/d e', want: '5:5 "d e"' },
    { pointer: '/a/b/0/missing/x', want: '4:5 c' },
    { pointer: '/a/b/1/f/1', want: '6:13 y' },
    { pointer: '/a/b/2', want: '3:3 b' },
    { pointer: '/x', want: '2:1 a' }
  ]
  for (const { pointer, want } of cases) await found(t, text, pointer, want)
})

void t.test('a field is found through aliases and merge keys, where it is really written', async (t) => {
  const text = 'base: &base\n  cpu: 1\na: *base\nb:\n  <<: *base\n  x: 1\n'
  await found(t, text, '/a/cpu', '2:3 cpu')
  await found(t, text, '/b/cpu', '2:3 cpu')
  await found(t, text, '/b/x', '6:3 x')
  await found(t, text, '/a/missing', '3:1 a')
})

void t.test('a field is found past empty items, keys without value, and in JSON of one line', async (t) => {
  await found(t, 'a:\n-\n- b: 1\n', '/a/1/b', '3:3 b')
  await found(t, 'a: {x, b: c, c: d}\n', '/a/c', '1:14 c')
  await found(t, '{"a": {"b": [1, 2]}}', '/a/b/1', '1:17 2')
  await found(t, '{"a": 1}\n{"b": {"c": 1}}', '/b/c', '2:8 "c"', 1)
})

void t.test('a line that is too long is not shown', async (t) => {
  const spot = spotAt({ text: `a: ${'x'.repeat(200)}\n`, line: 1 }, 0)
  t.strictSame(spot, { line: 1, column: 1, length: 1, excerpt: '' })
})

async function found(t: Test, text: string, pointer: string, want: string, index = 0): Promise<void> {
  const document = { text, line: 1 }
  const value = (await readDocument(document)).values[index] ?? {
    value: undefined,
    start: 0,
    end: text.length,
    isJson: false
  }
  const { line, column, length, excerpt } = await new Locator(document, value).spotOf(pointer)
  t.equal(`${line}:${column} ${excerpt.slice(column - 1, column - 1 + length)}`, want, pointer)
}

void t.test('what stands between or behind JSON values is a mistake, never passed over', async (t) => {
  const value = '{"a":1}'
  for (const text of [
    `${value}x`,
    `${value},`,
    `${value}}`,
    `${value}\0`,
    `${value}x${value}`,
    `${value}\n${value} y`
  ]) {
    const { mistakes } = await readDocument({ text, line: 1 })
    t.equal(mistakes.length, 1, JSON.stringify(text))
  }
  for (const text of [`${value}\n`, ` ${value}\t${value}\r\n`, `${value}${value}`, `${value} # c\n`]) {
    const { values, mistakes } = await readDocument({ text, line: 1 })
    t.strictSame([values[0]?.value, mistakes], [{ a: 1 }, []], JSON.stringify(text))
  }
})

void t.test('the end of a document before anything in it is a mistake: what follows is not read', async (t) => {
  for (const [text, at] of [
    ['...\na: 1\n', 0],
    ['# c\n\n...\na: 1\n', 5]
  ] as const) {
    const { values, mistakes } = await readDocument({ text, line: 1 })
    t.match([values, mistakes], [[], [{ at, isReadable: false, message: /what follows is not read/ }]])
  }
  t.strictSame((await readDocument({ text: 'a: 1\n...\nb: [\n', line: 1 })).mistakes, [])
})

void t.test('an escape of 32 bits is a character, or a mistake', async (t) => {
  const read = async (digits: string) => readDocument({ text: `a: "\\U${digits}"\n`, line: 1 })
  t.match(await read('0001F600'), { values: [{ value: { a: '😀' } }], mistakes: [] })
  t.match(await read('0010FFFF'), { mistakes: [] })
  for (const digits of ['0000d800', '0000DFFF', '00110000', 'FFFFFFFF'])
    t.equal((await read(digits)).mistakes.length, 1)
  const plain = await readDocument({ text: 'a: C:\\Users\n', line: 1 })
  t.match(plain, { values: [{ value: { a: 'C:\\Users' } }], mistakes: [] })
})
