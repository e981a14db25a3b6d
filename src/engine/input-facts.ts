import type { HeadroomView } from '../headroom/headroom-view.ts'
import { type FelixSettings, felixSettingsOf } from '../kubernetes/calico/felix.ts'
import { type FelixDaemonSet, felixDaemonSetOf } from '../kubernetes/calico/felix-backend.ts'
import { podGroupKey, podGroupKinds } from '../kubernetes/pods/pod-groups.ts'
import { limitRangeItemsOf } from '../kubernetes/qos/limit-range-items.ts'
import type { MinorVersion } from '../kubernetes/server-version.ts'
import { subjectOfObject } from '../kubernetes/subject.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import { currentVersionOf, groupOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'
import type { NamespaceFacts } from '../policy/settings.ts'
import type { AllFacts } from './rule.ts'

/** Kubernetes puts it on every Namespace (since v1.21), so selectors may count on it. */
const nameLabel = 'kubernetes.io/metadata.name'

/**
 * The name under which facts about Felix are kept: FelixConfigurations, and how DaemonSets of Felix are set. No namespace
 * can have it.
 */
export const ofFelix = 'Felix of Calico'

/** The cluster that the inputs are for, where something is known of it. */
export interface KnownCluster {
  readonly headroom: HeadroomView
  /** undefined: it has no such namespace, or we may not read it. */
  namespaceFacts(name: string): NamespaceFacts | undefined
  limitRanges(namespace: string): readonly LimitRangeItem[]
}

/**
 * Namespaces, LimitRanges, PodGroups, FelixConfigurations and DaemonSets of Felix among the inputs. They take precedence over those of the
 * cluster.
 */
export class InputFacts {
  readonly #namespaces = new Map<string, NamespaceFacts>()
  readonly #limitRanges = new Map<string, LimitRangeItem[]>()
  /** By API group and name. */
  readonly #felixConfigurations = new Map<string, FelixSettings>()
  readonly #felixDaemonSets = new Map<string, FelixDaemonSet>()
  readonly #podGroupSizes = new Map<string, number>()
  /** Of the API server that the inputs are for; undefined: not known. */
  readonly serverVersion: MinorVersion | undefined
  readonly #defaultNamespace: string
  readonly #cluster: KnownCluster | undefined

  constructor(
    defaultNamespace: string,
    labels: ReadonlyMap<string, Readonly<Record<string, string>>>,
    cluster?: KnownCluster,
    serverVersion?: MinorVersion
  ) {
    this.serverVersion = serverVersion
    this.#defaultNamespace = defaultNamespace
    this.#cluster = cluster
    for (const [name, given] of labels) {
      this.#namespaces.set(name, { labels: { [nameLabel]: name, ...given }, annotations: {} })
    }
  }

  /** Whether any LimitRange is known, or known to be absent. */
  get knowsLimitRanges(): boolean {
    return this.#cluster !== undefined || this.#limitRanges.size > 0
  }

  get headroom(): HeadroomView | undefined {
    return this.#cluster?.headroom
  }

  /** Takes in an object; returns the namespace it is about, or `ofFelix`. undefined for objects without facts. */
  add(object: JsonRecord): string | undefined {
    const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
    if (object['kind'] === 'FelixConfiguration') return this.#addFelixConfiguration(object)
    if (object['kind'] === 'DaemonSet') return this.#addDaemonSet(object)
    if (object['kind'] === 'PodGroup') return this.#addPodGroup(object, metadata)
    if (object['apiVersion'] !== 'v1') return undefined
    if (object['kind'] === 'Namespace') return this.#addNamespace(metadata)
    if (object['kind'] === 'LimitRange') return this.#addLimitRange(metadata, object)
    return undefined
  }

  /** undefined when neither the inputs nor the command line name it. */
  namespace(name: string): NamespaceFacts | undefined {
    return this.#namespaces.get(name) ?? this.#cluster?.namespaceFacts(name)
  }

