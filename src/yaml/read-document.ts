import type { NowOrLater } from '../lib/async/now-or-later.ts'
import { isRecord, type JsonRecord, nameOf } from '../lib/json/shape.ts'
import { readFast } from './js-yaml-reader.ts'
import { repeatedKeys } from './json-locator.ts'
import { controlCharacterIn, type Mistake } from './mistake.ts'
import { trailingCommaIn } from './mistakes/trailing-comma.ts'
import { hasTabLine, needsSlow } from './needs-slow.ts'
import { readPlainManifest } from './plain-manifest.ts'
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
export function readDocument({ text, afterSeparator }: DocumentText): NowOrLater<ReadDocument> {
  const above: Mistake[] =
    afterSeparator === undefined
      ? []
      : [{ message: 'expected a line end or a comment after ---', at: aboveDocument, isReadable: true }]
  const json = readJson(text)
  if (json !== undefined) {
    const repeats = json.flatMap(({ value, start, end }) =>
      repeatedKeys(text.slice(start, end), value).map((mistake) => ({ ...mistake, at: start + mistake.at }))
    )
    return { values: json, mistakes: [...above, ...repeats] }
  }
  const plain = readPlainManifest(text)
  if (plain !== undefined) {
    return { values: [{ value: plain, start: 0, end: text.length, isJson: false }], mistakes: above }
  }
  return readOtherYaml(text, above)
}

/** YAML that is not plainly written. */
async function readOtherYaml(text: string, above: Mistake[]): Promise<ReadDocument> {
  const control = controlCharacterIn(text)
  if (control !== undefined) return { values: [], mistakes: [...above, control] }
  const comma = trailingCommaIn(text)
  if (comma !== undefined) above.push(comma)
  const cut = cutAtEnd(text)
  if (cut !== text && !hasContent.test(cut)) {
    const message = 'the end of a document (...) before anything in it; what follows is not read'
    return { values: [], mistakes: [...above, { message, at: cut.length, isReadable: false }] }
  }
  const { value, mistakes } = await readYaml(withPlainBreaks(cut))
  return {
    values: value === undefined ? [] : [{ value, start: 0, end: text.length, isJson: false }],
    mistakes: [...above, ...mistakes]
  }
}

/** Unicode has three more line ends, which go-yaml takes for such. Each is one character, so places stay where they are. */
function withPlainBreaks(text: string): string {
  return text.includes('\u2028') || text.includes('\u2029') || text.includes('\u0085')
    ? text.replace(/[\u0085\u2028\u2029]/g, '\n')
    : text
}

/** A line with something on it but a comment. */
const hasContent = /^[ \t]*[^#\s]/m

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
  const values: DocumentValue[] = []
  let last = 0
  try {
    for (const { start, end } of splitJson(text)) {
      // Other text between values, or behind the last: YAML, or a mistake.
      if (otherThanSpace.test(text.slice(last, start))) return undefined
      values.push({ value: JSON.parse(text.slice(start, end)), start, end, isJson: true })
      last = end
    }
  } catch {
    return undefined
  }
  return otherThanSpace.test(text.slice(last)) ? undefined : values
}

/** What JSON does not have between values. */
const otherThanSpace = /[^ \t\r\n]/

async function tabIn(text: string): Promise<Mistake | undefined> {
  const { tabMistakeIn } = await import('./mistakes/tab-mistake.ts')
  return tabMistakeIn(text)
}

