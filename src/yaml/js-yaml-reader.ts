import { type EventType, type LoadOptions, loadAll, Schema, type State, Type } from 'js-yaml'
import { plainScalar, taggedScalar } from './kubectl-scalars.ts'

/**
 * js-yaml set up to read as kubectl does. It is five to ten times faster than the package `yaml` and reports positions
 * through its listener. But it shares aliased nodes, and does not merge keys as kubectl does: `needsSlow` finds documents
 * with those, and go-yaml-reader.ts reads them.
 */

const yamlTag = 'tag:yaml.org,2002:'

const scalarKinds = ['int', 'float', 'bool', 'null', 'binary'] as const
const kinds = ['scalar', 'sequence', 'mapping'] as const

/** The value of the last plain scalar: js-yaml first asks whether the type fits, then for the value. */
let held: unknown

const schema = new Schema({
  implicit: [
    // One type instead of one for each kind of value: js-yaml asks all of them for every plain scalar.
    new Type('pidguard:plain', {
      kind: 'scalar',
      resolve(text: string | null) {
        held = text === null ? null : plainScalar(text)
        return held !== text
      },
      construct: () => held
    })
  ],
  explicit: [
    new Type(`${yamlTag}str`, { kind: 'scalar', construct: (text: string | null) => text ?? '' }),
    new Type(`${yamlTag}seq`, { kind: 'sequence', construct: (list: unknown) => list ?? [] }),
    new Type(`${yamlTag}map`, { kind: 'mapping', construct: (map: unknown) => map ?? {} }),
    ...scalarKinds.map(
      (kind) =>
        new Type(yamlTag + kind, {
          kind: 'scalar',
          resolve: (text: string | null) => taggedScalar(kind, text ?? '') !== undefined,
          construct: (text: string | null) => taggedScalar(kind, text ?? '')
        })
    ),
    // kubectl ignores tags it does not know.
    ...['!', yamlTag].flatMap((tag) =>
      kinds.map((kind) => new Type(tag, { kind, multi: true, construct: (value: unknown) => value }))
    )
  ]
})

/** Levels of nesting before a document is refused; go-yaml stops at 10,000. */
const maxDepth = 1_000

const loadOptions: LoadOptions & { maxDepth: number } = { schema, maxDepth }

/** What may stand before a node on its line: indentation, the dash of an item, a colon, a bracket, a comma, a tag. */
const before = String.raw`(?:^|[:[{,?]|^[ \t]*-|[ \t]-|![^\s]*)[ \t]*`
/** What may stand before a key on its line. */
const beforeKey = String.raw`(?:^[ \t]*(?:-[ \t]+)*|[[{,?][ \t]*)`

const anchor = new RegExp(String.raw`${before}&[^\s&,[\]{}]`, 'gm')
const alias = new RegExp(String.raw`${before}\*[^\s*,[\]{}]`, 'gm')
const mergeKey = new RegExp(String.raw`${beforeKey}<<[ \t]*:`, 'gm')
const explicitKey = new RegExp(String.raw`${beforeKey}\?[ \t\r\n]`, 'gm')
const mapInMap = new RegExp(String.raw`${before}\{[ \t]*\{`, 'gm')
/** A collection in brackets, on one line or at the end of several, with a colon behind it. */
const collectionKey = new RegExp(String.raw`${beforeKey}[[{].*[\]}][ \t]*:|^[ \t]*[\]}][ \t]*:`, 'gm')

/**
 * Whether a document holds what only the slow parser reads as kubectl does: aliases, merge keys, keys that are not
 * scalars. May say yes for a document that merely looks so. Words come before patterns, as nearly all texts have none of
 * them; and the patterns ask for the place, as prose in CRDs and scripts in ConfigMaps is full of such words.
 */
export function needsSlow(text: string): boolean {
  return (
    (text.includes('<<') && isOutsideTexts(mergeKey, text)) ||
    (text.includes('{{') && isOutsideTexts(mapInMap, text)) ||
    ((text.includes(']:') || text.includes('}:') || text.includes('] :') || text.includes('} :')) &&
      isOutsideTexts(collectionKey, text)) ||
    (text.includes('? ') && isOutsideTexts(explicitKey, text)) ||
    (text.includes('*') && text.includes('&') && isOutsideTexts(anchor, text) && isOutsideTexts(alias, text))
  )
}

/** Whether a pattern is found anywhere but in texts of several lines: CEL expressions and scripts hold such signs in all places. */
function isOutsideTexts(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0
  for (;;) {
    const found = pattern.exec(text)
    if (found === null) return false
    // A pattern may begin with the end of the line before.
    const start = text.lastIndexOf('\n', found.index + Math.max(0, found[0].search(/[^\r\n]/)) - 1) + 1
    const block = blockAbove(text, start)
    if (block !== undefined) pattern.lastIndex = endOfBlock(text, start, block)
    else if (isInQuotes(text, start)) pattern.lastIndex = endOfLine(text, start)
    else return true
  }
}

