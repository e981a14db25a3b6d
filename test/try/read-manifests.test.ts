import t from 'tap'
import { readManifests } from '../../src/try/read-manifests.ts'

void t.test('each document of a file is an object, with the line it starts in', async (t) => {
  const text = '# comment\nkind: A\n---\n---\n# nothing\n---\nkind: B\n...\n---\n{"kind": "C"}\n'
  t.strictSame(readManifests('f.yaml', text), [
    { origin: 'f.yaml:2', object: { kind: 'A' } },
    { origin: 'f.yaml:7', object: { kind: 'B' } },
    { origin: 'f.yaml:10', object: { kind: 'C' } }
  ])
})

void t.test('JSON is YAML, and an empty text holds nothing', async (t) => {
  t.strictSame(readManifests('f', '{"kind":"A","n":1.5}'), [{ origin: 'f:1', object: { kind: 'A', n: 1.5 } }])
  for (const text of ['', '\n', '# only a comment', '---\n---\n']) t.strictSame(readManifests('f', text), [])
})

void t.test('a List is taken apart; what only ends like one is not', async (t) => {
  const list = { kind: 'List', items: [{ kind: 'A' }, { kind: 'B' }] }
  t.strictSame(readManifests('f', JSON.stringify(list)), [
    { origin: 'f:1 items[0]', object: { kind: 'A' } },
    { origin: 'f:1 items[1]', object: { kind: 'B' } }
  ])
  t.equal(readManifests('f', '{"kind":"PodList","items":[]}').length, 0)
  t.equal(readManifests('f', '{"kind":"AllowList","spec":{}}').length, 1)
})

void t.test('scalars are read as kubectl reads them', async (t) => {
  const [manifest] = readManifests(
    'f',
    'a: yes\nb: off\nc: 010\nd: 1_000\ne: 12:30\nf: 2026-11-21\ng: 2026-11-21T10:00:00Z\nh: 1:2:3.5\ni: "yes"\nj: ~'
  )
  t.strictSame(manifest?.object, {
    a: true,
    b: false,
    c: 8,
    d: 1000,
    e: '12:30',
    f: '2026-11-21',
    g: '2026-11-21T10:00:00Z',
    h: '1:2:3.5',
    i: 'yes',
    j: null
  })
})

void t.test('merge keys and anchors are followed', async (t) => {
  const [manifest] = readManifests('f', 'one: &one {a: 1}\ntwo:\n  <<: *one\n  b: 2\nthree: *one')
  t.strictSame(manifest?.object, { one: { a: 1 }, two: { a: 1, b: 2 }, three: { a: 1 } })
})

void t.test('a key named __proto__ changes no prototype', async (t) => {
  const [manifest] = readManifests(
    'f',
    'kind: A\n__proto__: {polluted: yes}\nconstructor: {prototype: {polluted: yes}}'
  )
  t.equal(({} as Record<string, unknown>)['polluted'], undefined)
  t.equal(manifest?.object['kind'], 'A')
})

const broken: { name: string; text: string; message: RegExp }[] = [
  { name: 'a tab as indent', text: 'a:\n\tb: 1', message: /^f\.yaml:2:1: / },
  { name: 'a key twice', text: 'a: 1\na: 2', message: /^f\.yaml:2:1: / },
  { name: 'an open quote', text: 'a: "b', message: /^f\.yaml:1:\d+: / },
  { name: 'an open brace', text: '{"a": [1', message: /^f\.yaml:1:\d+: / },
  { name: 'the second document', text: 'a: 1\n---\nb: [', message: /^f\.yaml:3:\d+: / },
  { name: 'an alias without its anchor', text: 'kind: A\nx: *nowhere', message: /^f\.yaml:1: .*alias/i },
  { name: 'a list', text: '- a', message: /^f\.yaml:1: expected a Kubernetes object, found a list$/ },
  { name: 'a text', text: 'hello', message: /^f\.yaml:1: expected a Kubernetes object, found a string$/ },
  {
    name: 'an item that is none',
    text: '{"kind":"List","items":[{},5]}',
    message: /^f\.yaml:1: items\[1\]: .* found a number$/
  },
  {
    name: 'a bomb of aliases',
    text: `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghij'[i]}`)}]`).join('\n')}`,
    message: /^f\.yaml:1: Excessive alias count/
  }
]
for (const { name, text, message } of broken) {
  void t.test(`${name} is refused with its place`, async (t) => {
    t.throws(() => readManifests('f.yaml', text), { code: 'ERR_USAGE', message })
  })
}
