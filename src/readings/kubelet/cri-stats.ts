import { isRecord, recordsOf } from '../../lib/json/shape.ts'
import type { Pids } from '../../lib/units.ts'
import type { ReadingFailure } from '../../model/node-reading.ts'
import type { TextReader } from './kubelet-client.ts'
import { type Rlimit, rlimitOf } from './stats-summary-text.ts'

/*
 * Kubelets whose statistics come from the container runtime (feature gate PodAndContainerStatsFromCRI, beta and off in v1.37).
 * Their /metrics/cadvisor has no cgroup of kubepods or of a pod (kubernetes pkg/kubelet/server/server.go). What is left are the
 * process counts of /stats/summary: containerd and CRI-O write pids.current there, so they are tasks, and are used as such.
 */

/** What such a node is known by, and what is left of its figures. */
export const statsFromRuntime: ReadingFailure = {
  reason: 'cri-stats',
  detail:
    'the kubelet takes statistics from the container runtime (feature gate PodAndContainerStatsFromCRI), and leaves out the limit of kubepods: pods count with the process counts of /stats/summary, and kubepods with their sum. Turn the gate off to have it whole'
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
    const pods = podsOf(summary['pods'])
    return { ...rlimit, pods: pods.size === 0 ? undefined : pods }
  }
}

function podsOf(listed: unknown): Map<string, Pids> {
  const pods = new Map<string, Pids>()
  for (const { podRef, process_stats: stats } of recordsOf(listed)) {
    const uid = isRecord(podRef) ? podRef['uid'] : undefined
    const count = isRecord(stats) ? stats['process_count'] : undefined
    if (typeof uid === 'string' && typeof count === 'number' && Number.isInteger(count) && count >= 0)
      pods.set(uid, count)
  }
  return pods
}
