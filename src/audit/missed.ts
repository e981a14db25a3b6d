import { isRecord, type JsonRecord, shapeErrorOf, textOf } from '../lib/json/shape.ts'
import type { ListFailure } from '../ports/objects.ts'
import type { AuditGap } from '../report/audit/audit-report.ts'
import { objectNameOf } from '../report/object-name.ts'

/** What one pass over a cluster could not read. */
export interface Missed {
  readonly failures: readonly ListFailure[]
  /** One for each object that is not what its kind says. */
  readonly malformed: readonly AuditGap[]
}

/** A part that could not be read as a whole. */
export function gapOf({ part, reason, detail }: ListFailure): AuditGap {
  return { part, reason, detail, nodes: null }
}

/** The gaps of several passes. A kind is listed by more than one of them: each failure is reported once. */
export function gapsOfPasses(passes: readonly Missed[]): AuditGap[] {
  const failures = new Map<string, AuditGap>()
  for (const failure of passes.flatMap((pass) => pass.failures)) {
    const key = `${failure.part} ${failure.detail}`
    if (!failures.has(key)) failures.set(key, gapOf(failure))
  }
  return [...failures.values(), ...passes.flatMap((pass) => pass.malformed)]
}

/** Reads an object. One that is not what its kind says is added to `malformed`, and the result is undefined. */
export function readOrMiss<T>(object: JsonRecord, malformed: AuditGap[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const wrong = shapeErrorOf(error)
    if (wrong === undefined) throw error
    const { kind, namespace, name } = objectNameOf(object, '')
    const part = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
    malformed.push({ part, reason: 'malformed', detail: wrong.message, nodes: null })
    return undefined
  }
}

/** A Pod in a file may have no name yet, only the prefix `generateName`. */
export function withName(object: JsonRecord): JsonRecord {
  const { metadata } = object
  if (!isRecord(metadata) || textOf(metadata['name']) !== '' || textOf(metadata['generateName']) === '') return object
  return { ...object, metadata: { ...metadata, name: objectNameOf(object, '').name } }
}
