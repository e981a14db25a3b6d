// The values are compared with js-yaml's in plain-manifest.test.ts; here is where the reader stands behind each.
import t from 'tap'
import { BlockText, notPlain } from '../../src/yaml/plain-scalars.ts'

void t.test('the next line is the next with something on it', async (t) => {
  const text = new BlockText('\n# a\n   # b\n  \n  c: d\n\n')
  text.nextLine(0)
  t.strictSame([text.source.slice(text.at), text.indent], ['c: d\n\n', 2])
  text.nextLine(text.lineEnd(text.at))
  t.strictSame([text.at, text.indent], [text.source.length, -1])
})

const scalars: readonly (readonly [name: string, text: string, value: string, rest: string])[] = [
  ['a plain scalar ends with its line', 'a b \nc: d\n', 'a b', 'c: d\n'],
  ['a comment ends it, also between its lines', 'a #b\n  c\n', 'a', 'c\n'],
  ['a comment line ends it', 'a\n  #b\nc\n', 'a', 'c\n'],
  ['a sign behind a letter is no comment', 'a#b\n', 'a#b', ''],
  ['lines below go on with it, empty ones are line ends', 'a\n b\n\n\n c\nd\n', 'a b\n\nc', 'd\n']
]
for (const [name, source, value, rest] of scalars) {
  void t.test(name, async (t) => {
    const text = new BlockText(source)
    t.equal(text.plain(0, 0), value)
    t.equal(source.slice(text.at), rest)
  })
}

const quoted: readonly (readonly [text: string, value: string, rest: string])[] = [
  ['"a" # b\nc\n', 'a', 'c\n'],
  ["'a''b'\nc\n", "a'b", 'c\n'],
  ['"a  \n  b\n\n  c"\nd\n', 'a b\nc', 'd\n'],
  ['"a\\\n  b"\n', 'ab', '']
]
for (const [source, value, rest] of quoted) {
  void t.test(`in quotes: ${JSON.stringify(source)}`, async (t) => {
    const text = new BlockText(source)
    t.equal(text.quoted(0, 0), value)
    t.equal(source.slice(text.at), rest)
  })
}

void t.test('in a flow collection, quotes close on their line', async (t) => {
  const text = new BlockText('"a", b\n')
  t.equal(text.quotedHere(0), 'a')
  t.equal(text.source.slice(text.at), ', b\n')
  t.throws(() => new BlockText('"a\n  b"\n').quotedHere(0), notPlain)
})

const blocks: readonly (readonly [text: string, value: string, rest: string])[] = [
  ['|\n a\n\n  b\n\nc\n', 'a\n\n b\n', 'c\n'],
  ['|-\n a\n\n', 'a', ''],
  ['|+\n a\n\nc\n', 'a\n\n', 'c\n'],
  ['>\n a\n b\n\n  c\n d\n', 'a b\n\n c\nd\n', '']
]
for (const [source, value, rest] of blocks) {
  void t.test(`a block: ${JSON.stringify(source)}`, async (t) => {
    const text = new BlockText(source)
    t.equal(text.block(0, 0), value)
    t.equal(source.slice(text.at), rest)
  })
}

void t.test('a block without lines, or with a width, is not plain', async (t) => {
  for (const source of ['|\na\n', '|2\n  a\n', '|\n  \n a\n']) {
    t.throws(() => new BlockText(source).block(0, 0), notPlain, JSON.stringify(source))
  }
})
