import fc from 'fast-check'
import t from 'tap'
import { escapeToken } from '../../src/lib/json/pointer.ts'
import { JsonLocator, repeatedKeys } from '../../src/yaml/json-locator.ts'

function pointersOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([key, inner]) => pointersOf(inner, `${at}/${escapeToken(key)}`))]
}

void t.test('each field is found where it is written, in any order', async (t) => {
  const text = '\n { "a" : [1, {"b\\u0063": null}, "x:\\"]{"] ,"a/b":{}, "c":-1.5e3}'
  const cases: readonly [pointer: string, found: string][] = [
    ['', '{ "a"'],
    ['/c', '"c":-1.5'],
    ['/a/1/bc', '"b\\u0063": null'],
    ['/a/0', '1, {'],
    ['/a/2', '"x:\\"]{"'],
    ['/a~1b', '"a/b":{}'],
    // The deepest one above it that is there.
    ['/a~1b/no', '"a/b":{}'],
    ['/a/1/no/more', '{"b\\u0063"'],
    ['/a/7', '"a" : ['],
    ['/no', '{ "a"'],
    ['/c/d', '"c":-1.5']
  ]
  const locator = new JsonLocator(text)
  for (const [pointer, found] of [...cases, ...cases].reverse()) {
    t.equal(text.slice(locator.offsetOf(pointer)).startsWith(found), true, pointer)
  }
})

void t.test('each key is found in any JSON', async () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
      fc.constantFrom(0, 1, '\t'),
      (value, space) => {
        const text = JSON.stringify(value, undefined, space)
        const locator = new JsonLocator(text)
        for (const pointer of pointersOf(value)) {
          const at = locator.offsetOf(pointer)
          const last = pointer
            .slice(pointer.lastIndexOf('/') + 1)
            .replaceAll('~1', '/')
            .replaceAll('~0', '~')
          const parent = valueAt(value, pointer.slice(0, pointer.lastIndexOf('/')))
          const found = text.slice(at)
          const written = Array.isArray(parent) || pointer === '' ? undefined : JSON.stringify(last)
          if (written !== undefined && !found.startsWith(written)) throw new Error(`${pointer}: ${found.slice(0, 40)}`)
        }
        if (repeatedKeys(text, value).length > 0) throw new Error(text)
      }
    )
  )
})

function valueAt(value: unknown, pointer: string): unknown {
  let inner = value
  for (const token of pointer.split('/').slice(1)) {
    inner = (inner as Record<string, unknown>)[token.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return inner
}

void t.test('keys that are in one object twice are found, wherever it is', async (t) => {
  const cases: readonly [text: string, at: readonly number[]][] = [
    ['{"a": 1, "a": 2}', [9]],
    ['{"a": 1, "\\u0061": 2}', [9]],
    ['{"a": {"b": 1, "c": [{"d": 1, "d" : 2}]}, "a": 3}', [30, 42]],
    ['{"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 2}]}', []],
    ['{"a": "b\\": 1, \\"a\\":", "c": ":", "d": "\\\\", "e": {}}', []],
    ['{"a\\\\": 1, "a\\\\": ":"}', [11]]
  ]
  for (const [text, at] of cases) {
    t.strictSame(
      repeatedKeys(text, JSON.parse(text)).map((mistake) => mistake.at),
      at,
      text
    )
  }
})

void t.test('a value nested as deep as JSON.parse takes it is looked through', async (t) => {
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  t.strictSame(repeatedKeys(deep, JSON.parse(deep)), [])
  t.equal(new JsonLocator(deep).offsetOf('/a/a/a'), 11)
})
