import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import type { Path } from './mistakes.ts'
import type { PolicyMistake } from './policy-error.ts'
import { withoutNulls } from './without-nulls.ts'

interface Place {
  readonly line: number
  readonly column: number
}

/** Syntax mistakes reported at most: one bracket left open makes thousands. Own choice. */
const maxSyntaxMistakes = 20

/** One YAML document as plain values, with the line and column of each. */
export interface YamlSource {
  readonly value: unknown
  /** Of the key or list entry at `path`, or of the deepest one above it that exists. */
  placeOf(path: Path): Place
}

/**
 * Reads the only document of `text`. Mistakes when it is not YAML, or not one document.
 * `kind` is what the document should be, for messages. YAML 1.2: `off` is a text, not false, and a date stays a text.
 */
export function readYaml(text: string, kind = 'PidGuardPolicy'): YamlSource | readonly PolicyMistake[] {
  const lineCounter = new LineCounter()
  try {
    const options = { lineCounter, merge: true, prettyErrors: false, stringKeys: true }
    const documents = [...parseAllDocuments(text, options)].filter(isWorthReading)
    return sourceOf(documents, lineCounter, kind)
  } catch (cause) {
    // Too many aliases, or brackets too deep for the parser.
    return [{ line: 1, column: 1, path: '', message: `not readable as YAML: ${firstLine(cause)}` }]
  }
}

function isWorthReading(document: Document): boolean {
  const { contents, errors } = document
  return errors.length > 0 || !(contents === null || (isScalar(contents) && contents.value === null))
}

function sourceOf(
  documents: readonly Document[],
  lineCounter: LineCounter,
  kind: string
): YamlSource | readonly PolicyMistake[] {
  const at = (offset: number) => placeAt(lineCounter, offset)
  const [document, second] = documents
  if (document === undefined) {
    return [{ ...at(0), path: '', message: `the document is empty; expected a ${kind}` }]
  }
  const broken = documents.flatMap((each) => [...each.errors, ...each.warnings]).slice(0, maxSyntaxMistakes)
  if (broken.length > 0) return broken.map((error) => ({ ...at(error.pos[0]), path: '', message: firstLine(error) }))
  if (second !== undefined) {
    const offset = second.contents?.range?.[0] ?? 0
    return [{ ...at(offset), path: '', message: `a second document; expected exactly one ${kind}` }]
  }
  const value = withoutNulls(document.toJS({ maxAliasCount: 100 }))
  return { value, placeOf: (path) => at(offsetOf(document, path)) }
}

function offsetOf(document: Document, path: Path): number {
  let node = resolved(document, document.contents)
  let offset = node?.range?.[0] ?? 0
  for (const segment of path) {
    const next = stepInto(node, segment)
    if (next === undefined) return offset
    offset = next.offset
    node = resolved(document, next.node)
  }
  return offset
}

function stepInto(node: Node | undefined, segment: string | number): { node: unknown; offset: number } | undefined {
  if (isMap<unknown>(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))
    const range = isScalar(pair?.key) ? pair.key.range : undefined
    return pair === undefined || !range ? undefined : { node: pair.value, offset: range[0] }
  }
  if (!isSeq<Node>(node)) return undefined
  const item = node.items[Number(segment)]
  return item?.range ? { node: item, offset: item.range[0] } : undefined
}

function resolved(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined
}

function placeAt(lineCounter: LineCounter, offset: number): Place {
  const { line, col } = lineCounter.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
