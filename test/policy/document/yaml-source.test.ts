import t from 'tap'
import { readYaml, type YamlSource } from '../../../src/policy/document/yaml-source.ts'

function sourceOf(text: string): YamlSource {
  const read = readYaml(text)
  if ('placeOf' in read) return read
  throw new Error(JSON.stringify(read))
}

t.test('values are those of YAML 1.2, without explicit nulls', async (t) => {
  const { value } = sourceOf('---\na: off\nb:\nc: [1, {d: null}]\ne: 2027-01-31\n---\n# nothing more\n')
  t.strictSame(value, { a: 'off', c: [1, {}], e: '2027-01-31' })
})

t.test('places are those of keys and list entries', async (t) => {
  const { placeOf } = sourceOf('a:\n  - b: 1\n  -   c: 2\nd: {e: &x {f: 1}, g: *x}\n')
  t.strictSame(placeOf([]), { line: 1, column: 1 })
  t.strictSame(placeOf(['a']), { line: 1, column: 1 })
  t.strictSame(placeOf(['a', 0, 'b']), { line: 2, column: 5 })
  t.strictSame(placeOf(['a', 1, 'c']), { line: 3, column: 7 })
  t.strictSame(placeOf(['d', 'e', 'f']), { line: 4, column: 12 })
  t.strictSame(placeOf(['d', 'g', 'f']), { line: 4, column: 12 }, 'through an alias')
  t.strictSame(placeOf(['a', 1, 'missing', 'deeper']), { line: 3, column: 7 }, 'the deepest one that exists')
  t.strictSame(placeOf(['a', 7]), { line: 1, column: 1 })
  t.strictSame(placeOf(['a', 0, 'b', 'c']), { line: 2, column: 5 })
})

t.test('merged keys are read', async (t) => {
  const source = sourceOf('base: &b {x: 1}\nall:\n  <<: *b\n  y: 2\n')
  t.strictSame(source.value, { base: { x: 1 }, all: { x: 1, y: 2 } })
  t.strictSame(source.placeOf(['all', 'x']), { line: 2, column: 1 })
})

const refused = [
  { name: 'no text', text: '', line: 1, says: /empty/ },
  { name: 'only a comment', text: '# x\n', line: 1, says: /empty/ },
  { name: 'only markers', text: '---\n---\n', line: 1, says: /empty/ },
  { name: 'two documents', text: 'a: 1\n---\nb: 1\n', line: 3, says: /second document/ },
  { name: 'an open bracket', text: 'a: 1\nb: [', line: 2, says: /./ },
  { name: 'a key given twice', text: 'a: 1\na: 2\n', line: 2, says: /unique/ },
  { name: 'a tab', text: 'a:\n\tb: 1\n', line: 2, says: /[Tt]ab/ },
  { name: 'an unknown tag', text: 'a: 1\nb: !x 1\n', line: 2, says: /tag/ },
  { name: 'an unknown alias', text: 'a: *x\n', line: 1, says: /alias/ },
  { name: 'a circle', text: 'a: &a [*a]\n', line: 1, says: /nested deeper/ },
  { name: 'too deep', text: `${'{a: '.repeat(33)}1${'}'.repeat(33)}`, line: 1, says: /nested deeper/ }
]
for (const { name, text, line, says } of refused) {
  t.test(`refused: ${name}`, async (t) => {
    const [first] = [readYaml(text)].flat()
    t.match(first, { line, message: says })
  })
}

t.test('as deep as allowed', async (t) => {
  t.doesNotThrow(() => sourceOf(`${'{a: '.repeat(32)}1${'}'.repeat(32)}`))
})

t.test('hostile texts end soon and are told in few lines', async (t) => {
  const bomb = Array.from({ length: 30 }, (_, i) => `k${i}: &k${i} [${`*k${i - 1}, `.repeat(i === 0 ? 0 : 9)}1]`).join(
    '\n'
  )
  for (const text of ['['.repeat(100_000), bomb]) {
    const mistakes = [readYaml(text)].flat()
    t.ok(mistakes.length >= 1 && mistakes.length <= 20)
    t.hasProp(mistakes[0] ?? {}, 'message')
  }
})
