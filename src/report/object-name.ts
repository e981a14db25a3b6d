import { groupKindOf, groupOf, namespaceOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'
import type { ObjectName } from './validate-report.ts'

/** What people find an object by, read from any value; `fallback` is the namespace of objects that name none. */
export function objectNameOf(object: JsonRecord, fallback: string): ObjectName {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const { name, generateName, namespace } = metadata
  const [apiVersion, kind] = [textOf(object['apiVersion']), textOf(object['kind'])]
  return {
    apiVersion,
    kind,
    namespace: namespaceOf(groupKindOf(groupOf(apiVersion), kind), namespace, fallback),
    name: clipped(textOf(name) || (textOf(generateName) === '' ? '' : `${textOf(generateName)}*`))
  }
}

/** Characters of the longest name that Kubernetes stores (apimachinery IsDNS1123Subdomain). */
const maxName = 253

function clipped(name: string): string {
  return name.length <= maxName ? name : `${name.slice(0, maxName)}…`
}
