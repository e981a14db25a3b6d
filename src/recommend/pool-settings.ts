import { maxPids } from '../kubernetes/qos/pids-limit.ts'
import type { Pids } from '../lib/units.ts'
import type { NodeMoment } from './moments.ts'

/** What was seen of a pool, over all its moments. */
export interface PoolSeen {
  /** The lowest ceiling of its nodes. */
  readonly ceiling: Pids
  /** What the kernel makes of the memory of its smallest node for threads-max; undefined: its memory is not known. */
  readonly threadsDefault: Pids | undefined
  /** The most that was in use on a node, without pods that are outliers. */
  readonly inUse: Pids
  readonly outside: Pids
  /** The biggest pod that is no outlier. */
  readonly biggest: Pids
  /** The biggest outlier; 0: there was none. */
  readonly outlier: Pids
  readonly pods: number
}

/** The settings of a pool. */
export interface PoolSettings {
  readonly podPidsLimit: Pids
  readonly reserved: Pids
  /** evictionHard pid.available, in percent of the ceiling. */
  readonly eviction: number
  readonly ceiling: Pids
  /** kernel.pid_max; undefined: leave it as it is. */
  readonly pidMax: Pids | undefined
  /** kernel.threads-max; undefined: leave it as it is. */
  readonly threadsMax: Pids | undefined
}

/** The share of its ceiling from which a pod is an outlier, and the least ceiling: `audit.podShare` and `audit.pidMax`. */
export interface AdvicePolicy {
  readonly podShare: number
  readonly pidMax: Pids
}

/** Bytes of memory for each thread of the default kernel.threads-max (Linux kernel/fork.c, set_max_threads). */
const memoryPerThread = 128 * 1024
/** A lower limit would refuse threads to ordinary daemons. GKE takes no lower one either. */
const leastLimit = 1_024
/** Twice the biggest honest pod: room to grow, and to start while the pod before it ends. Own choice. */
const roomToGrow = 2
/** Pods that may leak at once, each up to its limit, before a node is full. Own choice. */
const leaks = 3
/** At least, as the documentation of Kubernetes has it in its example. */
const leastReserved = 1_000
/** In percent: eviction begins before the floor of pidguard's own default is used. Own choice. */
const leastEviction = 10

/** undefined: no ceiling, or nothing in use under it, is known. */
export function seenOf(
  moments: readonly NodeMoment[],
  { podShare }: Pick<AdvicePolicy, 'podShare'>
): PoolSeen | undefined {
  const known = moments.filter(({ host }) => host.inUse !== undefined && Number.isFinite(host.limit))
  if (known.length === 0) return undefined
  const ceiling = Math.min(...known.map(({ host }) => host.limit ?? 0))
  const isOutlier = (pids: Pids): boolean => pids >= ceiling * podShare
  const memories = moments.map(({ memory }) => memory).filter((memory) => memory !== undefined)
  const pods = moments.flatMap(({ biggest }) => biggest)
  return {
    ceiling,
    threadsDefault: memories.length === 0 ? undefined : Math.floor(Math.min(...memories) / memoryPerThread),
    inUse: most(known.map(({ host, biggest }) => (host.inUse ?? 0) - sumOf(biggest.filter(isOutlier)))),
    outside: most(moments.map(({ outside }) => outside ?? 0)),
    biggest: most(pods.filter((pids) => !isOutlier(pids))),
    outlier: most(pods.filter(isOutlier)),
    pods: most(moments.map((moment) => moment.pods))
  }
}

/** The settings under which what was seen fits, and `leaks` pods may leak without taking the node down. */
export function settingsFor(seen: PoolSeen, { pidMax: leastCeiling }: Pick<AdvicePolicy, 'pidMax'>): PoolSettings {
  const podPidsLimit = powerOfTwo(Math.max(leastLimit, seen.biggest * roomToGrow))
  const reserved = roundedUp(Math.max(leastReserved, seen.outside * 2), 500)
  const needed = Math.max(leastCeiling, Math.ceil((seen.inUse + leaks * podPidsLimit + reserved) / 0.9))
  const isEnough = seen.ceiling >= needed
  const ceiling = isEnough ? seen.ceiling : Math.min(maxPids, powerOfTwo(needed))
  // pid_max and threads-max must both allow it. A high pid_max costs nothing; threads-max is raised only as far as needed.
  const raisesThreads = !isEnough && (seen.threadsDefault === undefined || seen.threadsDefault < ceiling)
  return {
    podPidsLimit,
    reserved,
    // kubepods is full when `reserved` less what is outside is left: eviction has to begin before that.
    eviction: Math.max(
      leastEviction,
      Math.ceil(((reserved - seen.outside) / ceiling) * 100) + 5 * Number(reserved > ceiling * 0.05)
    ),
    ceiling,
    pidMax: isEnough ? undefined : maxPids,
    threadsMax: raisesThreads ? ceiling : undefined
  }
}

/** How the settings fit each other, each in one line. */
export function checksOf(seen: PoolSeen, { podPidsLimit, reserved, eviction, ceiling }: PoolSettings): string[] {
  const kubepods = ceiling - reserved
  const all = seen.pods * podPidsLimit
  const free = kubepods - (seen.inUse - seen.outside)
  const times = (all / kubepods).toFixed(1)
  const atEviction = Math.floor((ceiling * eviction) / 100)
  return [
    all <= kubepods
      ? `${seen.pods} pods x ${podPidsLimit} = ${all} PIDs, within the ${kubepods} that kubepods then allows: no pod can take what another needs`
      : `${seen.pods} pods x ${podPidsLimit} = ${all} PIDs, ${times} times the ${kubepods} that kubepods then allows. That is meant: a limit stops the one pod that leaks, and a limit low enough for all at once would stop honest ones`,
    `beside the most that was in use, ${Math.max(0, Math.floor(free / podPidsLimit))} pods could leak up to their limit at once before kubepods is full; one takes ${Math.round((podPidsLimit / kubepods) * 100)}% of it`,
    `eviction begins at ${atEviction} free PIDs, and kubepods is full at ${Math.max(0, reserved - seen.outside)}: pods are evicted before others cannot fork`
  ]
}

function most(counts: readonly number[]): number {
  return counts.reduce((held, count) => Math.max(held, count), 0)
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)))
}

function roundedUp(count: number, step: number): number {
  return Math.ceil(count / step) * step
}
