// The fast parser and the slow one read a document alike, and find its fields at the same places.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { stringify, type ToStringOptions } from 'yaml'
import { readSlow } from '../../src/yaml/go-yaml-reader.ts'
import { type PlacedNode, readFast, readPlaces } from '../../src/yaml/js-yaml-reader.ts'
import { needsSlow } from '../../src/yaml/needs-slow.ts'
import { DocumentSplitter } from '../../src/yaml/split-stream.ts'

function everyPlace(node: PlacedNode, path: readonly string[] = []): [path: readonly string[], at: number][] {
  return [
    ...[...(node.members ?? [])].flatMap(([key, { keyAt, node }]): [readonly string[], number][] => [
      [[...path, key], keyAt],
      ...everyPlace(node, [...path, key])
    ]),
    ...(node.items ?? []).flatMap((item, i): [readonly string[], number][] => [
      [[...path, String(i)], item.at],
      ...everyPlace(item, [...path, String(i)])
    ])
  ]
}

function compare(t: Tap, name: string, text: string): void {
  const slow = readSlow(text)
  t.strictSame(slow.mistakes, [], `${name}: the slow parser has nothing against it`)
  if (needsSlow(text)) return
  const value = readFast(text)
  t.strictSame(value, slow.value, `${name}: same value`)
  const places = readPlaces(text)
  if (value === undefined || places === undefined || slow.places === undefined) return
  t.strictSame(everyPlace(places), everyPlace(slow.places), `${name}: same places`)
}

type Tap = Pick<Test, 'strictSame' | 'equal'>

const fixtures = join(import.meta.dirname, '../fixtures')

void t.test('for every fixture of this project', async (t) => {
  const files = readdirSync(fixtures, { recursive: true }).map(String)
  for (const file of files.filter((name) => name.endsWith('.yaml') && !name.includes('broken'))) {
    const splitter = new DocumentSplitter()
    const documents = [...splitter.push(readFileSync(join(fixtures, file), 'utf8')), ...splitter.end()]
    for (const { text, line } of documents) compare(t, `${file}:${line}`, text)
  }
})

const scalar = fc.oneof(
  fc.constantFrom(
    'yes',
    'on',
    'y',
    '0777',
    '0o17',
    '1_000',
    '~',
    'null',
    '12:30:45',
    '2001-12-14',
    '.5',
    '1e3',
    '"',
    "it's"
  ),
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null)
)
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(fc.stringMatching(/^[a-z./-]{1,8}$/), fc.string({ minLength: 1, maxLength: 6 })),
      tie('tree'),
      { maxKeys: 4 }
    )
  )
}))

void t.test('for whatever a YAML writer makes of any value, in any style', async (t) => {
  const styles = fc.record({
    indentSeq: fc.boolean(),
    indent: fc.constantFrom(2, 4),
    collectionStyle: fc.constantFrom('any', 'block', 'flow'),
    defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL')
  })
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tree), styles, (value, style) => {
      const text = stringify(value, { ...(style as ToStringOptions), version: '1.1', aliasDuplicateObjects: false })
      if (readSlow(text).mistakes.length === 0) compare(quiet, text, text)
    }),
    { numRuns: 500 }
  )
  t.pass()
})

/** Says nothing as long as all is well; a thousand assertions more would tell nobody anything. */
const quiet: Tap = {
  strictSame: ((found: unknown, wanted: unknown, message: string) => {
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      throw new Error(`${message}: ${JSON.stringify([found, wanted])}`)
    return true
  }) as Tap['strictSame'],
  equal: ((found: unknown, wanted: unknown, message: string) => {
    if (found !== wanted) throw new Error(`${message}: ${found} is not ${wanted}`)
    return true
  }) as Tap['equal']
}
