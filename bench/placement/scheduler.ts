import type { Millis } from '../../src/lib/units.ts'
import type { Cluster } from './cluster.ts'
import {
  estimateOf,
  freeOn,
  hasFinished,
  hasOtherRoom,
  isEnded,
  mayLand,
  type Node,
  offeredBy,
  type Pod,
  requestOf
} from './truth.ts'

/** A pod that no node takes is tried again after so long in any case, as by kube-scheduler. */
const flushAfter: Millis = 300_000

/** A scheduler that does not look at PIDs, but at the resource where there is one; and the kubelets that start what it has bound. */
export class Scheduler {
  readonly #cluster: Cluster
  readonly #active: Pod[] = []
  #unschedulable = new Set<Pod>()
  #isBusy = false
  /** A pod has begun to run, was refused, or has ended. */
  onChange: (pod: Pod) => void = () => {}

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    cluster.onRoom = () => this.#tryAll()
  }

  add(pod: Pod): void {
    this.#active.push(pod)
    if (this.#isBusy) return
    this.#isBusy = true
    this.#cluster.queue.after(1, () => this.#next())
  }

  /** The pod no longer takes its node's CPU and request. */
  leave(pod: Pod): void {
    if (pod.node === undefined || pod.hasLeft) return
    pod.hasLeft = true
    this.#take(pod, pod.node, -1)
    this.#tryAll()
  }

  #next(): void {
    const pod = this.#active.shift()
    if (pod === undefined) {
      this.#isBusy = false
      return
    }
    this.#cluster.queue.after(4, () => this.#next())
    if (!isEnded(pod) && pod.boundAt === undefined) this.#place(pod)
  }

  #place(pod: Pod): void {
    const { scenario, random, nodes, queue } = this.#cluster
    pod.attempts++
    pod.triedAt = queue.now
    const reasons = new Set<string>()
    let best: Node | undefined
    let top = Number.NEGATIVE_INFINITY
    for (const node of nodes.values()) {
      const reason = obstacle(pod, node)
      if (reason !== undefined) reasons.add(reason)
      else {
        const share = node.usedCpu / node.cpu
        const score = (scenario.scheduler === 'binpack' ? share : -share) + random.next() * 1e-9
        if (score > top) [best, top] = [node, score]
      }
    }
    if (best === undefined) {
      pod.isUnschedulable = true
      this.#say(pod, 'Unschedulable', `0/${nodes.size} nodes are available: ${[...reasons].join(', ')}.`)
      this.#unschedulable.add(pod)
      const { attempts } = pod
      queue.after(flushAfter, () => {
        if (pod.attempts === attempts && this.#unschedulable.delete(pod)) this.add(pod)
      })
      return
    }
    const node = best
    pod.isUnschedulable = false
    this.#take(pod, node, 1)
    queue.after(3, () => this.#bind(pod, node))
  }

  #bind(pod: Pod, node: Node): void {
    const { queue, scenario } = this.#cluster
    if (pod.isGone || node.isGone || (scenario.way === 'guard' && !this.#mayBind(pod, node))) {
      this.#take(pod, node, -1)
      return
    }
    queue.after(2, () => {
      if (isEnded(pod)) {
        this.#take(pod, node, -1)
        return
      }
      pod.node = node
      pod.boundAt = queue.now
      node.pods.add(pod)
      pod.object.spec.nodeName = node.object.metadata.name
      pod.object.status.conditions = [{ type: 'PodScheduled', status: 'True' }]
      this.#cluster.stored('pods', pod.object)
      this.#start(pod, node)
    })
  }

  #mayBind(pod: Pod, node: Node): boolean {
    const { figures, writer, queue } = this.#cluster
    const { name, namespace, uid } = pod.object.metadata
    figures.bindings++
    const { allowed, message } = writer.review('validate', {
      uid: `bind-${uid}-${pod.attempts}`,
      kind: { group: '', version: 'v1', kind: 'Binding' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: 'binding',
      operation: 'CREATE',
      namespace,
      name,
      userInfo: { username: 'system:kube-scheduler' },
      object: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { kind: 'Node', name: node.object.metadata.name }
      },
      oldObject: null,
      dryRun: false
    })
    if (allowed) return true
    figures.refusedBindings++
    if (freeOn(node, queue.now) >= estimateOf(pod)) figures.wronglyRefused++
    const webhook = 'admission webhook "bindings.validate.pidguard.io" denied the request'
    this.#say(pod, 'SchedulerError', `binding rejected: running Bind plugin "DefaultBinder": ${webhook}: ${message}`)
    queue.after(backOff(pod), () => this.add(pod))
    return false
  }

  /** The kubelet asks again whether it offers enough; then the pod starts. */
  #start(pod: Pod, node: Node): void {
    const { queue, noise, figures } = this.#cluster
    queue.after(noise.between(20, 200), () => {
      if (isEnded(pod) || requestOf(pod) === 0) return
      let held = 0
      for (const other of node.pods) if (!hasFinished(other)) held += requestOf(other)
      if (held <= offeredBy(node)) return
      figures.refusedByKubelet++
      pod.object.status = { phase: 'Failed', reason: 'OutOfpidguard.io/pids' }
      pod.endedAt = queue.now
      this.leave(pod)
      this.#cluster.stored('pods', pod.object)
      this.onChange(pod)
    })
    queue.after(noise.between(800, 6_000), () => {
      if (isEnded(pod)) return
      pod.runsSince = queue.now
      pod.object.status.phase = 'Running'
      this.#cluster.stored('pods', pod.object)
      this.onChange(pod)
    })
  }

  #say(pod: Pod, reason: string, message: string): void {
    pod.object.status.conditions = [{ type: 'PodScheduled', status: 'False', reason, message }]
    this.#cluster.stored('pods', pod.object)
  }

  /**
   * Something has changed: what no node took is tried again, once its back-off since the last attempt is over (kube-scheduler
   * pkg/scheduler/backend/queue, isPodBackingoff).
   */
  #tryAll(): void {
    const { queue } = this.#cluster
    const all = this.#unschedulable
    this.#unschedulable = new Set()
    for (const pod of all) {
      queue.after(Math.max(1, pod.triedAt + backOff(pod) - queue.now), () => {
        pod.isUnschedulable = false
        this.add(pod)
      })
    }
  }

  #take(pod: Pod, node: Node, sign: 1 | -1): void {
    node.usedCpu += sign * pod.workload.cpu
    node.requested += sign * requestOf(pod)
  }
}

/** Why the scheduler does not place it there, in its words; undefined: it may. */
function obstacle(pod: Pod, node: Node): string | undefined {
  const { workload } = pod
  if (!mayLand(workload, node, false)) return "node(s) didn't match Pod's node affinity/selector"
  if (!mayLand(workload, node, true)) return 'node(s) had untolerated taint(s) {pidguard.io/low-pids: }'
  if (!hasOtherRoom(pod, node)) return 'Insufficient cpu'
  const request = requestOf(pod)
  return request > 0 && node.requested + request > offeredBy(node) ? 'Insufficient pidguard.io/pids' : undefined
}

/** One second to ten, as by kube-scheduler. */
function backOff({ attempts }: Pod): Millis {
  return Math.min(10_000, 1_000 * 2 ** Math.min(10, attempts - 1))
}
