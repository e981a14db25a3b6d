import type { RuntimeSign } from '../kubernetes/pods/told-runtime.ts'
import { compareTexts } from '../lib/compare-text.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Moments, NodeMoment, WorkloadMoment } from './moments.ts'
import { type AdvicePolicy, checksOf, type PoolSeen, type PoolSettings, seenOf, settingsFor } from './pool-settings.ts'
import { type Platform, poolsOf } from './pools.ts'
import { knobFor, knobsOfRuntimes, type ThreadKnob, threadKnobs } from './thread-knobs.ts'

/** One setting, with why and by what source. */
export interface Setting {
  readonly name:
    | 'podPidsLimit'
    | 'systemReserved.pid'
    | 'evictionHard pid.available'
    | 'kernel.pid_max'
    | 'kernel.threads-max'
  readonly value: string
  readonly reason: string
  readonly source: string
}

/** What an advice rests on. */
export interface Basis {
  readonly nodes: number
  readonly readings: number
  /** Between the first and the last of them. */
  readonly span: Millis
  /** The most pods that were seen at once on a node, or of a workload. */
  readonly pods: number
}

export interface PoolAdvice {
  readonly pool: string
  readonly platform: Platform
  readonly basis: Basis
  /** What was seen, and the settings; null where too little was seen: `lack` says what. */
  readonly seen: PoolSeen | null
  readonly numbers: PoolSettings | null
  readonly lack: string | null
  readonly settings: readonly Setting[]
  /** How the settings fit each other. */
  readonly checks: readonly string[]
}

export interface WorkloadAdvice {
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly basis: Basis
  readonly peak: Pids
  readonly declared: Pids | null
  /** What to write into the annotation pidguard.io/pids; null: it is an outlier, whose threads are to be bounded first. */
  readonly estimate: Pids | null
  /** What its program runs on, and what tells it; null: its pods do not tell. */
  readonly runtime: { readonly name: string; readonly by: string } | null
  /** What caps the threads of that runtime, with a value where a variable takes one; null: not known, or capped already. */
  readonly knob: string | null
}

export interface Recommendations {
  readonly pools: readonly PoolAdvice[]
  /** The most tasks first. */
  readonly workloads: readonly WorkloadAdvice[]
  readonly knobs: readonly ThreadKnob[]
}

/** Nothing is recommended from less: between two readings of the same minute nothing can have changed. Own choice. */
export const leastSpan: Millis = 60 * 60 * 1000

/** Above what was seen of a workload: what an hour does not show. Own choice. */
const estimateMargin = 1.25

