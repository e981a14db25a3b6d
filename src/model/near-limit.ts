import type { Pids } from '../lib/units.ts'

/** What the limit of a single cgroup belongs to: a pod, one container of it, or anything outside of pods, such as kubelet.service. */
export type LimitOwner = 'pod' | 'container' | 'unit'

/** A limit (pids.max) of a single cgroup that is at least half used. Beyond it the kernel refuses a fork there, and only there. */
export interface NearLimit {
  readonly of: LimitOwner
  /** Of a pod or a container: the uid of the pod, as its node counts it. */
  readonly pod?: string
  /** Of a container its name, of a unit its cgroup; empty where the name is not known, and of a pod. */
  readonly name: string
  readonly limit: Pids
  readonly inUse: Pids
}

/** Limits that are used less are left out, so that a node of 250 pods keeps a few of them. Own choice: half. */
export const nearShare = 0.5

/** The limits that are at least half used; the fullest first. */
export function nearest(limits: Iterable<NearLimit>): NearLimit[] {
  return [...limits]
    .filter(({ limit, inUse }) => limit > 0 && inUse >= limit * nearShare)
    .sort((a, b) => b.inUse / b.limit - a.inUse / a.limit)
}

/** The fullest limit of a pod: its own, or that of one of its containers; undefined: none is half used. */
export function nearestOfPod(limits: readonly NearLimit[], pod: string): NearLimit | undefined {
  return limits.find((limit) => limit.pod === pod)
}
