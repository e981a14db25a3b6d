import { type FelixSettings, someFelixOf } from '../kubernetes/calico/felix.ts'
import { felixBackendOf, type Meaning } from '../kubernetes/calico/felix-backend.ts'
import { felixVersionOf, habitsOf } from '../kubernetes/calico/felix-version.ts'
import type { FelixPod } from '../kubernetes/calico/node-rows.ts'
import { subjectOfObject } from '../kubernetes/subject.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'
import { controllerOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'

/** Label of pods and ControllerRevisions of a DaemonSet: the revision of its template. */
const revisionLabel = 'controller-revision-hash'

/** The selector of a DaemonSet as the API and kubectl take it. */
export function selectorOf({ spec }: JsonRecord): string {
  const selector = isRecord(spec) && isRecord(spec['selector']) ? spec['selector'] : {}
  const labels = isRecord(selector['matchLabels']) ? selector['matchLabels'] : {}
  const expressions = Array.isArray(selector['matchExpressions']) ? selector['matchExpressions'] : []
  return [
    ...Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`),
    ...expressions.filter(isRecord).map(expressionText)
  ].join(',')
}

function expressionText({ key, operator, values }: JsonRecord): string {
  const list = Array.isArray(values) ? values.join(',') : ''
  if (operator === 'In' || operator === 'NotIn') return `${String(key)} ${operator.toLowerCase()} (${list})`
  return operator === 'DoesNotExist' ? `!${String(key)}` : String(key)
}

/** The pod, where it is one of the DaemonSet and on a node. `container` runs Felix. */
export function felixPodOf(pod: JsonRecord, daemonSet: JsonRecord, container: string): FelixPod[] {
  const metadata = metadataOf(pod)
  const { namespace, name } = metadataOf(daemonSet)
  const node = textOf(isRecord(pod['spec']) ? pod['spec']['nodeName'] : undefined)
  if (!isOwned(metadata, daemonSet) || node === '') return []
  return [
    {
      uid: metadata.uid ?? '',
      namespace: namespace ?? '',
      name: metadata.name ?? '',
      daemonSet: name ?? '',
      node,
      container,
      revision: metadata.labels?.[revisionLabel]
    }
  ]
}

/** How one revision of a DaemonSet sets the backend. */
export interface RevisionBackend {
  /** undefined: not known. */
  readonly meaning: Meaning | undefined
  /** From v3.33 on Felix removes the rules that another backend left (calico pull request 13328). */
  readonly removesOthers: boolean
}

/** Of one DaemonSet: the hash of its newest revision, and how each sets the backend, by hash. */
export function revisionsOf(
  revisions: readonly JsonRecord[],
  daemonSet: JsonRecord,
  configurations: readonly FelixSettings[] | undefined
): { readonly newest: string | undefined; readonly backends: ReadonlyMap<string, RevisionBackend> } {
  const own = revisions
    .filter((object) => isOwned(metadataOf(object), daemonSet))
    .toSorted((a, b) => Number(b['revision']) - Number(a['revision']))
    .flatMap((object) => {
      const hash = metadataOf(object).labels?.[revisionLabel]
      return hash === undefined ? [] : [[hash, backendOf(object, daemonSet, configurations)] as const]
    })
  return { newest: own[0]?.[0], backends: new Map(own) }
}

/** A revision holds the template as a patch of the DaemonSet (kubernetes pkg/controller/daemon/update.go, getPatch). */
function backendOf(
  { data }: JsonRecord,
  daemonSet: JsonRecord,
  configurations: readonly FelixSettings[] | undefined
): RevisionBackend {
  const spec = isRecord(data) && isRecord(data['spec']) ? data['spec'] : {}
  const template = isRecord(spec['template']) ? spec['template'] : {}
  try {
    const felix = someFelixOf(subjectOfObject({ ...daemonSet, spec: { template } }))
    if (felix === undefined) return { meaning: undefined, removesOthers: false }
    return {
      meaning: felixBackendOf(felix, configurations).meaning,
      removesOthers: habitsOf(felixVersionOf(felix.container.image)).removesOthers
    }
  } catch {
    // What is malformed is not known.
    return { meaning: undefined, removesOthers: false }
  }
}

function isOwned(metadata: ObjectMeta, daemonSet: JsonRecord): boolean {
  const owner = controllerOf(metadata)
  const { namespace, name } = metadataOf(daemonSet)
  return owner?.kind === 'DaemonSet' && owner.name === name && metadata.namespace === namespace
}

function metadataOf({ metadata }: JsonRecord): ObjectMeta {
  return (isRecord(metadata) ? metadata : {}) as ObjectMeta
}
