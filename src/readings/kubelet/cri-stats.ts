import { isRecord, recordsOf } from '../../lib/json/shape.ts'
import type { Pids } from '../../lib/units.ts'
import type { NearLimit } from '../../model/near-limit.ts'
import type { ReadingFailure } from '../../model/node-reading.ts'
import type { TextReader } from './kubelet-client.ts'
import type { LabelledThreads } from './labelled-threads.ts'
import { type Rlimit, rlimitOf } from './stats-summary-text.ts'

/*
 * Kubelets whose statistics come from the container runtime (feature gate PodAndContainerStatsFromCRI, beta and off in v1.37).
 * Their /metrics/cadvisor has no cgroup of kubepods or of a pod (kubernetes pkg/kubelet/server/server.go), only containers by labels. /stats/summary
 * has process counts of pods, by uid. In both containerd and CRI-O write pids.current, so they are tasks, and are used as such.
 */

/** What such a node is known by, and what is left of its figures. */
export const statsFromRuntime: ReadingFailure = {
  reason: 'cri-stats',
  detail:
    'the kubelet takes statistics from the container runtime (feature gate PodAndContainerStatsFromCRI), and leaves out the limits of kubepods, of pods and of units: pods count with what the runtime counted of their containers, and kubepods with their sum. Turn the gate off to have it whole'
}

/** Whether the kubelet says in its `/metrics` that its statistics come from the runtime. */
export class ProviderReader implements TextReader<{ readonly isRuntime: boolean; readonly sampledAt: undefined }> {
  #rest = ''
  #isRuntime = false

  push(chunk: Buffer): void {
    const text = this.#rest + chunk.toString('latin1')
    this.#isRuntime ||= line.test(text)
    this.#rest = text.slice(-longestLine)
  }

  end(): { readonly isRuntime: boolean; readonly sampledAt: undefined } {
    return { isRuntime: this.#isRuntime, sampledAt: undefined }
  }
}

const line = /^kubelet_metrics_provider\{provider="cri"\} 1$/m
/** Characters. The line has 42. */
const longestLine = 64

/** The tasks of a node and of its pods. */
export interface SummaryTasks extends Rlimit {
  /** By pod uid; undefined where the runtime has counted none. */
  readonly pods?: ReadonlyMap<string, Pids> | undefined
  /** Uids by `namespace/name`, of all pods there. */
  readonly uids?: ReadonlyMap<string, string>
}

/** The parts of a reading that a container runtime has. */
export interface RuntimeTasks {
  readonly pods: ReadonlyMap<string, Pids> | undefined
  readonly podsByName: Map<string, Pids> | undefined
  readonly nearLimits: readonly NearLimit[] | undefined
  /** Of all pods together; undefined: of none is it known. */
  readonly inUse: Pids | undefined
}

/**
 * What the runtime counted, by both answers: pods by uid where the summary has them, else by name; a pod that the summary does not count has
 * the figure of its labels. Nothing counted is unknown, and not 0.
 */
export function runtimeTasks(
  { pods, uids }: Pick<SummaryTasks, 'pods' | 'uids'>,
  labelled: LabelledThreads
): RuntimeTasks {
  const byName = labelled.pods
  const counted = new Map(pods)
  for (const [name, pids] of byName) {
    const uid = uids?.get(name)
    if (uid === undefined) continue
    if ((counted.get(uid) ?? 0) === 0) counted.set(uid, pids)
    byName.delete(name)
  }
  const all = [...counted.values(), ...byName.values()]
  return {
    pods: counted.size === 0 ? undefined : counted,
    podsByName: byName.size === 0 ? undefined : byName,
    nearLimits: labelled.nearLimits((name) => uids?.get(name)),
    inUse: all.length === 0 ? undefined : all.reduce((sum, pids) => sum + pids, 0)
  }
}

/** Reads `node.rlimit` and the process counts of pods; the whole summary, half a megabyte on a full node, is parsed for it. */
export class SummaryReader implements TextReader<SummaryTasks | undefined> {
  readonly #chunks: Buffer[] = []

  push(chunk: Buffer): void {
    // Copied: the chunk belongs to the stream.
    this.#chunks.push(Buffer.from(chunk))
  }

  end(): SummaryTasks | undefined {
    let summary: unknown
    try {
      summary = JSON.parse(Buffer.concat(this.#chunks).toString('utf8'))
    } catch {
      return undefined
    }
    if (!isRecord(summary)) return undefined
    const node = isRecord(summary['node']) ? summary['node'] : {}
    const rlimit = rlimitOf(node['rlimit']) ?? { limit: undefined, inUse: undefined, sampledAt: undefined }
    const { pods, uids } = podsOf(summary['pods'])
    return { ...rlimit, pods: pods.size === 0 ? undefined : pods, uids }
  }
}

function podsOf(listed: unknown): { pods: Map<string, Pids>; uids: Map<string, string> } {
  const [pods, uids] = [new Map<string, Pids>(), new Map<string, string>()]
  for (const { podRef, process_stats: stats } of recordsOf(listed)) {
    const { uid, namespace, name } = isRecord(podRef) ? podRef : {}
    if (typeof uid !== 'string') continue
    if (typeof namespace === 'string' && typeof name === 'string') uids.set(`${namespace}/${name}`, uid)
    const count = isRecord(stats) ? stats['process_count'] : undefined
    if (typeof count === 'number' && Number.isInteger(count) && count >= 0) pods.set(uid, count)
  }
  return { pods, uids }
}
