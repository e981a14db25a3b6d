import type { HeadroomView } from '../headroom/headroom-view.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { NamespaceFacts } from '../policy/settings.ts'

/** Kubernetes puts it on every Namespace (since v1.21), so selectors may count on it. */
const nameLabel = 'kubernetes.io/metadata.name'

/** The cluster that the inputs are for, where something is known of it. */
export interface KnownCluster {
  readonly headroom: HeadroomView
  /** undefined: it has no such namespace, or nobody may see it. */
  namespaceFacts(name: string): NamespaceFacts | undefined
  limitRanges(namespace: string): readonly LimitRangeItem[]
}

/** What the inputs themselves say of the cluster: Namespaces and LimitRanges among them. It goes before what is there. */
export class InputFacts {
  readonly #namespaces = new Map<string, NamespaceFacts>()
  readonly #limitRanges = new Map<string, LimitRangeItem[]>()
  readonly #defaultNamespace: string
  readonly #cluster: KnownCluster | undefined

  constructor(
    defaultNamespace: string,
    labels: ReadonlyMap<string, Readonly<Record<string, string>>>,
    cluster?: KnownCluster
  ) {
    this.#defaultNamespace = defaultNamespace
    this.#cluster = cluster
    for (const [name, given] of labels) {
      this.#namespaces.set(name, { labels: { [nameLabel]: name, ...given }, annotations: {} })
    }
  }

  /** Whether anything says which LimitRanges there are. */
  get knowsLimitRanges(): boolean {
    return this.#cluster !== undefined || this.#limitRanges.size > 0
  }

  get headroom(): HeadroomView | undefined {
    return this.#cluster?.headroom
  }

  /** Takes in what the object says of a namespace; gives back that namespace, or undefined when it says nothing. */
  add(object: JsonRecord): string | undefined {
    const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
    if (object['apiVersion'] !== 'v1') return undefined
    if (object['kind'] === 'Namespace') return this.#addNamespace(metadata)
    if (object['kind'] === 'LimitRange') return this.#addLimitRange(metadata, object['spec'])
    return undefined
  }

  /** undefined when neither the inputs nor the command line say anything of it. */
  namespace(name: string): NamespaceFacts | undefined {
    return this.#namespaces.get(name) ?? this.#cluster?.namespaceFacts(name)
  }

  /** Every item of every LimitRange there; none found stands for none there. */
  limitRanges(namespace: string): readonly LimitRangeItem[] {
    return this.#limitRanges.get(namespace) ?? this.#cluster?.limitRanges(namespace) ?? noLimitRanges
  }

  #addNamespace(metadata: JsonRecord): string | undefined {
    const { name } = metadata
    if (typeof name !== 'string' || name === '') return undefined
    const labels = { [nameLabel]: name, ...this.#namespaces.get(name)?.labels, ...stringsOf(metadata['labels']) }
    this.#namespaces.set(name, { labels, annotations: stringsOf(metadata['annotations']) })
    return name
  }

  #addLimitRange(metadata: JsonRecord, spec: unknown): string {
    const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : this.#defaultNamespace
    const items = isRecord(spec) && Array.isArray(spec['limits']) ? spec['limits'].filter(isItem) : []
    this.#limitRanges.set(namespace, [...(this.#limitRanges.get(namespace) ?? []), ...items])
    return namespace
  }
}

const noLimitRanges: readonly LimitRangeItem[] = []

function isItem(value: unknown): value is LimitRangeItem {
  return isRecord(value) && typeof value['type'] === 'string'
}

function stringsOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  )
}
