/** A kind of object, as it is listed. */
export interface ListedKind {
  readonly kind: string
  /** As in paths: `deployments`. */
  readonly plural: string
  /** The versions it may be served under, the newest first; the first that is served is read. */
  readonly apiVersions: readonly string[]
  /** Its objects are in no namespace; known of kinds that `served` has found. */
  readonly isClusterWide?: boolean
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

/** Where an audit finds its objects: a cluster, or a dump of one. */
export interface ObjectSource {
  /**
   * Passes every object of these kinds to `take`, each with apiVersion and kind, kind by kind where the source allows it.
   * The taker owns the object. Resolves to what could not be read; a kind that is not served is no failure. Throws
   * AppError when nothing can be read at all.
   */
  each(kinds: readonly ListedKind[], take: (object: Record<string, unknown>) => void): Promise<readonly ListFailure[]>
  /**
   * How a kind is listed of which only its group is known, as one of a CRD. undefined: it is not served; a failure: that
   * cannot be found out. Throws AppError when nothing can be read at all.
   */
  served(group: string, kind: string): Promise<ListedKind | ListFailure | undefined>
  /** Remarks about what was passed on, in words. */
  notes?(): readonly string[]
}

/** A kind of report that other programs read: PolicyReport, or Report of openreports.io. */
export interface ReportKind {
  readonly apiVersion: string
  readonly kind: string
  /** As in paths: `policyreports`. */
  readonly plural: string
  /** False for the cluster-wide kind, which holds what belongs to no namespace. */
  readonly namespaced: boolean
}

export interface ReportAddress {
  /** Empty for cluster-scoped reports. */
  readonly namespace: string
  readonly name: string
}

/** The reports in a cluster. */
export interface ReportStore {
  /**
   * The kinds that are served: those of one group, none where the cluster has none of these, and those of the group that
   * it replaces. Throws KubeError.
   */
  kinds(): Promise<{ readonly current: readonly ReportKind[]; readonly replaced: readonly ReportKind[] }>
  /** Passes every report of ours to `take`. Resolves to why they could not be read, or not all; undefined: they were. */
  list(kind: ReportKind, take: (object: Record<string, unknown>) => void): Promise<ListFailure | undefined>
  /** Writes it, in place of what we wrote before. `gone`: its namespace is terminating or gone. Throws KubeError. */
  apply(kind: ReportKind, at: ReportAddress, object: object): Promise<'written' | 'gone'>
  /** Removes the one with this uid, if it is still there. Throws KubeError. */
  remove(kind: ReportKind, at: ReportAddress, uid: string): Promise<void>
}
