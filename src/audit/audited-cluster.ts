import { InputFacts } from '../engine/input-facts.ts'
import type { FelixRevisions, FelixSettings } from '../kubernetes/felix.ts'
import type { LimitRangeItem, ObjectMeta } from '../kubernetes/types.ts'
import { controllerOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'
import type { Millis } from '../lib/units.ts'
import type { NodeFacts } from '../model/cluster-objects.ts'
import type { KubeletConfig, NodeReading, NodeState, ReadingFailure } from '../model/node-reading.ts'
import type { NamespaceFacts } from '../policy/settings.ts'
import type { KubeletConfigSink } from '../ports/readings.ts'

/** What a cluster says of itself, as it is read: everything objects are judged with, and what is reckoned up at the end. */
export class ClusterFacts implements KubeletConfigSink {
  readonly nodes: NodeFacts[] = []
  readonly readings = new Map<string, NodeReading>()
  readonly failures = new Map<string, ReadingFailure>()
  readonly configs = new Map<string, KubeletConfig>()
  readonly configFailures = new Map<string, ReadingFailure>()
  /** Kinds that could not be read: of these absence means nothing. */
  readonly unread = new Set<string>()
  /** When the nodes had been asked: ages of readings are counted from here. */
  readAt: Millis = 0
  readonly #maxAge: Millis
  readonly #now: () => Millis
  readonly #inputs = new InputFacts('default', new Map())
  readonly #felix: FelixSettings[] = []
  /** Of Felix DaemonSets under OnDelete, by namespace and name. */
  readonly #revisions = new Map<
    string,
    {
      newest: { readonly hash: string; readonly revision: number } | undefined
      readonly pods: FelixRevisions['pods'][number][]
    }
  >()
  #namespaces = 0

  /**
   * A reading older than `maxAge` when it arrives is no reading. Afterwards it only grows as old as the audit takes, which
   * the report shows: nodes that hang must not cost the figures of those that answered.
   */
  constructor(maxAge: Millis, now: () => Millis) {
    this.#maxAge = maxAge
    this.#now = now
  }

  get namespaces(): number {
    return this.#namespaces
  }

  get hasLimitRanges(): boolean {
    return this.#inputs.knowsLimitRanges
  }

  observeReading(reading: NodeReading): void {
    const age = this.#now() - reading.at
    if (age <= this.#maxAge) this.readings.set(reading.node, reading)
    else this.observeFailure(reading.node, { reason: 'not-reported', detail: tooOld(age, this.#maxAge) })
  }

  observeFailure(node: string, failure: ReadingFailure): void {
    this.failures.set(node, failure)
  }

  observeConfig(node: string, config: KubeletConfig): void {
    this.configs.set(node, config)
  }

  observeConfigFailure(node: string, failure: ReadingFailure): void {
    this.configFailures.set(node, failure)
  }

  /** A Namespace or a LimitRange. */
  addInput(object: JsonRecord): void {
    if (object['kind'] === 'Namespace') this.#namespaces++
    this.#inputs.add(object)
  }

  addFelixConfiguration(object: JsonRecord): void {
    const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
    const spec = isRecord(object['spec']) ? object['spec'] : {}
    this.#felix.push({
      name: textOf(metadata['name']),
      iptablesBackend: stringOf(spec['iptablesBackend']),
      nftablesMode: stringOf(spec['nftablesMode'])
    })
  }

  /** From here on pods and revisions of this DaemonSet are kept. */
  followFelix(namespace: string, name: string): void {
    this.#revisions.set(`${namespace}/${name}`, { newest: undefined, pods: [] })
  }

  follows(namespace: string, name: string): boolean {
    return this.#revisions.has(`${namespace}/${name}`)
  }

  get followsFelix(): boolean {
    return this.#revisions.size > 0
  }

  addRevision(object: JsonRecord): void {
    const metadata = (isRecord(object['metadata']) ? object['metadata'] : {}) as ObjectMeta
    const held = this.#followed(metadata)
    const hash = metadata.labels?.[revisionHash]
    const { revision } = object
    if (held === undefined || hash === undefined || typeof revision !== 'number') return
    if (held.newest === undefined || revision > held.newest.revision) held.newest = { hash, revision }
  }

  /** A pod, for the revision it runs. */
  addFelixPod(metadata: ObjectMeta, node: string | undefined): void {
    const revision = metadata.labels?.[revisionHash]
    if (node !== undefined && revision !== undefined) this.#followed(metadata)?.pods.push({ node, revision })
  }

  /** undefined: not known. */
  namespace(name: string): NamespaceFacts | undefined {
    return this.#inputs.namespace(name)
  }

  /** undefined: not known, since LimitRanges could not be read. */
  limitRanges(namespace: string): readonly LimitRangeItem[] | undefined {
    return this.unread.has('LimitRange') ? undefined : this.#inputs.limitRanges(namespace)
  }

  /** undefined: not known. */
  get felixConfigurations(): readonly FelixSettings[] | undefined {
    return this.unread.has('FelixConfiguration') ? undefined : this.#felix
  }

  /** undefined: pods or revisions could not be read, or there is no revision. */
  felixRevisions(namespace: string, name: string): FelixRevisions | undefined {
    const held = this.#revisions.get(`${namespace}/${name}`)
    if (held?.newest === undefined || this.unread.has('Pod')) return undefined
    return { newest: held.newest.hash, pods: held.pods }
  }

  /** What is known of a node; nothing of one that is not named. */
  nodeState(name: string | undefined): NodeState {
    if (name === undefined) return noState
    const reading = this.readings.get(name)
    return { reading, kubelet: this.configs.get(name) }
  }

  /** Nodes have been asked. */
  endReadings(): void {
    this.readAt = this.#now()
  }

  #followed(metadata: ObjectMeta) {
    const owner = controllerOf(metadata)
    return owner?.kind === 'DaemonSet' ? this.#revisions.get(`${metadata.namespace ?? ''}/${owner.name}`) : undefined
  }
}

function tooOld(age: Millis, maxAge: Millis): string {
  return `the reading is ${Math.round(age / 1000)} s old, the policy trusts ${Math.round(maxAge / 1000)} s`
}

const noState: NodeState = { reading: undefined, kubelet: undefined }
const revisionHash = 'controller-revision-hash'

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
