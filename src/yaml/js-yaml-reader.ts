import { type EventType, type LoadOptions, loadAll, Schema, type State, Type } from 'js-yaml'
import { plainScalar, taggedScalar } from './kubectl-scalars.ts'

/**
 * js-yaml set up to read as kubectl does. It is five to ten times faster than the package `yaml` and reports positions
 * through its listener. But it shares aliased nodes, and does not merge keys as kubectl does: needs-slow.ts finds documents
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
