import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'
import type { ObjectName } from './validate-report.ts'

/** Enough to find an object by, read from whatever it looks like. */
export function objectNameOf(object: JsonRecord, fallback: string): ObjectName {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const { name, generateName, namespace } = metadata
  return {
    apiVersion: textOf(object['apiVersion']),
    kind: textOf(object['kind']),
    namespace: textOf(namespace) || fallback,
    name: textOf(name) || (textOf(generateName) === '' ? '' : `${textOf(generateName)}*`)
  }
}
