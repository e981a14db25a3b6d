import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { escapeToken, tokensOf } from '../../src/lib/json/pointer.ts'
import { BlockLocator } from '../../src/yaml/block-locator.ts'
import { type PlacedNode, readFast, readPlaces } from '../../src/yaml/js-yaml-reader.ts'
import { needsSlow } from '../../src/yaml/needs-slow.ts'
import { projectFolder } from '../support/sources.ts'

void t.test('each field is found where it is written, in any order', async (t) => {
  const text = `# first
kind: List
items:
- kind: Pod
  spec:   # what runs
    containers:

    - name: "a b"
      args: [-c, 'it''s', {x: "y"}]
    # the second
    -
      name: b
      script: |
        kind: "no
      - no
      more: 1
- - deep: {}
last:
    - 1
    - two: 2
`
  const cases: readonly [pointer: string, found: string][] = [
    ['', 'kind: List'],
    ['/items', 'items:'],
    ['/items/0', 'kind: Pod'],
    ['/items/0/spec', 'spec:   #'],
    ['/items/0/spec/containers/0', 'name: "a b"'],
    ['/items/0/spec/containers/1/more', 'more: 1'],
    ['/items/1/0/deep', 'deep: {}'],
    ['/last/1/two', 'two: 2'],
    // The deepest one above it that is there.
    ['/items/0/spec/containers/0/resources/limits', 'name: "a b"'],
    ['/items/0/spec/containers/2', 'containers:'],
    ['/items/01', 'items:'],
    ['/none', 'kind: List']
  ]
  const locator = new BlockLocator(text)
  for (const [pointer, found] of [...cases, ...cases].reverse()) {
    t.equal(text.slice(locator.offsetOf(pointer) ?? text.length).startsWith(found), true, pointer)
  }
})

void t.test('what only a parser can be sure of is left to one', async (t) => {
  const cases: readonly [text: string, pointer: string][] = [
    ['{a: 1}\n', '/a'],
    ['a: {b: 1}\n', '/a/b'],
    ['"a": 1\n', '/a'],
    ['yes: 1\n', '/true'],
    ['a b: 1\n', '/c'],
    ['a: 1\na: 2\n', '/a'],
    ['a: "x\nb: y"\n', '/b'],
    ["a: 'x\nb: y'\n", '/b'],
    ['a: [x,\nb: y]\n', '/b'],
    ['a: [x "b, "]\nb: y"]\n', '/b'],
    ['a: {x: y:"b, c: "\nd: e"}\n', '/d'],
    ['- \n- a\n', '/1'],
    ['- &x a\n- b\n', '/1'],
    ['a:\r\n  b: 1\r\n', '/a/b'],
    ['\ta: 1\n', '/a'],
    ['a: 1\n...\nb: 2\n', '/b'],
    ['a: 1\u0085b: 2\n', '/b'],
    ['', '/a']
  ]
  for (const [text, pointer] of cases) t.equal(new BlockLocator(text).offsetOf(pointer), undefined, text)
})

void t.test('places are those of the parser', async (t) => {
  let sure = 0
  for (const text of textsBelow('manifests').filter((each) => !needsSlow(each))) {
    const places = readPlaces(text)
    if (places === undefined) continue
    const locator = new BlockLocator(text)
    for (const pointer of pointersOf(readFast(text)).flatMap((each) => [each, `${each}/none`])) {
      const found = locator.offsetOf(pointer)
      if (found === undefined) continue
      sure++
      // Comments and empty lines may come before the first key.
      if (text.slice(parsedOffset(places, pointer), found).replaceAll(/#.*|\s/g, '') !== '')
        t.fail(`${pointer}\n${text}`)
    }
  }
  t.ok(sure > 5_000, String(sure))
})

function textsBelow(folder: string): string[] {
  return readdirSync(join(projectFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => readFileSync(join(projectFolder, folder, name), 'utf8').split(/^---.*\n/m))
}

function pointersOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([key, inner]) => pointersOf(inner, `${at}/${escapeToken(key)}`))]
}

function parsedOffset(root: PlacedNode, pointer: string): number {
  let node: PlacedNode = root
  let { at } = root
  for (const token of tokensOf(pointer)) {
    const member = node.members?.get(token)
    const next = member?.node ?? node.items?.[Number(token)]
    if (next === undefined) return at
    at = member?.keyAt ?? next.at
    node = next
  }
  return at
}
