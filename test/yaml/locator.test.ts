import t from 'tap'
import { Locator, spotAt } from '../../src/yaml/locator.ts'
import { readDocument } from '../../src/yaml/read-document.ts'

for (const end of ['', '\n', '\r\n']) {
  void t.test(`a line of 160 characters is shown, one more is not; before ${JSON.stringify(end)}`, async (t) => {
    const [short, long] = [160, 161].map((length) => `a: ${'x'.repeat(length - 3)}`) as [string, string]
    t.equal(spotAt({ text: `${short}${end}`, line: 1 }, 0).excerpt, short)
    t.equal(spotAt({ text: `${long}${end}`, line: 1 }, 0).excerpt, '')
    t.equal(spotAt({ text: `b: 1\n${short}${end}`, line: 7 }, 5).excerpt, short)
  })
}

void t.test('the last line may have no end, and an empty line has no carriage return', async (t) => {
  t.match(spotAt({ text: 'a: 1\nb: 2', line: 3 }, 5), { line: 4, column: 1, excerpt: 'b: 2' })
  t.match(spotAt({ text: 'a: 1\r\n\r\nb: 2', line: 1 }, 6), { line: 2, column: 1, excerpt: '' })
})

void t.test('a List in one line has each item at its own column', async (t) => {
  const items = [0, 1, 2].map((i) => ({ kind: 'Pod', spec: { containers: [{ name: `c${i}` }] } }))
  const document = { text: JSON.stringify({ kind: 'List', items }), line: 1 }
  const [value] = (await readDocument(document)).values
  if (value === undefined) throw new Error('not read')
  const locator = new Locator(document, value)
  const columns = []
  for (const i of items.keys()) columns.push((await locator.spotOf(`/items/${i}/spec`)).column)
  t.strictSame(
    columns,
    [...document.text.matchAll(/"spec"/g)].map(({ index }) => index + 1)
  )
})
