import type { RuleIndex } from '../engine/rule-index.ts'
import type { SeenDataplane } from '../kubernetes/calico/felix.ts'
import type { FelixPod } from '../kubernetes/calico/node-rows.ts'
import type { MinorVersion } from '../kubernetes/server-version.ts'
import type { NodeFacts } from '../model/cluster-objects.ts'
import type { ReadingTarget } from '../model/node-reading.ts'
import type { ObjectSource } from '../ports/objects.ts'
import type { KubeletConfigs, NodeReadings } from '../ports/readings.ts'
import type { Progress } from '../ports/runtime.ts'
import type { AuditPolicy } from './judge-stored-object.ts'
import type { TemplateKinds } from './own-kinds.ts'

/** What an audit asks of the world. */
export interface AuditDeps {
  readonly rules: RuleIndex
  readonly policy: AuditPolicy
  /** Of the API server that stores the objects; undefined: not known. */
  readonly serverVersion?: MinorVersion | undefined
  readonly objects: ObjectSource
  /** Kinds that are not of Kubernetes itself and hold pod templates: those that are looked for. */
  readonly templateKinds: TemplateKinds
  readonly readings: NodeReadings
  readonly configs: KubeletConfigs
  /** Where to ask a node, where that is not what its object says. */
  targetOf(facts: NodeFacts): ReadingTarget
  now(): number
  /** What lists of objects do not say of Calico; left out where there is no cluster to ask. Never rejects. */
  readonly calico?: {
    /** undefined: not known. */
    kubeProxyMode(): Promise<string | undefined>
    /** By the name of the node; a node that is not in it is unknown. */
    seen(pods: readonly FelixPod[]): Promise<ReadonlyMap<string, SeenDataplane>>
  }
  readonly progress: Progress
  readonly signal: AbortSignal
  /** At most this many nodes are asked a second; undefined: no limit. */
  readonly nodesPerSecond?: number | undefined
  /** What the reader of the report should know besides. */
  readonly notes?: readonly string[]
}
