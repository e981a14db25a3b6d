import t from 'tap'
import { blockLinesOf } from '../../src/yaml/block-lines.ts'

function linesOf(text: string): string[] | undefined {
  const lines = blockLinesOf(text)
  return lines?.starts.map((start, i) => `${lines.indents[i]} ${text.slice(start).split('\n')[0]}`)
}

void t.test('comments, empty lines and block scalars are left out', async (t) => {
  t.strictSame(linesOf('a: 1\n\n  # c\n  b: 2\n'), ['0 a: 1', '2 b: 2'])
  t.strictSame(linesOf('a: |\n  "x\n\n   [\nb: >-\n  y\nc: 1'), ['0 a: |', '0 b: >-', '0 c: 1'])
  t.strictSame(linesOf('- |\n  "x\n- b: |+\n    {\n  c: 1\n'), ['0 - |', '0 - b: |+', '2 c: 1'])
  t.strictSame(linesOf('a: b |\n  c\n'), ['0 a: b |', '2 c'])
})

void t.test('what opens on a line has to close on it', async (t) => {
  const closed = [
    'a: "x\\"y"',
    "a: 'it''s' # c",
    '- ["a", b: "c", {}]',
    'a: b "c',
    "a: it's [",
    '"a": {b: c} ',
    'a: | # "x'
  ]
  for (const text of closed) t.equal(linesOf(text)?.length, 1, text)
  const open = ['a: "x', "a: 'x'' ", 'a: [b', 'a: [b # ]', 'a: {b]}c', '"a": "b', 'a: [b "c"]', 'a: "b" c', 'a: &b "c"']
  for (const text of open) t.equal(linesOf(text), undefined, text)
})

void t.test('a text with other line ends, tabs before a line or an end of its own is no such text', async (t) => {
  const texts = ['a: 1\r\n', '\ta: 1', 'a: 1\u2028', 'a: 1\u2029', 'a: 1\u0085', 'a: 1\n...\n']
  t.strictSame(
    texts.filter((text) => linesOf(text) !== undefined),
    []
  )
})
