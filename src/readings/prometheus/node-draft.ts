import type { Millis, Pids } from '../../lib/units.ts'
import type { NearLimit } from '../../model/near-limit.ts'
import type { Ceiling, NodeReading, ReadingFailure } from '../../model/node-reading.ts'
import { placeOfCgroup } from '../cgroup-path.ts'
import { withKubepods } from '../host-ceiling.ts'
import { freshPod } from './ceiling-queries.ts'
import { OneSource } from './one-source.ts'
import type { Series } from './prometheus-client.ts'

/** What the series of all queries say of one node, until all are there. */
export interface Draft {
  host: { limit: Pids | undefined; inUse: Pids | undefined }
  kubepods: { limit: Pids | undefined; inUse: Pids | undefined; depth: number }
  /** Age when Prometheus evaluated the query. */
  age: Millis | undefined
  readonly pods: Map<string, Pids>
  readonly exporter: OneSource
  readonly kubelet: OneSource
  nearLimits: readonly NearLimit[] | undefined
}

export function emptyDraft(): Draft {
  return {
    host: { limit: undefined, inUse: undefined },
    kubepods: { limit: undefined, inUse: undefined, depth: Number.POSITIVE_INFINITY },
    age: undefined,
    pods: new Map(),
    exporter: new OneSource(),
    kubelet: new OneSource(),
    nearLimits: undefined
  }
}

export function setHost(draft: Draft | undefined, part: 'limit' | 'inUse', value: number): void {
  // 0 is a collector that could not read, as in /stats/summary.
  if (draft !== undefined && value > 0) draft.host[part] = value
}

export function setKubepods(
  draft: Draft | undefined,
  part: 'limit' | 'inUse',
  { labels }: Series,
  value: number
): void {
  const place = placeOfCgroup(labels['id'] ?? '')
  if (draft === undefined || place === undefined || place.pod !== undefined) return
  if (place.depth > draft.kubepods.depth) return
  draft.kubepods.depth = place.depth
  draft.kubepods[part] = value
}

export function setAge(draft: Draft | undefined, { value, evaluatedAt }: Series): void {
  if (draft !== undefined) draft.age = Math.max(draft.age ?? 0, evaluatedAt - value * 1000)
}

export function readingOf(
  node: string,
  draft: Draft,
  now: Millis,
  podsFailure: ReadingFailure | undefined
): NodeReading {
  const { pods, age, exporter, kubelet } = draft
  const host = exporter.isAmbiguous ? unknown : draft.host
  const isElsewhere = !kubelet.isAmbiguous && isEmpty(draft)
  const kubepods = kubelet.isAmbiguous ? unknown : isElsewhere ? boundless : draft.kubepods
  const gaps: ReadingFailure[] = []
  if (exporter.isAmbiguous) gaps.push(ambiguous('node_processes_*', exporter, '--prometheus-node-exporter'))
  else if (isUnknown(host))
    gaps.push({ reason: 'not-reported', detail: 'no node_processes_* (node_exporter --collector.processes)' })
  if (kubelet.isAmbiguous) gaps.push(ambiguous('container_threads of kubepods', kubelet, '--prometheus-kubelet'))
  else if (isUnknown(kubepods)) gaps.push({ reason: 'not-reported', detail: noKubepods })
  if (isElsewhere) gaps.push(elsewhere)
  if (podsFailure !== undefined) gaps.push(podsFailure)
  else if (draft.nearLimits === undefined) gaps.push(noLimits)
  return {
    node,
    // Pods alone are at most this old, for older samples are not asked for.
    at: now - (age ?? freshPod * 1000),
    host: withKubepods({ limit: host.limit, inUse: host.inUse }, kubepods),
    kubepods: { limit: kubepods.limit, inUse: kubepods.inUse },
    pods: isElsewhere || podsFailure !== undefined || (pods.size === 0 && isUnknown(kubepods)) ? undefined : pods,
    podLimits: undefined,
    nearLimits: draft.nearLimits,
    gaps
  }
}

/** The cgroups of its pods have no task: no node with pods is like that. */
function isEmpty({ kubepods, pods }: Draft): boolean {
  return kubepods.inUse === 0 && pods.size > 0 && [...pods.values()].every((pids) => pids === 0)
}

/** No limit of kubepods counts where containers run outside of it. */
const boundless = { limit: Number.POSITIVE_INFINITY, inUse: undefined }

const elsewhere: ReadingFailure = {
  reason: 'cgroup-drivers',
  detail:
    'kubelet and container runtime use different cgroup drivers: the cgroups of pods are empty and their containers run elsewhere, so the tasks of pods are not known (rule node-cgroup-driver)'
}

const unknown = { limit: undefined, inUse: undefined }

function ambiguous(what: string, { text }: OneSource, flag: string): ReadingFailure {
  const detail = `two targets of Prometheus have ${what} for this node: ${text}; name the right one by ${flag}`
  return { reason: 'malformed', detail }
}

/** The cgroup of all pods. */
export function isRoot({ labels }: Series): boolean {
  const place = placeOfCgroup(labels['id'] ?? '')
  return place !== undefined && place.pod === undefined
}

const relabelling =
  'its scrape of /metrics/cadvisor drops it: kube-prometheus-stack, k8s-monitoring and managed Prometheus do by default, see docs/monitoring.md for the relabelling'

const noKubepods = `Prometheus has no container_threads of kubepods; ${relabelling}. Kubelets whose statistics come from the container runtime (PodAndContainerStatsFromCRI) have none`

const noLimits: ReadingFailure = {
  reason: 'not-reported',
  detail: `Prometheus has no container_threads_max, so limits of single pods are not known; ${relabelling}`
}

function isUnknown({ limit, inUse }: Ceiling): boolean {
  return limit === undefined && inUse === undefined
}
