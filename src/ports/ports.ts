import type { Placement } from '../kubernetes/placement.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Mode } from '../model/finding.ts'

/** What we ask of the world. Everything that touches it comes in through one of these. */

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  now(): Millis
  /** Milliseconds since some moment; never jumps. For spans. */
  monotonic(): Millis
}

/** Structured log: fields first, then a constant message. pino fits. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** Whether a line of this level would be written; where it would not, nobody need gather its fields. */
  isLevelEnabled?(level: string): boolean
}

export type Webhook = 'mutate' | 'validate'

/** How one review ended: the worst that happened to it. `late`: its caller waited no longer, and it was not judged. */
export type ReviewResult = 'allowed' | 'changed' | 'denied' | 'fault' | 'malformed' | 'late'

/** What one rule did about one review. */
export type RuleOutcome = 'deny' | 'warn' | 'audit' | 'fix' | 'skip' | 'fault' | 'exempt'

/** Counts what happens. All labels come from closed sets. */
export interface Meter {
  countReview(webhook: Webhook, result: ReviewResult, seconds: number): void
  countOutcome(ruleId: string, mode: Mode, outcome: RuleOutcome): void
}

/** A taint of a node, as the API spells it; an absent value is the empty string. */
export interface Taint {
  readonly key: string
  readonly value: string
  readonly effect: string
}

/** What is kept of a Node. */
export interface NodeFacts {
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  /** The PIDPressure condition; undefined while the node does not say, or says Unknown. */
  readonly pidPressure: boolean | undefined
  /** Its InternalIP; undefined when it has none. */
  readonly address: string | undefined
  /** Where its kubelet listens, as the node says; 10250 when it does not. */
  readonly kubeletPort: number
}

/** The workload people know a pod by; see `workloadOf`. One object per workload while caches hold it. */
export interface WorkloadName {
  readonly kind: string
  readonly name: string
}

/** What is kept of a Namespace. */
export interface NamedNamespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What is kept of a Pod: 150,000 of these are held, so every field has to earn its place. */
export interface PodFacts {
  readonly uid: string
  /**
   * The uid its node counts it by, where that is another: of a static pod the hash of its file, which before Kubernetes 1.21
   * is the same on all nodes with that file (kubernetes issue 87461), and which anybody may write who may create pods.
   */
  readonly cgroup?: string | undefined
  readonly namespace: string
  readonly name: string
  /** undefined until the pod is bound. */
  readonly node: string | undefined
  readonly phase: string
  readonly workload: WorkloadName
  /** The `pidguard.io/pids` annotation, where it is a count. */
  readonly declared: Pids | undefined
  /** The `pidguard.io/pids-estimate` annotation that pidguard left at creation. */
  readonly estimated: Pids | undefined
  /** Has a deletionTimestamp; its tasks count until it is gone. */
  readonly deleting: boolean
  /** Where it may land, while it is not bound: whoever counts what it will need must know where. */
  readonly placement?: Placement | undefined
  /** Its creationTimestamp, by the API server's clock, while it is not bound. */
  readonly createdAt?: Millis | undefined
  /** Has scheduling gates: it is not to be bound before they are gone. */
  readonly isGated?: boolean | undefined
  /** The node whose binding `pidguard` refused last, as the scheduler tells, while the pod is not bound. */
  readonly refusedBy?: string | undefined
}

/** What a cache tells as it follows the API server. Handlers may throw: it is logged and the cache goes on. */
export interface CacheEvents<T> {
  /** New, or changed in what is kept. `previous` is undefined for a new one. */
  changed?(value: T, previous: T | undefined): void
  removed?(value: T): void
  /** Everything there was has been told once. Called again after every full list. */
  synced?(): void
}

/** A local copy of one kind of object, by key. */
export interface Cache<T> {
  get(key: string): T | undefined
  values(): Iterable<T>
  readonly size: number
  readonly state: CacheState
}

export interface CacheState {
  /** A full list has been read at least once. Until then absence means nothing. */
  readonly synced: boolean
  /** Monotonic instant of the last answer or byte of it from the API server; undefined before the first. */
  readonly contactAt: Millis | undefined
  /** Full lists read, and calls that failed, since the start. */
  readonly lists: number
  readonly failures: number
}

/** One ceiling and what is used of it. Each may be unknown for itself; unknown is undefined, never 0. */
export interface Ceiling {
  /** Infinity: there is no limit. */
  readonly limit: Pids | undefined
  readonly inUse: Pids | undefined
}

