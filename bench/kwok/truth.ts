// What is true of the cluster, second by second: where each pod is, what it was promised, what it holds. From the API server alone, by
// watches of its own, and from the threads that the pods are made to have.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import type { Random } from '../placement/random.ts'
import type { FleetNode, Held } from './fleet.ts'
import { Sample } from './sample.ts'
import { watch } from './watch.ts'

export const namespace = 'day'
const resource = 'pidguard.io/pids'
/** Milliseconds until a pod has all of its threads, and until a leak has reached its ten times. Own choice. */
const ramp = 20_000
const leakRamp = 60_000
const leakFactor = 10

interface ApiNode {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly taints?: readonly { readonly key: string }[] }
  readonly status: { readonly allocatable?: Readonly<Record<string, string>> }
}

interface ApiPod {
  readonly metadata: {
    readonly uid: string
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly { readonly resources?: { readonly requests?: Readonly<Record<string, string>> } }[]
  }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly {
      readonly type: string
      readonly message?: string
      readonly lastTransitionTime?: string
    }[]
  }
}

interface TruePod {
  readonly uid: string
  readonly name: string
  readonly workload: string
  /** Tasks: what it declares, which is what it may need. */
  readonly estimate: number
  /** The share of its estimate that it takes once it has run for a while. */
  readonly share: number
  /** Tasks that it requests of the scheduler; 0: none. */
  readonly requested: number
  node: string | undefined
  runsSince: number | undefined
  leaksSince: number | undefined
  isGoing: boolean
  isJob: boolean
  /** Why the scheduler has no node for it. */
  pending: string
}

export class Truth {
  readonly pods = new Map<string, TruePod>()
  /** When pods were bound, by the API server's clock: milliseconds, to the second. */
  readonly boundAt: number[] = []
  /** Pods that came to a node with less left than they request, and were refused by its kubelet. */
  refusedByKubelet = 0
  readonly #plane: ControlPlane
  readonly #random: Random
  readonly #byNode = new Map<string, Set<TruePod>>()
  readonly #bound = new Set<string>()
  readonly #refused = new Set<string>()
  readonly #nodes = new Map<string, { offered: number | undefined; isReady: boolean; isTainted: boolean }>()

  constructor(plane: ControlPlane, random: Random) {
    this.#plane = plane
    this.#random = random
    watch<ApiNode>(plane, '/api/v1/nodes', {
      onReset: () => this.#nodes.clear(),
      on: (change, node) => {
        if (change === 'DELETED') this.#nodes.delete(node.metadata.name)
        else this.#nodes.set(node.metadata.name, seen(node))
      }
    })
    watch<ApiPod>(plane, `/api/v1/namespaces/${namespace}/pods`, {
      onReset: () => {
        this.pods.clear()
        this.#byNode.clear()
      },
      on: (change, pod) => this.#on(change === 'DELETED', pod)
    })
  }

