import type { Backend } from '../kubernetes/calico/felix.ts'
import type { Selector } from '../kubernetes/label-selector.ts'
import type { Runtime } from '../kubernetes/language-runtimes.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Mode } from '../model/finding.ts'

/** What the policy needs to know of a rule; the rules themselves live floors above. */
export interface RuleInfo {
  readonly id: string
  readonly defaultMode: Mode
  /** `pods` rules stay out of `systemNamespaces`; `cluster` rules look everywhere. */
  readonly scope: 'pods' | 'cluster'
}

export type { Backend }

export interface Profile {
  readonly name: string
  /** Matches a pod when every given part matches: one image of one container, and the labels. */
  readonly match: { readonly images: readonly string[]; readonly selector: Selector | undefined }
  readonly estimate: Pids | undefined
  readonly limit: Pids | undefined
  readonly threadCap: { readonly runtime: Runtime; readonly threads: number } | undefined
}

/** Room to keep free on a node: a share of the ceiling between 0 and 1, or a count. */
export type Floor = { readonly share: number } | { readonly pids: Pids }

/** The policy as it holds in one namespace: defaults, overrides and annotations already applied. */
export interface Settings {
  readonly modes: ReadonlyMap<string, Mode>
  readonly requests: {
    readonly bestEffortPods: 'reject' | 'inject'
    readonly cpu: string
    readonly memory: string
  }
  readonly pids: {
    readonly estimate: Pids
    readonly limit: Pids | undefined
    /** Whether pidguard.io/pids counts although the workload was seen to hold more. */
    readonly trustDeclared: boolean
    readonly profiles: readonly Profile[]
  }
  readonly headroom: {
    readonly floor: Floor
    /** A node reading older than this is unknown. */
    readonly maxAge: Millis
    /**
     * The share, between 0 and 1, of free PIDs that another namespace can keep from pods of this one by estimates alone.
     */
    readonly claimShare: number
    readonly budget: { readonly perNode: Pids | undefined; readonly total: Pids | undefined }
    /** A pod of this priority or a higher one is warned about and never denied for lack of PIDs. */
    readonly urgentPriority: number
    /**
     * An autoscaler adds nodes for pods that are Pending. So a pod without room is admitted and may stay Pending, and every
     * node may be tainted.
     */
    readonly autoscaled: boolean
    /**
     * PIDs are a resource of the scheduler: the leader publishes what each node has, new pods request their estimate, and one
     * without room is Pending.
     */
    readonly schedulePids: boolean
    readonly taintNodes: boolean
    /** The largest share of the nodes that may carry the taint at once, between 0 and 1. */
    readonly maxTaintedShare: number
    /** What must be free beyond the room for one pod before the taint goes. */
    readonly taintHysteresis: Floor
  }
  /** What an audit calls too little or too much. */
  readonly audit: {
    /** The least number of tasks a node should allow: min(pid_max, threads-max). */
    readonly pidMax: Pids
    /** The share of either ceiling of a node that may be in use, between 0 and 1. */
    readonly usage: number
    /** The share of the lower ceiling of its node that one pod may hold, between 0 and 1. */
    readonly podShare: number
    /** The share of a limit of its own that a pod, a container or a unit may use, between 0 and 1. */
    readonly ownLimit: number
    /** The share of what is in use on a node from which a holder is named, between 0 and 1. */
    readonly holderShare: number
  }
  readonly calico: {
    /** undefined: the policy does not name one, and pidguard does not guess. */
    readonly iptablesBackend: Backend | undefined
    readonly operatorManaged: 'report' | 'mutate'
    /** `hold`: RollingUpdate stays, and changes that would restart Felix are refused while nodes are short of PIDs. */
    readonly updateStrategy: 'OnDelete' | 'hold'
    /** The leader repairs what is out of policy, not only the webhook what is written. */
    readonly repair: boolean
  }
  /**
   * What could not be resolved, for people: an override whose selector needs namespace labels that are not known,
   * an annotation out of bounds. Modes are then the mildest of all that may apply.
   */
  readonly notes: readonly string[]
}

/** What is known of a namespace; undefined means "not known", never "has none". */
export interface NamespaceFacts {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** The namespaces of a cluster as far as they are known; a Map or a cache. */
export interface NamespaceLookup {
  /** undefined: the namespace is not known. */
  get(name: string): NamespaceFacts | undefined
}
