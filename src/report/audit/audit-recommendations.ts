import type { Millis, Pids } from '../../lib/units.ts'

/** What an advice rests on. */
export interface AuditBasis {
  readonly nodes: number
  /** Moments at which it was seen. */
  readonly readings: number
  /** Between the first and the last of them. */
  readonly span: Millis
  /** The most pods that were seen at once on a node, or of a workload. */
  readonly pods: number
}

/** Settings of kubelet and kernel for nodes that are alike. */
export interface AuditPoolAdvice {
  readonly pool: string
  /** Who sets up its nodes. */
  readonly platform: 'eks' | 'gke' | 'aks' | 'kubeadm'
  readonly basis: AuditBasis
  /** Why nothing is recommended; null: enough was seen. */
  readonly lack: string | null
  readonly settings: readonly {
    readonly name: string
    readonly value: string
    readonly reason: string
    readonly source: string
  }[]
  /** How the settings fit each other, each in one line. */
  readonly checks: readonly string[]
}

/** What a workload should declare. */
export interface AuditWorkloadAdvice {
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly basis: AuditBasis
  /** The largest pod that was seen. */
  readonly peak: Pids
  /** For the annotation pidguard.io/pids; null: it is an outlier, whose threads are to be bounded first. */
  readonly estimate: Pids | null
  /** What its program runs on, and what tells it; null: its pods do not tell. */
  readonly runtime: { readonly name: string; readonly by: string } | null
  /** What caps its threads; null: not known, or they are capped already. */
  readonly knob: string | null
}

/** What `pidguard recommend` says by this audit and the earlier one. Nothing is recommended from less than an hour. */
export interface AuditAdvice {
  /** At most `mostTop`. */
  readonly pools: readonly AuditPoolAdvice[]
  /** At most `mostTop`, the most tasks first. */
  readonly workloads: readonly AuditWorkloadAdvice[]
}