  /** Nodes that take pods: without any taint. */
  readyNodes(): number {
    return [...this.#nodes.values()].filter(({ isReady }) => isReady).length
  }

  /** Nodes that say how many PIDs they offer. */
  offeringNodes(): number {
    return [...this.#nodes.values()].filter(({ offered }) => offered !== undefined).length
  }

  /** How many run, of Deployments and StatefulSets. */
  running(): number {
    let count = 0
    for (const pod of this.pods.values()) if (!pod.isJob && !pod.isGoing && pod.runsSince !== undefined) count++
    return count
  }

  podsOn(node: string): readonly TruePod[] {
    return [...(this.#byNode.get(node) ?? [])]
  }

  /** Pods without a node, each with the reason that the scheduler gives; '' before it has tried. */
  pending(): readonly TruePod[] {
    return [...this.pods.values()].filter(({ node, isGoing }) => node === undefined && !isGoing)
  }

  /** From now on the pods that this workload has take ten times what they declare. Those that come later do not. */
  leak(workload: string): void {
    const now = performance.now()
    for (const pod of this.pods.values()) if (pod.workload === workload) pod.leaksSince = now
  }

  /** What a kubelet sees: the kernel lets nothing grow beyond kubepods. */
  held({ name, ceiling }: FleetNode): Held {
    const now = performance.now()
    const pods = [...(this.#byNode.get(name) ?? [])].map((pod) => [pod.uid, threadsOf(pod, now)] as const)
    const wanted = pods.reduce((sum, [, threads]) => sum + threads, 0)
    if (wanted <= ceiling) return { inUse: wanted, pods }
    return { inUse: ceiling, pods: pods.map(([uid, threads]) => [uid, Math.floor((threads * ceiling) / wanted)]) }
  }

  sample(nodes: Iterable<FleetNode>, wanted: number): Sample {
    const now = performance.now()
    const sample = new Sample()
    for (const { name, ceiling } of nodes) {
      const sums = { ceiling, requested: 0, promised: 0, withLeaks: 0, threads: 0 }
      for (const pod of this.#byNode.get(name) ?? []) {
        const threads = threadsOf(pod, now)
        sums.requested += pod.requested
        sums.promised += pod.leaksSince === undefined ? Math.max(pod.estimate, threads) : pod.estimate
        sums.withLeaks += Math.max(pod.estimate, threads)
        sums.threads += threads
      }
      sample.addNode(sums)
    }
    sample.wanted = wanted
    sample.running = Math.min(wanted, this.running())
    return sample
  }

  #on(isGone: boolean, pod: ApiPod): void {
    const { uid } = pod.metadata
    const known = this.pods.get(uid)
    const hasEnded = ['Succeeded', 'Failed'].includes(pod.status.phase)
    if (isGone || hasEnded) {
      this.pods.delete(uid)
      if (known?.node !== undefined) this.#byNode.get(known.node)?.delete(known)
      return
    }
    const held = known ?? this.#begin(pod)
    held.isGoing = pod.metadata.deletionTimestamp !== undefined
    const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')
    held.pending = scheduled?.message ?? ''
    if (pod.status.phase === 'Running') held.runsSince ??= performance.now()
    if (held.node === undefined && pod.spec.nodeName !== undefined) {
      this.#land(held, pod.spec.nodeName, Date.parse(scheduled?.lastTransitionTime ?? ''))
    }
  }

  #begin({ metadata, spec }: ApiPod): TruePod {
    const pod: TruePod = {
      uid: metadata.uid,
      name: metadata.name,
      workload: metadata.labels?.['app'] ?? '',
      estimate: Number(metadata.annotations?.['pidguard.io/pids'] ?? 0),
      share: this.#random.between(0.7, 1),
      requested: spec.containers.reduce((sum, { resources }) => sum + Number(resources?.requests?.[resource] ?? 0), 0),
      node: undefined,
      runsSince: undefined,
      leaksSince: undefined,
      isGoing: false,
      isJob: metadata.labels?.['kind'] === 'job',
      pending: ''
    }
    this.pods.set(pod.uid, pod)
    return pod
  }

  #land(pod: TruePod, node: string, boundAt: number): void {
    pod.node = node
    const others = this.#byNode.get(node) ?? new Set()
    this.#byNode.set(node, others)
    if (!this.#bound.has(pod.uid)) {
      this.#bound.add(pod.uid)
      this.boundAt.push(boundAt)
      // As a kubelet does before it starts a pod, with what its Node offers at that moment.
      const { offered } = this.#nodes.get(node) ?? {}
      const taken = [...others].reduce((sum, { requested }) => sum + requested, 0)
      if (pod.requested > 0 && offered !== undefined && taken + pod.requested > offered) void this.#refuse(pod)
    }
    others.add(pod)
  }

  async #refuse({ uid, name }: TruePod): Promise<void> {
    if (this.#refused.has(uid)) return
    this.#refused.add(uid)
    this.refusedByKubelet++
    const status = { phase: 'Failed', reason: `OutOf${resource}`, message: `Pod was rejected: OutOf${resource}` }
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await this.#plane.api
        .send('PATCH', path, { metadata: { uid }, status }, 'application/merge-patch+json')
        .catch(() => undefined)
      if (answer !== undefined && answer.status < 500) return
      await sleep(100)
    }
  }
}

function seen({ spec, status }: ApiNode) {
  const offered = status.allocatable?.[resource]
  const taints = spec.taints ?? []
  return {
    offered: offered === undefined ? undefined : quantity(offered),
    isReady: taints.every(({ key }) => !key.startsWith('node.kubernetes.io/')),
    isTainted: taints.some(({ key }) => key === 'pidguard.io/low-pids')
  }
}

/** Of a count; thousands may be written as k, M or G. */
function quantity(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([kMG]?)$/.exec(text) ?? []
  if (digits === '') throw new Error(`${resource}: expected a count, found ${JSON.stringify(text)}`)
  return Number(digits) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[unit as '' | 'k' | 'M' | 'G']
}

function threadsOf({ runsSince, leaksSince, estimate, share }: TruePod, now: number): number {
  if (runsSince === undefined) return 0
  const usual = estimate * share * Math.min(1, (now - runsSince) / ramp)
  if (leaksSince === undefined) return Math.ceil(usual)
  const leaked = estimate * leakFactor * Math.min(1, (now - leaksSince) / leakRamp)
  return Math.ceil(Math.max(usual, leaked))
}