/** A line that opens a block scalar: a key or the dash of an item, the sign, nothing behind it. No comment before the sign. */
const blockStart = /^( *(?:-[ \t]+(?![|>]))*)[^#]*(?::|-|[!&][^\s]*)[ \t]+[|>][-+0-9]{0,2}[ \t\r]*$/

/** The column that the lines of a block scalar are indented beyond, for the line that begins at `start`; undefined: it is in none. */
function blockAbove(text: string, start: number): number | undefined {
  const indent = indentOf(text, start)
  let outer = indent
  for (let end = start - 1; end >= 0 && outer > 0; ) {
    const above = text.lastIndexOf('\n', end - 1) + 1
    const own = indentOf(text, above)
    if (own < outer && !isEmptyAt(text, above + own)) {
      const column = blockStart.exec(text.slice(above, end))?.[1]?.length
      if (column !== undefined && column < indent) return column
      outer = own
    }
    end = above - 1
  }
  return undefined
}

/** Where the block scalar ends that the line at `start` is in. */
function endOfBlock(text: string, start: number, column: number): number {
  for (let at = endOfLine(text, start); ; at = endOfLine(text, at)) {
    const indent = indentOf(text, at)
    if (at >= text.length || (indent <= column && !isEmptyAt(text, at + indent))) return at
  }
}

/** Where the next line begins. */
function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.length : end + 1
}

function isEmptyAt(text: string, at: number): boolean {
  return at >= text.length || text[at] === '\n' || text[at] === '\r'
}

/** A line with a double quote that it does not close. */
const quoteStart = /^[^"'#]*(?:^|[:[{,-])[ \t]*"(?:[^"\\]|\\.)*$/

/** Whether the line that begins at `start` goes on with a double-quoted scalar that a line above it opens. */
function isInQuotes(text: string, start: number): boolean {
  const indent = indentOf(text, start)
  for (let end = start - 1; end >= 0; ) {
    const above = text.lastIndexOf('\n', end - 1) + 1
    const line = text.slice(above, end)
    if (line.includes('"')) return indentOf(text, above) <= indent && quoteStart.test(line)
    end = above - 1
  }
  return false
}

function indentOf(text: string, start: number): number {
  let at = start
  while (text[at] === ' ') at++
  return at - start
}

/** The value of one document, undefined when it holds none. Throws a YAMLException, or a RangeError of plainScalar. */
export function readFast(text: string): unknown {
  return first(loadAll(text, null, loadOptions))
}

function first(documents: unknown[]): unknown {
  return documents[0] ?? undefined
}

/** A node with its place in the text. */
export interface PlacedNode {
  readonly at: number
  /** By key; the last of several, as it is the one that counts. */
  members: Map<string, { readonly keyAt: number; readonly node: PlacedNode }> | undefined
  items: PlacedNode[] | undefined
}

interface OpenNode extends PlacedNode {
  readonly inner: { node: PlacedNode; value: unknown }[]
}

/** The places in a document that `readFast` has read; undefined where the parser's events are ambiguous. */
export function readPlaces(text: string): PlacedNode | undefined {
  const open: OpenNode[] = []
  let root: PlacedNode | undefined
  let isSure = true
  const listener = (event: EventType, state: State): void => {
    if (event === 'open') {
      open.push({ at: state.position, members: undefined, items: undefined, inner: [] })
      return
    }
    const node = open.pop() as OpenNode
    isSure = settle(node, state) && isSure
    const parent = open.at(-1)
    if (parent === undefined) root ??= node
    else parent.inner.push({ node, value: state.result })
  }
  loadAll(text, null, { ...loadOptions, listener })
  return isSure ? root : undefined
}

function settle(node: OpenNode, state: State): boolean {
  const { inner } = node
  const { kind } = state
  const result: unknown = state.result
  const [only] = inner
  if (
    only !== undefined &&
    inner.length === 1 &&
    only.value === result &&
    typeof result === 'object' &&
    result !== null
  ) {
    // js-yaml first reads a flow collection as a possible key of a block, which opens it twice.
    node.members = only.node.members
    node.items = only.node.items
    return true
  }
  if (kind === 'sequence') {
    node.items = inner.map((item) => item.node)
    return Array.isArray(result) && result.length === inner.length
  }
  if (kind !== 'mapping') return true
  if (inner.length !== 2 * Object.keys(result as object).length) return false
  node.members = new Map()
  for (let i = 0; i < inner.length; i += 2) {
    const key = inner[i] as (typeof inner)[number]
    node.members.set(String(key.value), { keyAt: key.node.at, node: (inner[i + 1] as (typeof inner)[number]).node })
  }
  return true
}