/** What one node said of its tasks. */
export interface NodeReading {
  readonly node: string
  /** When the oldest of the figures was true, by this process' own wall clock, whatever the node's clock says. */
  readonly at: Millis
  /** The node: min(pid_max, threads-max), and every task on it. */
  readonly host: Ceiling
  /** The kubepods cgroup: pids.max, and the tasks of all pods together. */
  readonly kubepods: Ceiling
  /** Tasks by pod uid (see PodFacts.cgroup); undefined when not known for any pod. A pod that is not in it is not known. */
  readonly pods: ReadonlyMap<string, Pids> | undefined
  /** Limits (pids.max) of the pods that have one, by pod uid; undefined when not known for any pod. */
  readonly podLimits: ReadonlyMap<string, Pids> | undefined
  /** Why parts of the reading are missing; empty when it is whole. */
  readonly gaps: readonly ReadingFailure[]
}

/** What one kubelet is configured with, as far as it bounds PIDs. */
export interface KubeletConfig {
  /** podPidsLimit; Infinity: there is no limit. */
  readonly podPidsLimit: Pids
  /** systemReserved.pid and kubeReserved.pid together; undefined where one is no plain count. */
  readonly reserved: Pids | undefined
  /** evictionHard `pid.available` as it is written; undefined: not set. */
  readonly eviction: string | undefined
}

/** What is known of one node besides its object. Each part may be unknown for itself. */
export interface NodeState {
  /** undefined: there is none, or it is too old. */
  readonly reading: NodeReading | undefined
  readonly kubelet: KubeletConfig | undefined
}

/** What takes the configurations of kubelets as they come. */
export interface KubeletConfigSink {
  observeConfig(node: string, config: KubeletConfig): void
  observeConfigFailure(node: string, failure: ReadingFailure): void
}

/** Where the configurations of kubelets come from. */
export interface KubeletConfigs {
  /** Why there is nobody who could be asked, in words; absent where there is. */
  readonly absence?: string
  /** Asks each target once, and tells the sink of each. Rejects never. */
  read(targets: readonly ReadingTarget[], sink: KubeletConfigSink, signal: AbortSignal): Promise<void>
}

/** A kind of object, as it is listed. */
export interface ListedKind {
  readonly kind: string
  /** As in paths: `deployments`. */
  readonly plural: string
  /** The versions it is served under, the newest first; the first that is there is read. */
  readonly apiVersions: readonly string[]
  /** Only objects with these labels, as in `app=x`. */
  readonly labelSelector?: string
}

/** Why the objects of a kind could not be read, or not all of them. */
export interface ListFailure {
  /** As RBAC names it: `deployments.apps`; or what else could not be read, as a file. */
  readonly part: string
  /** undefined where it is not about one kind. */
  readonly kind: string | undefined
  /** Constant, to group by. */
  readonly reason: string
  /** For people: what was asked, what came back, what to do. */
  readonly detail: string
}

/** Where an audit finds what there is: a cluster, or what somebody wrote down of one. */
export interface ObjectSource {
  /**
   * Gives away every object of these kinds, each with apiVersion and kind, kind by kind where they can be had so. It
   * belongs to whoever takes it. Resolves to what could not be read; a kind that is not served is none of that. Throws
   * AppError when nothing can be read at all.
   */
  each(kinds: readonly ListedKind[], take: (object: Record<string, unknown>) => void): Promise<readonly ListFailure[]>
  /** What else is to be known of all that was given away, in words. */
  notes?(): readonly string[]
}

/** A kind that findings are written as for other programs: PolicyReport, or Report of openreports.io. */
export interface ReportKind {
  readonly apiVersion: string
  readonly kind: string
  /** As in paths: `policyreports`. */
  readonly plural: string
  /** Otherwise of the cluster as a whole, for what belongs to no namespace. */
  readonly namespaced: boolean
}

export interface ReportAddress {
  /** Empty for what belongs to none. */
  readonly namespace: string
  readonly name: string
}

/** The reports that stand in a cluster. */
export interface ReportStore {
  /**
   * The kinds that are served: those of one group, none where the cluster has none of these, and those of the group that
   * it replaces. Throws KubeError.
   */
  kinds(): Promise<{ readonly current: readonly ReportKind[]; readonly replaced: readonly ReportKind[] }>
  /** Gives away every report of ours. Resolves to why they could not be read, or not all; undefined: they were. */
  list(kind: ReportKind, take: (object: Record<string, unknown>) => void): Promise<ListFailure | undefined>
  /** Makes it so, in place of what we wrote before. `gone`: its namespace is going or gone. Throws KubeError. */
  apply(kind: ReportKind, at: ReportAddress, object: object): Promise<'written' | 'gone'>
  /** Removes the one with this uid, if it is still there. Throws KubeError. */
  remove(kind: ReportKind, at: ReportAddress, uid: string): Promise<void>
}