async function readYaml(text: string): Promise<{ value: unknown; mistakes: readonly Mistake[] }> {
  let objection: unknown
  if (!needsSlow(text)) {
    try {
      const value = readFast(text)
      const tab = hasTabLine(text) ? await tabIn(text) : undefined
      return tab === undefined ? { value, mistakes: [] } : { value: undefined, mistakes: [tab] }
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

/** The mistake behind the mistake: a template where it is, on the line of the mistake or on the one before. */
function explained(mistake: Mistake, text: string): Mistake {
  if (mistake.isReadable || !text.includes('{{')) return mistake
  const start = text.lastIndexOf('\n', mistake.at - 1) + 1
  const before = start === 0 ? -1 : templateIn(text, text.lastIndexOf('\n', start - 2) + 1)
  const here = templateIn(text, start)
  const template = here >= 0 ? here : before
  if (template < 0) return mistake
  return {
    message: 'this is a Helm template, not its output; run helm template and validate what it prints',
    at: template,
    isReadable: false
  }
}

/** Index of a `{{` in the line that begins at `start`, outside of quotes and comments; -1 where there is none. */
function templateIn(text: string, start: number): number {
  let quote = ''
  for (let at = start; at < text.length; at++) {
    const char = text[at] as string
    if (char === '\n') return -1
    if (quote !== '') {
      if (char === '\\' && quote === '"') at++
      else if (char === quote) quote = ''
    } else if (char === '{' && text[at + 1] === '{') return at
    else if (char === '#' && /^$|\s/.test(text[at - 1] ?? '')) return -1
    else if ((char === '"' || char === "'") && /[\s:,[{-]/.test(text[at - 1] ?? ' ')) quote = char
  }
  return -1
}

/** Levels of Lists in Lists; kubectl writes one. Own choice. */
const maxLists = 16

/** A document, or an item of a List, that is not a JSON object. */
export interface NotObject {
  readonly notObject: unknown
  readonly at: string
  /** Why it is not taken apart, where it is a List. */
  readonly reason?: string
}

/**
 * The objects of a value, Lists taken apart. As for kubectl, any object with a list `items` is one, of whatever kind
 * (apimachinery unstructured/helpers.go); without any items where these are null, and refused where they are no list. A value that is no object is given back as it is, for the report.
 */
export function* objectsOf(value: unknown, at = '', level = 0): Generator<ManifestObject | NotObject> {
  if (!isRecord(value)) {
    yield { notObject: value, at }
    return
  }
  const { kind, apiVersion, items } = value
  const isMeantAsList =
    typeof apiVersion === 'string' && (items !== undefined || (kind === 'List' && apiVersion === 'v1'))
  if (typeof kind !== 'string' || !(Array.isArray(items) || isMeantAsList)) {
    yield { object: value, at }
    return
  }
  if (items === null) return
  if (!Array.isArray(items)) {
    yield { notObject: value, at, reason: `${at}/items: expected a list, found ${nameOf(items)}` }
    return
  }
  if (level >= maxLists) {
    yield { notObject: value, at, reason: `Lists in Lists, more than ${maxLists} deep` }
    return
  }
  // The items of a DeploymentList may leave their kind out (apimachinery unstructured.UnstructuredList).
  const own = kind === 'List' ? undefined : { apiVersion, kind: kind.replace(/List$/, '') }
  for (let i = 0; i < items.length; i++) {
    const item: unknown = items[i]
    const itemAt = `${at}/items/${i}`
    if (!isRecord(item)) yield { notObject: item, at: itemAt }
    else {
      const object: JsonRecord = own === undefined ? { ...item } : { ...own, ...item }
      if (object['items'] === undefined && object['kind'] !== 'List') yield { object, at: itemAt }
      else yield* objectsOf(object, itemAt, level + 1)
    }
  }
}

const sourceMark = '# Source: '

/** What `helm template` and `kustomize` write above each document: the file it was made from. */
export function sourceOf(text: string): string | undefined {
  for (let at = text.indexOf(sourceMark); at >= 0; at = text.indexOf(sourceMark, at + 1)) {
    if (at > 0 && text[at - 1] !== '\n') continue
    const end = text.indexOf('\n', at)
    const source = text.slice(at + sourceMark.length, end < 0 ? undefined : end).trim()
    if (source !== '') return source
  }
  return undefined
}
