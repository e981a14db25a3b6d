// attacks.tsv says which test holds what each known attack does today: this holds the list to the tests.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder } from '../support/sources.ts'

/** So many kinds were found at first. New ones are added below them. */
const firstKinds = 24

const [, ...rows] = readFileSync(join(import.meta.dirname, 'attacks.tsv'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'))

/** Titles of tests, and names of cases that become titles. */
function titlesOf(source: string): string[] {
  const found = source.matchAll(/(?:\.test\(|\bname:)\s*(["'`])((?:\\.|(?!\1).)*)\1/gs)
  return [...found].map(([, , title = '']) => title.replaceAll(String.raw`\'`, "'"))
}

void t.test('each test of the list is there, by its name', async (t) => {
  t.ok(rows.length > 90, `${rows.length} rows`)
  for (const row of rows) {
    const [attack, deed, today, file = '', title = ''] = row
    t.equal(row.length, 5, row.join(' | '))
    t.ok(attack && deed && today && file && title, row.join(' | '))
    if (file === '-') continue
    const path = join(projectFolder, file)
    const isThere = existsSync(path) && titlesOf(readFileSync(path, 'utf8')).some((each) => each.includes(title))
    t.ok(isThere, `${attack}: ${file} has a test named "${title}"`)
  }
})

void t.test(
  'each kind of attack has a test, and each script one that holds it or another that it is a part of',
  async (t) => {
    const tested = new Set(rows.flatMap(([attack, , , file]) => (file === '-' ? [] : [attack])))
    for (let kind = 1; kind <= firstKinds; kind++) t.ok(tested.has(`attack ${kind}`), `attack ${kind}`)
    const parts = rows.filter(([, , , file]) => file === '-')
    for (const [attack = '', , ...rest] of parts) t.strictSame(rest, ['-', '-', '-'], attack)
    for (const [attack] of parts) t.notOk(tested.has(attack), `${attack} is either`)
  }
)

void t.test('a title is found in every way in which tests have one', async (t) => {
  const source = ["t.test('a', x)", 't.test(', '  `b c`,', '{ name: "it\'s" }', String.raw`t.test('it\'s')`].join('\n')
  t.strictSame(titlesOf(source), ['a', 'b c', "it's", "it's"])
})