/** Whoever waits is told how far it is. */
export interface Progress {
  /** So many of this part are read, of so many as far as that is known. */
  step(part: string, done: number, total: number | undefined): void
}

/** A closed set, fit for labels. */
export type ReadingFailureReason =
  | 'no-address'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'unauthorized'
  | 'forbidden'
  | 'http-error'
  | 'too-large'
  | 'malformed'
  | 'not-reported'

export interface ReadingFailure {
  readonly reason: ReadingFailureReason
  /** For people: what was asked, what came back, what to do. */
  readonly detail: string
}

export interface ReadingSink {
  observeReading(reading: NodeReading): void
  /** Nothing could be read of the node; what was known of it before only gets older. */
  observeFailure(node: string, failure: ReadingFailure): void
}

/** A node to be read. */
export type ReadingTarget = Pick<NodeFacts, 'name' | 'address' | 'kubeletPort'>

export interface ReadOptions {
  readonly signal: AbortSignal
  /** The starts are spread over this span, so that a fleet is not asked in one burst. 0: as fast as allowed. */
  readonly spread: Millis
}

/** Where node readings come from. */
export interface NodeReadings {
  /**
   * Asks once about each target and tells the sink as answers come, one reading or failure per target. Resolves when all
   * are told or the signal aborts; rejects never.
   */
  read(targets: readonly ReadingTarget[], sink: ReadingSink, options: ReadOptions): Promise<void>
}

export interface TlsSettings {
  /** A bundle of authorities in PEM; undefined: those of the system. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly rejectUnauthorized: boolean
  readonly servername: string | undefined
}

/** Who to be in the next call. */
export interface CallCredentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsSettings
}

export interface CallCredentialsSource {
  /** Headers and TLS settings of the next call; files and tokens are read again as they change. */
  next(): Promise<CallCredentials>
  /** Forgets tokens and configuration held so far: a server refused them. */
  renew(): void
}

/** The Secret with the serving certificate, as it was at one moment. Texts, not base64. */
export interface HeldSecret {
  /** resourceVersion: a write against an older one is a lost race. */
  readonly version: string
  readonly annotations: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, string>>
}

export interface SecretStore {
  /** undefined: there is none. */
  read(): Promise<HeldSecret | undefined>
  /** Creates it, or replaces exactly what is held. undefined: somebody else was faster, look again. */
  write(secret: Omit<HeldSecret, 'version'>, held: HeldSecret | undefined): Promise<HeldSecret | undefined>
}

/** Whom the API server trusts when it calls us, as it was at one moment. */
export interface Registration {
  /** One entry for each webhook of each configuration that is there: PEM, empty when not set. */
  readonly bundles: readonly string[]
  /** Somebody else writes caBundle: cert-manager's injector, by its annotation. */
  readonly injected: boolean
}

/** The taint of ours on nodes; see headroom/taints.ts. */
export interface NodeTaints {
  /**
   * Sets or removes it and leaves all other taints as they are. `unchanged`: it was so already. `gone`: no such node.
   * Throws what the API server makes throw; nothing is changed then.
   */
  write(node: string, tainted: boolean, signal: AbortSignal): Promise<'written' | 'unchanged' | 'gone'>
}

/** What people see of a node in `kubectl describe node`. */
export interface NodeEvent {
  readonly type: 'Normal' | 'Warning'
  /** In one word, UpperCamelCase; a closed set. */
  readonly reason: string
  readonly message: string
}

export interface NodeEvents {
  /** Throws when it could not be stored. */
  tell(node: string, event: NodeEvent, signal: AbortSignal): Promise<void>
  /** The same, unless an Event of this node and `key` is still kept, whoever wrote it; they are kept for an hour. */
  tellOnce(node: string, key: string, event: NodeEvent, signal: AbortSignal): Promise<'told' | 'told already'>
}

export interface WebhookRegistry {
  read(): Promise<Registration>
  /** Writes the bundle, PEM, into every webhook of both configurations. */
  publish(bundle: string): Promise<void>
}
