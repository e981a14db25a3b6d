import { sayOrigin } from '../../headroom/estimate.ts'
import type { RuntimeSign } from '../../kubernetes/pods/told-runtime.ts'
import { compareTexts } from '../../lib/compare-text.ts'
import type { Pids } from '../../lib/units.ts'
import type { NodeFacts, PodFacts } from '../../model/cluster-objects.ts'
import type { KubeletConfig } from '../../model/node-reading.ts'
import type { AuditKubelet, AuditNode, AuditPod, AuditWorkload } from '../../report/audit/audit-fleet.ts'
import { type AuditSummary, mostTop } from '../../report/audit/audit-report.ts'
import type { NodeAnswers } from '../passes/read-nodes.ts'
import { type FleetPolicy, FleetSums, type HeldPod } from './fleet-sums.ts'

/** What it is counted with is known only when all pods have been added. */
interface RankedPod {
  readonly pod: HeldPod
  readonly facts: PodFacts
}

/** The lists of a report: every node, the biggest pods and workloads, and pods by their size. */
export class FleetRows {
  readonly #sums: FleetSums
  readonly #nodes: readonly NodeFacts[]
  readonly #answers: NodeAnswers
  /** The biggest so far, the biggest first. */
  readonly #top: RankedPod[] = []
  readonly #sizes = new Map<Pids, number>()
  /** Running pods, and those of them whose tasks are known. */
  running = 0
  read = 0

  constructor(nodes: readonly NodeFacts[], answers: NodeAnswers, policy: FleetPolicy) {
    this.#nodes = nodes
    this.#answers = answers
    this.#sums = new FleetSums(answers.readings, answers.readAt, policy)
  }

  /** Counts a pod. One that has ended holds no tasks and must not be given. `tells`: what its program runs on. */
  add(facts: PodFacts, tells?: () => RuntimeSign | undefined): void {
    const pod = this.#sums.add(facts, tells)
    this.running++
    if (pod === undefined) return
    this.read++
    const from = pod.pids < 1 ? 0 : 2 ** Math.floor(Math.log2(pod.pids))
    this.#sizes.set(from, (this.#sizes.get(from) ?? 0) + 1)
    this.#rank({ pod, facts })
  }

  /** A pod that has ended. */
  addEnded(facts: PodFacts): void {
    this.#sums.addEnded(facts)
  }

  /** `knowsPods`: every pod of the cluster has been added. */
  nodes(knowsPods: boolean): AuditNode[] {
    const { failures, configs, configFailures } = this.#answers
    return this.#sums.nodes(this.#nodes, failures, knowsPods).map((figures) => {
      const { node, missing } = figures
      const config = configs.get(node)
      const failure = configFailures.get(node)
      return {
        ...figures,
        kubelet: config === undefined ? null : kubeletOf(config),
        missing: failure === undefined ? missing : [...missing, `${failure.reason}: ${failure.detail}`]
      }
    })
  }

  /** To be asked for once every pod has been added. */
  pods(): readonly AuditPod[] {
    return this.#top.map(({ pod, facts }) => {
      const estimate = this.#sums.estimateOf(facts)
      return { ...pod, estimate: estimate.pids, estimateFrom: sayOrigin(estimate) }
    })
  }

  workloads(): AuditWorkload[] {
    return this.#sums.workloads().slice(0, mostTop)
  }

  /** Pods by powers of two: 0, 1, 2 to 3, 4 to 7, and so on. */
  podSizes(): AuditSummary['podSizes'] {
    return [...this.#sizes]
      .toSorted(([a], [b]) => a - b)
      .map(([from, pods]) => ({ from, to: from === 0 ? 0 : 2 * from - 1, pods }))
  }

  #rank(pod: RankedPod): void {
    const last = this.#top.at(-1)
    if (this.#top.length === mostTop && last !== undefined && byPids(pod, last) > 0) return
    const at = this.#top.findIndex((other) => byPids(pod, other) < 0)
    this.#top.splice(at < 0 ? this.#top.length : at, 0, pod)
    if (this.#top.length > mostTop) this.#top.pop()
  }
}

function byPids({ pod: a }: RankedPod, { pod: b }: RankedPod): number {
  return b.pids - a.pids || compareTexts(a.namespace, b.namespace) || compareTexts(a.name, b.name)
}

function kubeletOf({ podPidsLimit, reserved, eviction }: KubeletConfig): AuditKubelet {
  return {
    podPidsLimit: podPidsLimit === Number.POSITIVE_INFINITY ? 'unlimited' : podPidsLimit,
    reserved: reserved ?? null,
    eviction: eviction ?? null
  }
}
