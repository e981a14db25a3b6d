import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { Mistake } from './go-yaml-reader.ts'
import { needsSlow, readFast } from './js-yaml-reader.ts'
import { type DocumentText, splitJson } from './split-stream.ts'

export interface ReadDocument {
  /** What the document holds: one value, none, or several where JSON values follow one another. */
  readonly values: readonly DocumentValue[]
  readonly mistakes: readonly Mistake[]
}

export interface DocumentValue {
  readonly value: unknown
  /** Where the value's text begins in that of the document, and ends. */
  readonly start: number
  readonly end: number
  /** Strict JSON: nothing in it needs the slow parser. */
  readonly isJson: boolean
}

/** An object as a request would carry it. */
export interface ManifestObject {
  readonly object: JsonRecord
  /** JSON Pointer of the object in its document: empty, or that of an item of a List. */
  readonly at: string
}

/** Before the first character: the line of the `---` above. */
export const aboveDocument = -1

/** Bytes of UTF-16; one object is at most 3 MiB, but a List may hold a dump of a whole cluster. Own choice. */
export const maxDocument = 128 * 1024 * 1024

/** Reads one document as kubectl does. Never throws: what is wrong with it is a mistake with a place. */
export async function readDocument({ text, afterSeparator }: DocumentText): Promise<ReadDocument> {
  const above: Mistake[] =
    afterSeparator === undefined
      ? []
      : [{ message: 'expected a line end or a comment after ---', at: aboveDocument, isReadable: true }]
  const json = readJson(text)
  if (json !== undefined) return { values: json, mistakes: above }
  const { value, mistakes } = await readYaml(cutAtEnd(text))
  return {
    values: value === undefined ? [] : [{ value, start: 0, end: text.length, isJson: false }],
    mistakes: [...above, ...mistakes]
  }
}

/** What follows a line `...` is not part of the document, and kubectl does not look at it. */
function cutAtEnd(text: string): string {
  if (!text.includes('...')) return text
  const end = text.search(/^\.\.\.(\s|$)/m)
  return end < 0 ? text : text.slice(0, end)
}

/** The JSON values of a text that begins like JSON; undefined when it is none. */
function readJson(text: string): DocumentValue[] | undefined {
  const start = text.search(/\S/)
  if (text[start] !== '{') return undefined
  try {
    return [{ value: JSON.parse(text), start, end: text.length, isJson: true }]
  } catch {
    // Several values, or YAML in flow style.
  }
  try {
    return [...splitJson(text)].map(({ start, end }) => ({
      value: JSON.parse(text.slice(start, end)),
      start,
      end,
      isJson: true
    }))
  } catch {
    return undefined
  }
}

async function readYaml(text: string): Promise<{ value: unknown; mistakes: readonly Mistake[] }> {
  let objection: unknown
  if (!needsSlow(text)) {
    try {
      return { value: readFast(text), mistakes: [] }
    } catch (error) {
      objection = error
    }
  }
  const { readSlow } = await import('./go-yaml-reader.ts')
  const slow = readSlow(text)
  if (slow.mistakes.length > 0) {
    return { value: slow.value, mistakes: slow.mistakes.map((mistake) => explained(mistake, text)) }
  }
  if (objection === undefined) return slow
  // The other parser is more generous; kubectl may not be.
  const { reason, mark } = objection as { reason?: string; mark?: { position: number } }
  return {
    value: undefined,
    mistakes: [{ message: reason ?? 'not valid YAML', at: mark?.position ?? 0, isReadable: false }]
  }
}

/** The mistake behind the mistake, where one is well known. */
function explained(mistake: Mistake, text: string): Mistake {
  const template = text.indexOf('{{')
  if (mistake.isReadable || template < 0) return mistake
  return {
    message: 'this is a Helm template, not its output; run helm template and validate what it prints',
    at: template,
    isReadable: false
  }
}

/** The objects of a value, Lists taken apart; what is no object at all is given back as it is, to be told. */
export function* objectsOf(
  value: unknown,
  at = ''
): Generator<ManifestObject | { readonly notObject: unknown; readonly at: string }> {
  if (!isRecord(value)) {
    yield { notObject: value, at }
    return
  }
  const { kind, apiVersion, items } = value
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) {
    yield { object: value, at }
    return
  }
  // The items of a DeploymentList may leave their kind out (apimachinery unstructured.UnstructuredList).
  const own = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) }
  for (const [i, item] of items.entries())
    yield* objectsOf(isRecord(item) ? { ...own, ...item } : item, `${at}/items/${i}`)
}

/** What `helm template` and `kustomize` write above each document: the file it was made from. */
export function sourceOf(text: string): string | undefined {
  if (!text.includes('# Source: ')) return undefined
  return /^# Source: (.+?)\s*$/m.exec(text)?.[1]
}
