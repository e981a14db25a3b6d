import { LineCounter, parseAllDocuments } from 'yaml'
import { AppError } from '../errors.ts'
import { isRecord, type JsonRecord, nameOf } from '../lib/json/shape.ts'

/** One object of a manifest file. */
export interface Manifest {
  /** File and line, as people click on them: `pod.yaml:12`. */
  readonly origin: string
  readonly object: JsonRecord
}

/**
 * All objects of a text of YAML documents or JSON, `kind: List` taken apart.
 * Throws ERR_USAGE with file, line and column at the first thing that is not YAML or not an object.
 */
export function readManifests(source: string, text: string): Manifest[] {
  const lines = new LineCounter()
  // As kubectl reads: YAML 1.1, where yes and on are true, and merge keys; but 12:30 and 2026-11-21 stay text.
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.1',
    merge: true,
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isTime(tag))
  })
  const manifests: Manifest[] = []
  for (const document of 'empty' in documents ? [] : documents) {
    const [error] = document.errors
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0])
      throw new AppError('ERR_USAGE', `${source}:${line}:${col}: ${error.message.split('\n')[0]}`)
    }
    const { line } = lines.linePos(document.contents?.range?.[0] ?? document.range[0])
    const origin = `${source}:${line}`
    const value = plainOf(document, origin)
    if (value === null || value === undefined) continue
    if (!isRecord(value))
      throw new AppError('ERR_USAGE', `${origin}: expected a Kubernetes object, found ${nameOf(value)}`)
    manifests.push(...itemsOf(value, origin))
  }
  return manifests
}

/** Sexagesimal numbers and timestamps: in YAML 1.1, but not for go-yaml, with which kubectl reads. */
function isTime(tag: { readonly tag: string; readonly format?: string }): boolean {
  return tag.format === 'TIME' || tag.tag === 'tag:yaml.org,2002:timestamp'
}

/** Aliases are followed only here: one without its anchor, or a bomb of them, is no syntax error. */
function plainOf(document: { toJS(): unknown }, origin: string): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    throw new AppError('ERR_USAGE', `${origin}: ${(cause as Error).message}`, { cause })
  }
}

function itemsOf(object: JsonRecord, origin: string): Manifest[] {
  const { kind, items } = object
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ origin, object }]
  return items.map((item: unknown, i) => {
    if (!isRecord(item))
      throw new AppError('ERR_USAGE', `${origin}: items[${i}]: expected a Kubernetes object, found ${nameOf(item)}`)
    return { origin: `${origin} items[${i}]`, object: item }
  })
}