  /** Every item of every LimitRange of the namespace; when none is known, the namespace counts as having none. */
  limitRanges(namespace: string): readonly LimitRangeItem[] {
    return this.#limitRanges.get(namespace) ?? this.#cluster?.limitRanges(namespace) ?? noLimitRanges
  }

  /**
   * undefined: none is among the inputs, so nothing is known of them. Where both API groups have some, those of
   * projectcalico.org: the others are left behind once a cluster has moved there.
   */
  get felixConfigurations(): readonly FelixSettings[] | undefined {
    if (this.#felixConfigurations.size === 0) return undefined
    const groups = Map.groupBy(this.#felixConfigurations, ([key]) => key.slice(0, key.indexOf('/')))
    return (groups.get('projectcalico.org') ?? [...this.#felixConfigurations]).map(([, settings]) => settings)
  }

  /** undefined: none is among the inputs. */
  get felixDaemonSets(): readonly FelixDaemonSet[] | undefined {
    return this.#felixDaemonSets.size === 0 ? undefined : [...this.#felixDaemonSets.values()]
  }

  #addFelixConfiguration(object: JsonRecord): string | undefined {
    const group = groupOf(textOf(object['apiVersion']))
    if (group !== 'projectcalico.org' && group !== 'crd.projectcalico.org') return undefined
    const settings = felixSettingsOf(object)
    this.#felixConfigurations.set(`${group}/${settings.name}`, settings)
    return ofFelix
  }

  #addDaemonSet(object: JsonRecord): string | undefined {
    try {
      const apiVersion = currentVersionOf(textOf(object['apiVersion']))
      const found = felixDaemonSetOf(subjectOfObject({ ...object, apiVersion }, this.#defaultNamespace))
      if (found === undefined) return undefined
      this.#felixDaemonSets.set(`${found.namespace}/${found.name}`, found)
      return ofFelix
    } catch {
      // A malformed object is reported when it is checked itself.
      return undefined
    }
  }

  /** What is known of Felix, as rules are given it. */
  get ofFelix(): Pick<Partial<AllFacts>, 'felixConfigurations' | 'felixDaemonSets'> {
    const { felixConfigurations, felixDaemonSets } = this
    return {
      ...(felixConfigurations === undefined ? undefined : { felixConfigurations }),
      ...(felixDaemonSets === undefined ? undefined : { felixDaemonSets })
    }
  }

  get podGroupSizes(): ReadonlyMap<string, number> {
    return this.#podGroupSizes
  }

  #addPodGroup(object: JsonRecord, metadata: JsonRecord): string | undefined {
    const group = groupOf(textOf(object['apiVersion']))
    const size = isRecord(object['spec']) ? podGroupKinds.get(group)?.(object['spec']) : undefined
    if (size === undefined) return undefined
    const namespace = this.#namespaceOf(metadata)
    this.#podGroupSizes.set(podGroupKey(group, namespace, textOf(metadata['name'])), size)
    return namespace
  }

  #namespaceOf({ namespace }: JsonRecord): string {
    return typeof namespace === 'string' ? namespace : this.#defaultNamespace
  }

  #addNamespace(metadata: JsonRecord): string | undefined {
    const { name } = metadata
    if (typeof name !== 'string' || name === '') return undefined
    const labels = { [nameLabel]: name, ...this.#namespaces.get(name)?.labels, ...stringsOf(metadata['labels']) }
    this.#namespaces.set(name, { labels, annotations: stringsOf(metadata['annotations']) })
    return name
  }

  #addLimitRange(metadata: JsonRecord, object: JsonRecord): string {
    const namespace = this.#namespaceOf(metadata)
    const held = this.#limitRanges.get(namespace) ?? noLimitRanges
    this.#limitRanges.set(namespace, [...held, ...limitRangeItemsOf(object)])
    return namespace
  }
}

const noLimitRanges: readonly LimitRangeItem[] = []

function stringsOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  )
}