export function recommend({ nodes, workloads }: Moments, policy: AdvicePolicy): Recommendations {
  const pools = poolsOf(nodes).map(({ name, platform, moments }) => poolAdvice(name, platform, moments, policy))
  const ceilings = pools.map(({ seen }) => seen?.ceiling).filter((ceiling) => ceiling !== undefined)
  const outlier = ceilings.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...ceilings) * policy.podShare
  const groups = Map.groupBy(workloads, ({ namespace, kind, name }) => `${kind} ${namespace}/${name}`)
  return {
    pools,
    workloads: [...groups.values()]
      .map((group) => workloadAdvice(group, outlier))
      .filter((advice) => advice !== undefined)
      .sort((a, b) => b.peak - a.peak || compareTexts(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`)),
    knobs: threadKnobs
  }
}

function poolAdvice(
  pool: string,
  platform: Platform,
  moments: readonly NodeMoment[],
  policy: AdvicePolicy
): PoolAdvice {
  const basis = basisOf(moments, new Set(moments.map(({ node }) => node)).size)
  const seen = seenOf(moments, policy) ?? null
  const lack = seen === null ? 'what is in use under a ceiling of its nodes is not known' : lackOf(basis)
  const head = { pool, platform, basis, seen, lack }
  if (seen === null || lack !== null) return { ...head, numbers: null, settings: [], checks: [] }
  const numbers = settingsFor(seen, policy)
  return { ...head, numbers, settings: settingTexts(seen, numbers), checks: checksOf(seen, numbers) }
}

/** Why too little was seen; null: it was enough. */
function lackOf({ readings, span }: Basis): string | null {
  if (span >= leastSpan) return null
  const minutes = Math.floor(span / 60_000)
  const what =
    readings < 2
      ? 'it was read once'
      : `all of its readings are of the same ${minutes < 2 ? 'minute' : `${minutes} minutes`}`
  return `${what}; nothing is recommended from less than an hour`
}

function settingTexts(seen: PoolSeen, numbers: PoolSettings): Setting[] {
  const { podPidsLimit, reserved, eviction, ceiling, pidMax, threadsMax } = numbers
  const outlier = seen.outlier === 0 ? '' : `; one of ${seen.outlier} is not counted, it is what the limit is to stop`
  const settings: Setting[] = [
    {
      name: 'podPidsLimit',
      value: String(podPidsLimit),
      reason: `twice the biggest honest pod that was seen (${seen.biggest}), as a power of two${outlier}`,
      source: 'kubernetes.io/docs/concepts/policy/pid-limiting, Pod PID limits'
    },
    {
      name: 'systemReserved.pid',
      value: String(reserved),
      reason: `twice the most that was outside of pods (${seen.outside}), at least 1000: kubelet, runtime and a shell can still fork when pods cannot`,
      source:
        'kubernetes.io/docs/tasks/administer-cluster/reserve-compute-resources, Process ID limits and reservations'
    },
    {
      name: 'evictionHard pid.available',
      value: `${eviction}%`,
      reason: 'there is no default: without it PIDPressure never turns true. It has to begin before kubepods is full',
      source: 'kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction'
    }
  ]
  if (pidMax !== undefined) {
    settings.push({
      name: 'kernel.pid_max',
      value: String(pidMax),
      reason: `the ceiling was ${seen.ceiling}. To hold what was in use (${seen.inUse}), the reservation and three pods that leak up to their limit, and to be at least audit.pidMax of the policy, it has to be ${ceiling}. pid_max itself costs no memory`,
      source: 'docs.kernel.org/admin-guide/sysctl/kernel.html, pid_max; systemd sets the same'
    })
  }
  if (threadsMax !== undefined) {
    settings.push({
      name: 'kernel.threads-max',
      value: String(threadsMax),
      reason:
        seen.threadsDefault === undefined
          ? 'the smaller of the two counts, and the memory of the nodes is not known: set both'
          : `the smaller of the two counts, and the kernel makes ${seen.threadsDefault} of the memory of these nodes`,
      source: 'docs.kernel.org/admin-guide/sysctl/kernel.html, threads-max'
    })
  }
  return settings
}

function workloadAdvice(group: readonly WorkloadMoment[], outlier: Pids): WorkloadAdvice | undefined {
  const last = group.toSorted((a, b) => b.at - a.at)[0]
  const basis = basisOf(group, 0)
  if (last === undefined || lackOf(basis) !== null) return undefined
  const { namespace, kind, name, declared } = last
  const peak = Math.max(...group.map((each) => each.peak))
  const told = group.find(({ runtime }) => runtime !== undefined)?.runtime
  const estimate = peak >= outlier ? null : Math.ceil((peak * estimateMargin) / 10) * 10
  return { namespace, kind, name, basis, peak, declared: declared ?? null, estimate, ...knobOf(told, estimate) }
}

function knobOf(told: RuntimeSign | undefined, estimate: Pids | null): Pick<WorkloadAdvice, 'runtime' | 'knob'> {
  if (told === undefined) return { runtime: null, knob: null }
  const { runtime, by, isCapped } = told
  const name = knobsOfRuntimes[runtime].runtime
  return { runtime: { name, by }, knob: isCapped ? null : knobFor(runtime, estimate) }
}

function basisOf(moments: readonly { readonly at: Millis; readonly pods: number }[], nodes: number): Basis {
  const instants = moments.map(({ at }) => at)
  const span = instants.length === 0 ? 0 : Math.max(...instants) - Math.min(...instants)
  return { nodes, readings: new Set(instants).size, span, pods: Math.max(0, ...moments.map(({ pods }) => pods)) }
}
