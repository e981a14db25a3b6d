import fc from 'fast-check'
import t from 'tap'
import { DocumentSplitter, type DocumentText, linesIn, splitJson } from '../../src/yaml/split-stream.ts'

function split(text: string, size = text.length || 1): DocumentText[] {
  const splitter = new DocumentSplitter()
  const documents: DocumentText[] = []
  for (let at = 0; at < text.length; at += size) documents.push(...splitter.push(text.slice(at, at + size)))
  return [...documents, ...splitter.end()]
}

void t.test('each document knows the line it starts on', async (t) => {
  t.strictSame(split('a: 1\n---\nb: 1\nc: 2\n--- # note\nd: 1\n'), [
    { text: 'a: 1\n', line: 1 },
    { text: 'b: 1\nc: 2\n', line: 3 },
    { text: 'd: 1\n', line: 6 }
  ])
})

void t.test('a separator counts at the start of a line only, the first and the last one too', async (t) => {
  t.strictSame(split('---\na: |\n  ---\n---'), [
    { text: '', line: 1 },
    { text: 'a: |\n  ---\n', line: 2 },
    { text: '', line: 5 }
  ])
  t.strictSame(split('---'), [
    { text: '', line: 1 },
    { text: '', line: 2 }
  ])
})

void t.test('what stands after a separator is told, as kubectl refuses it', async (t) => {
  t.strictSame(split('a: 1\n--- {b: 1}\nc: 1')[1], { text: 'c: 1', line: 3, afterSeparator: '{b: 1}' })
  t.equal(split('a: 1\r\n---\r\nb: 1')[1]?.afterSeparator, undefined)
})

void t.test('pieces of any size give the same documents', async () => {
  const line = fc.constantFrom('---', '--- # c', 'a: 1', '', '-- -', '  ---', '----', '\r')
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), fc.integer({ min: 1, max: 12 }), (lines, ends, size) => {
      const text = lines.join('\n') + (ends ? '\n' : '')
      t.strictSame(split(text, size), split(text))
    })
  )
})

void t.test('JSON values that follow one another are told apart, whatever their strings hold', async (t) => {
  const values = [{ a: '}{"\\' }, { b: [1, { c: 2 }] }, {}]
  const text = values.map((value) => JSON.stringify(value)).join('\n')
  t.strictSame(
    [...splitJson(text)].map(({ start, end }) => JSON.parse(text.slice(start, end))),
    values
  )
  t.strictSame([...splitJson('{"a": "')], [{ start: 0, end: 7 }])
})

void t.test('line ends are counted', async (t) => {
  t.equal(linesIn('a\nb\n'), 2)
  t.equal(linesIn(''), 0)
})

void t.test('only spaces and a comment behind them may follow a separator', async (t) => {
  const behind = (rest: string): string | undefined => {
    const splitter = new DocumentSplitter()
    return [...splitter.push(`a: 1\n---${rest}\nb: 2\n`), ...splitter.end()][1]?.afterSeparator
  }
  for (const rest of ['', ' ', '\t', '\r', ' # c', '\t# c']) t.equal(behind(rest), undefined, JSON.stringify(rest))
  for (const rest of ['x', '# c', '\u00a0', '\f', '\ufeff', '\u3000', '-'])
    t.not(behind(rest), undefined, JSON.stringify(rest))
})
