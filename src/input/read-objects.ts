import { nameOf } from '../lib/json/shape.ts'
import type { Place, Problem } from '../report/validate-report.ts'
import type { Spot } from '../yaml/locator.ts'
import { Locator, spotAt } from '../yaml/locator.ts'
import {
  type DocumentValue,
  type ManifestObject,
  maxDocument,
  objectsOf,
  readDocument,
  sourceOf
} from '../yaml/read-document.ts'
import { DocumentSplitter, type DocumentText } from '../yaml/split-stream.ts'
import type { InputFile, Inputs } from './inputs.ts'

/** One object of the inputs, with the means to find its fields in the text. */
export interface InputObject extends ManifestObject {
  /** The place of a field, or of the deepest one above it that is written. */
  placeOf(pointer: string): Promise<Place>
}

export interface DocumentSink {
  object(object: InputObject): Promise<void>
  problem(problem: Problem): void
  /** Whether the document is worth reading at all. */
  wants?(text: string): boolean
}

/** Reads a file document by document and gives away each object; none of them is held. */
export async function readObjects(file: InputFile, inputs: Inputs, sink: DocumentSink): Promise<void> {
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
      for (const document of documents) await readOne(file, document, sink)
    }
  } catch (error) {
    sink.problem({ message: (error as Error).message, place: wholeFile(file.path) })
    return
  }
  for (const document of splitter.end()) await readOne(file, document, sink)
}

/** As git decides: a NUL among the first characters. */
function isBinary(text: string): boolean {
  return text.slice(0, 8_000).includes('\0')
}

async function readOne(file: InputFile, document: DocumentText, sink: DocumentSink): Promise<void> {
  if (sink.wants !== undefined && !sink.wants(document.text)) return
  const { values, mistakes } = await readDocument(document)
  for (const { message, at } of mistakes) {
    sink.problem({ message, place: placeAt(file, spotAt(document, at)) })
  }
  for (const value of values) await give(file, document, value, sink)
}

async function give(file: InputFile, document: DocumentText, read: DocumentValue, sink: DocumentSink): Promise<void> {
  const locator = new Locator(document, read)
  for (const found of objectsOf(read.value)) {
    const placeOf = async (pointer: string): Promise<Place> => {
      const source = sourceOf(document.text)
      const place = placeAt(file, await locator.spotOf(found.at + pointer))
      return source === undefined ? place : { ...place, source }
    }
    const message = 'object' in found ? whyNoObject(found.object, file) : whyNoValue(found.notObject, file)
    if (message !== undefined) sink.problem({ message, place: await placeOf('') })
    else if ('object' in found && typeof found.object['kind'] === 'string') await sink.object({ ...found, placeOf })
  }
}

/** In folders lie other files too: values, charts, settings. What was named has to be what it is taken for. */
function whyNoObject(
  { kind, apiVersion }: Readonly<Record<string, unknown>>,
  { isNamed }: InputFile
): string | undefined {
  const hasKind = typeof kind === 'string' && kind !== ''
  const hasVersion = typeof apiVersion === 'string' && apiVersion !== ''
  if (hasKind && hasVersion) return undefined
  if (!hasKind && !isNamed) return undefined
  const missing = hasVersion ? 'kind' : hasKind ? 'apiVersion' : 'apiVersion and kind'
  return `expected a Kubernetes object, found one without ${missing}`
}

function whyNoValue(value: unknown, { isNamed }: InputFile): string | undefined {
  if (!isNamed || value === null) return undefined
  return `expected a Kubernetes object, found ${nameOf(value)}`
}

export function wholeFile(path: string): Place {
  return { file: shown(path), line: 0, column: 0, length: 0, excerpt: '' }
}

function placeAt({ path }: InputFile, spot: Spot): Place {
  return { file: shown(path), ...spot }
}

function shown(path: string): string {
  return path === '-' ? 'stdin' : path
}
