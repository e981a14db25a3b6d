import type { ObjectProblem } from '../kubernetes/pods/object-problems.ts'
import { eachInTurn, type NowOrLater, whenThere } from '../lib/async/now-or-later.ts'
import { isRecord, nameOf } from '../lib/json/shape.ts'
import type { Place, Problem } from '../report/validate-report.ts'
import type { Spot } from '../yaml/locator.ts'
import { Locator, spotAt } from '../yaml/locator.ts'
import {
  type DocumentValue,
  type ManifestObject,
  maxDocument,
  type NotObject,
  objectsOf,
  type ReadDocument,
  readDocument,
  sourceOf
} from '../yaml/read-document.ts'
import { DocumentSplitter, type DocumentText } from '../yaml/split-stream.ts'
import type { InputFile, Inputs } from './inputs.ts'

/** One object of the inputs, with the means to find its fields in the text. */
export interface InputObject extends ManifestObject {
  /** As people are shown it. */
  readonly file: string
  /** Line of the file that its document starts on. */
  readonly line: number
  /** The place of a field, or of the deepest field above it that is there. */
  placeOf(pointer: string): NowOrLater<Place>
}

export interface DocumentSink {
  object(object: InputObject): NowOrLater<void>
  problem(problem: Problem): void
  /** A document that cannot be read, found in a folder, and can be no object. A problem where this is left out. */
  unreadable?(problem: Problem): void
  /** Whether the document has to be read; all are where this is left out. */
  wants?(text: string): boolean
}

/**
 * Reads a file document by document and hands over each object; none is kept. What cannot be read is a problem of the
 * file; what the sink throws ends the run, as when a server does not answer.
 */
export async function readObjects(file: InputFile, inputs: Inputs, sink: DocumentSink): Promise<void> {
  for (const read of documentsOf(file, inputs)) {
    if ('message' in read) sink.problem(read)
    else {
      const rest = readOne(file, read, sink)
      if (rest instanceof Promise) await rest
    }
  }
}

/** The documents of a file; the last item is a problem where the file cannot be read to its end. */
function* documentsOf(file: InputFile, inputs: Inputs): Generator<DocumentText | Problem> {
  const splitter = new DocumentSplitter()
  let held = 0
  let isFirst = true
  try {
    for (const chunk of inputs.chunks(file)) {
      if (isFirst && isBinary(chunk)) throw new Error('a binary file; expected YAML or JSON')
      isFirst = false
      const documents = splitter.push(chunk)
      held = documents.length === 0 ? held + chunk.length : chunk.length
      if (held > maxDocument) throw new Error(`a document of more than ${maxDocument / 1024 / 1024} MiB`)
      yield* documents
    }
  } catch (error) {
    yield { message: (error as Error).message, place: wholeFile(file.path) }
    return
  }
  yield* splitter.end()
}

/** As git decides: a NUL among the first characters. */
function isBinary(text: string): boolean {
  return text.slice(0, 8_000).includes('\0')
}

function readOne(file: InputFile, document: DocumentText, sink: DocumentSink): NowOrLater<void> {
  if (sink.wants !== undefined && !sink.wants(document.text)) return
  return whenThere(readDocument(document), (read) => giveAll(file, document, read, sink))
}

function giveAll(
  file: InputFile,
  document: DocumentText,
  { values, mistakes }: ReadDocument,
  sink: DocumentSink
): NowOrLater<void> {
  const [first] = mistakes
  if (first !== undefined && sink.unreadable !== undefined && !mayBeObject(file, document.text, values)) {
    sink.unreadable({ message: first.message, place: placeAt(file, spotAt(document, first.at)) })
    return
  }
  for (const { message, at } of mistakes.slice(0, maxMistakes)) {
    sink.problem({ message, place: placeAt(file, spotAt(document, at)) })
  }
  if (mistakes.length > maxMistakes) {
    const message = `${mistakes.length - maxMistakes} more mistakes in this document`
    sink.problem({ message, place: placeAt(file, spotAt(document, 0)) })
  }
  let source: { readonly text: string | undefined } | undefined
  const sourceText = (): string | undefined => {
    source ??= { text: sourceOf(document.text) ?? file.origin }
    return source.text
  }
  return eachInTurn(values.values(), (value) => give(file, document, value, sourceText, sink))
}

