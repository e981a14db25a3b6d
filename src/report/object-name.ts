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

/** Groups of the kinds that rules know. One kind may be in several of them, as versions come and go. */
const knownGroups: ReadonlySet<string> = new Set([
  '',
  'apps',
  'batch',
  'extensions',
  'projectcalico.org',
  'crd.projectcalico.org'
])

/** Of kinds that rules know the kind alone, of others with its group: a cluster may have two kinds `Deployment`. */
export function kindKey(apiVersion: string, kind: string): string {
  const group = groupOf(apiVersion)
  return knownGroups.has(group) ? kind : `${kind}.${group}`
}

/** Tells objects apart, and is the same in every audit, whatever version of its kind is served. */
export function objectKey(object: Omit<ObjectName, 'apiVersion'> & Partial<ObjectName>): string {
  const { apiVersion = '', kind, namespace, name } = object
  return [kindKey(apiVersion, kind), namespace, name].join(' ')
}

/** Characters of the longest name that Kubernetes stores (apimachinery IsDNS1123Subdomain). */
const maxName = 253

function clipped(name: string): string {
  return name.length <= maxName ? name : `${name.slice(0, maxName)}…`
}