/** Whether a document with mistakes may be an object: a dashboard or a configuration of another tool names no kind. */
function mayBeObject({ isNamed }: InputFile, text: string, values: readonly DocumentValue[]): boolean {
  return isNamed || values.length > 0 || (/\bapiVersion\b/.test(text) && /\bkind\b/.test(text))
}

/** Mistakes shown of one document: a person needs no more to find the cause. Own choice. */
const maxMistakes = 100

function give(
  file: InputFile,
  document: DocumentText,
  read: DocumentValue,
  sourceText: () => string | undefined,
  sink: DocumentSink
): NowOrLater<void> {
  const locator = new Locator(document, read)
  const placeAtSpot = (spot: Spot): Place => {
    const source = sourceText()
    const place = placeAt(file, spot)
    return source === undefined ? place : { ...place, source }
  }
  return eachInTurn(objectsOf(read.value), (found) => {
    const placeOf = (pointer: string): NowOrLater<Place> => whenThere(locator.spotOf(found.at + pointer), placeAtSpot)
    const why = whyNone(found, file)
    if (why !== undefined) {
      return whenThere(placeOf(why.pointer), (place) => sink.problem({ message: why.message, place }))
    }
    if (!('object' in found) || !isObject(found.object)) return
    return sink.object({ object: found.object, at: found.at, file: shown(file.path), line: document.line, placeOf })
  })
}

/** Why a value of a file is a problem in place of an object; undefined: it is one, or the file may hold other things. */
export function whyNone(found: ManifestObject | NotObject, file: InputFile): ObjectProblem | undefined {
  const message = 'object' in found ? whyNoObject(found.object, file) : whyNoValue(found, file)
  if (message !== undefined) return { message, pointer: '' }
  const metadata = 'object' in found && isObject(found.object) ? (found.object['metadata'] ?? undefined) : undefined
  if (metadata === undefined || isRecord(metadata)) return undefined
  return { message: `/metadata: expected an object, found ${nameOf(metadata)}`, pointer: '/metadata' }
}

export function isObject({ kind, apiVersion }: Readonly<Record<string, unknown>>): boolean {
  return typeof kind === 'string' && typeof apiVersion === 'string'
}

/** A folder may hold other files too: values, charts, settings. A file that was named has to hold objects. */
function whyNoObject(
  { kind, apiVersion, metadata }: Readonly<Record<string, unknown>>,
  { isNamed }: InputFile
): string | undefined {
  const hasKind = typeof kind === 'string' && kind !== ''
  const hasVersion = typeof apiVersion === 'string' && apiVersion !== ''
  if (hasKind && hasVersion) return undefined
  if (!hasKind && !isNamed) return undefined
  // A values file or a setting may have a kind of its own; only what has a name as well is taken for an object.
  if (!isNamed && !hasVersion && !isRecord(metadata)) return undefined
  const missing = hasVersion ? 'kind' : hasKind ? 'apiVersion' : 'apiVersion and kind'
  return `expected a Kubernetes object, found one without ${missing}`
}

/** An item of a List has to be an object wherever the file lies: kubectl refuses it, null too. */
function whyNoValue({ notObject, at, reason }: NotObject, { isNamed }: InputFile): string | undefined {
  if (reason !== undefined) return reason
  return isNamed || at !== '' ? `expected a Kubernetes object, found ${nameOf(notObject)}` : undefined
}

export function wholeFile(path: string): Place {
  return { file: shown(path), line: 0, column: 0, length: 0, excerpt: '' }
}

function placeAt({ path, origin, isOnce }: InputFile, spot: Spot): Place {
  const place = {
    file: shown(path),
    line: spot.line,
    column: spot.column,
    length: spot.length,
    excerpt: spot.excerpt
  }
  if (origin === undefined && !isOnce) return place
  const source = origin === undefined ? undefined : { source: origin }
  return { ...place, ...source, ...(isOnce ? { isStream: true } : undefined) }
}

function shown(path: string): string {
  return path === '-' ? 'stdin' : path
}
