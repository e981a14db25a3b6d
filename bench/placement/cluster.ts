import { type Reservation, readReservation, reservationLine } from '../../src/headroom/reservation.ts'
import { pidsResource } from '../../src/kubernetes/qos/pids-request.ts'
import { takeReservation } from '../../src/leader/guard/take-reservation.ts'
import { lookEvery } from '../../src/leader/node-tainter.ts'
import { lowPids } from '../../src/leader/taint-plan.ts'
import type { Millis, Pids } from '../../src/lib/units.ts'
import type { NodeReading } from '../../src/model/node-reading.ts'
import type { Settings } from '../../src/policy/settings.ts'
import { SecondLooks } from '../../src/readings/second-looks.ts'
import { EventQueue } from './event-queue.ts'
import { Figures } from './figures.ts'
import { Leader } from './leader.ts'
import { Program, settingsOf } from './program.ts'
import { Random } from './random.ts'
import { isEnded, type Node, type NodeObject, type Pod, roomOf, threadsOf, useOf, type Workload } from './truth.ts'

export type Way = 'guard' | 'scheduler'

export interface Scenario {
  readonly seed: number
  readonly way: Way
  readonly scheduler: 'spread' | 'binpack'
  /** How long it is simulated. */
  readonly minutes: number
  /** Of all PIDs above the floors, when all that is wanted is there. */
  readonly demand: number
  /** Ceilings as many nodes have (32768), with pods of 100 to 2000; else of 1500 to 6000, with pods of 8 to 900. */
  readonly isReal: boolean
  /**
   * Nodes offer all that is above their floors, and always the same, in place of what the leader publishes: no publisher has more to offer
   * to pods that use what they request.
   */
  readonly hasFixedOffers?: boolean
}

export interface AdmittedPod {
  readonly workload: Workload
  readonly pids: Pids
}

export const nodeCount = 10
const replicaCount = 3

/** Between two readings of a node. */
const interval: Millis = 15_000

/** Wall clock at the start; any instant would do. */
const begin: Millis = Date.UTC(2026, 0, 1)

/** One process with the watches that feed it. Events of one watch come in order. */
interface Watcher {
  readonly program: Program
  readonly shownUntil: { nodes: Millis; pods: Millis }
  readonly secondLooks: SecondLooks
}

/** The API server, its watches, the kubelets, and the processes of pidguard. */
export class Cluster {
  readonly scenario: Scenario
  readonly settings: Settings
  readonly queue = new EventQueue()
  /** Of what people and controllers do; and of what networks and kubelets do. */
  readonly random: Random
  readonly noise: Random
  readonly nodes = new Map<string, Node>()
  readonly pods = new Set<Pod>()
  /** Also those that are gone, by uid. */
  readonly everyPod = new Map<string, Pod>()
  /** Pods that were admitted and are not stored yet. */
  readonly admitted = new Set<AdmittedPod>()
  readonly workloads: Workload[] = []
  readonly figures = new Figures()
  /** Called when a node or a pod changes so that pods which wait may find room. */
  onRoom: () => void = () => {}
  readonly #watchers: Watcher[] = []
  readonly #leader: Leader
  #version = 1
  #nodesMade = 0
  #saidUntil: Millis = 0

  constructor(scenario: Scenario) {
    const { seed, way } = scenario
    this.scenario = scenario
    this.random = new Random(seed * 7919 + 17)
    this.noise = new Random(seed * 104_729 + 5)
    this.settings = settingsOf(way === 'guard' ? 'taintNodes: true' : 'schedulePids: true')
    for (let made = 0; made < replicaCount; made++) this.#start(replicaCount)
    // The one writer of guard; the leader has a watch of its own.
    if (way === 'guard') this.#start(1)
    const leader = this.#start(1)
    this.#leader = new Leader(leader, this.settings)
    if (way === 'guard') this.writer.sink = { isHeard: true, add: (reservation) => this.#say(reservation, leader) }
    this.queue.after(3_000, () => this.#lookAtNodes())
  }

  /** One of the replicas of the webhook. */
  get anyReplica(): Program {
    return this.#watchers[this.random.whole(0, replicaCount - 1)]?.program as Program
  }

  /** Who decides on new pods and on bindings. */
  get writer(): Program {
    return this.scenario.way === 'guard' ? (this.#watchers[replicaCount]?.program as Program) : this.anyReplica
  }

  #start(replicas: number): Program {
    const clock = { now: () => begin + this.queue.now, monotonic: () => this.queue.now }
    const program = new Program(clock, this.settings, replicas)
    const watcher = { program, shownUntil: { nodes: 0, pods: 0 }, secondLooks: new SecondLooks() }
    this.#watchers.push(watcher)
    this.queue.after(300, () => this.#readAll(watcher, 2_000))
    const sweep = (): void => {
      program.ledger.sweep()
      this.queue.after(60_000, sweep)
    }
    this.queue.after(60_000, sweep)
    return program
  }

  /** The one writer says it to the leader, over a connection that keeps the order. */
  #say(reservation: Reservation, leader: Program): void {
    const heard = readReservation(reservationLine(reservation) ?? '')
    if (heard === undefined) throw new Error('the leader does not understand the one writer')
    this.#saidUntil = Math.max(this.#saidUntil, this.queue.now + this.noise.between(0.5, 3))
    this.queue.at(this.#saidUntil, () => takeReservation(heard, leader.ledger, leader.headroom))
  }

  /** Stored: every watch shows it some milliseconds later. */
  stored(kind: 'nodes' | 'pods', object: { metadata: object }, isGone = false): void {
    const copy = structuredClone({ ...object, metadata: { ...object.metadata, resourceVersion: `${this.#version++}` } })
    for (const { program, shownUntil } of this.#watchers) {
      shownUntil[kind] = Math.max(shownUntil[kind], this.queue.now + this.noise.between(3, 40))
      this.queue.at(shownUntil[kind], () => (isGone ? program[kind].remove(copy) : program[kind].show(copy)))
    }
  }

  get end(): Millis {
    return this.scenario.minutes * 60_000
  }

  get isoTime(): string {
    return new Date(begin + this.queue.now).toISOString()
  }

  // Nodes

  /** A new node is not ready for 10 to 40 s, as the API server marks it from its first second on. */
  addNode(): void {
    const made = ++this.#nodesMade
    const { random, scenario, queue } = this
    const isFirst = queue.now === 0
    const notReady = { key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoSchedule' }
    const object: NodeObject = {
      metadata: {
        name: `n${made}`,
        uid: `node-${made}`,
        labels: { zone: `z${made % 3}`, pool: made % 4 === 0 ? 'b' : 'a' },
        creationTimestamp: new Date(begin + queue.now - (isFirst ? 86_400_000 : 0)).toISOString()
      },
      spec: { taints: isFirst ? [] : [notReady], unschedulable: false },
      status: { capacity: {}, allocatable: {} }
    }
    const kubepods = scenario.isReal ? 32_768 : random.pick([1500, 3000, 4096, 6000])
    const base = scenario.isReal ? random.whole(700, 1200) : random.whole(300, 700)
    const phase = random.between(0, 10_000)
    const node = { object, kubepods, host: 32_768, base, phase, cpu: 16_000, pods: new Set<Pod>(), usedCpu: 0 }
    const added: Node = { ...node, requested: 0, isGone: false }
    this.nodes.set(object.metadata.name, added)
    this.stored('nodes', object)
    this.#readSoon(added)
    if (isFirst) return
    queue.after(this.noise.between(10_000, 40_000), () => {
      if (added.isGone) return
      object.spec.taints = object.spec.taints.filter(({ key }) => key !== notReady.key)
      this.changedNode(added)
      this.#readSoon(added)
    })
  }

  /** Whoever watches reads a node as soon as it is there, and when it becomes ready. */
  #readSoon(node: Node): void {
    for (const watcher of this.#watchers) {
      watcher.secondLooks.forget(node.object.metadata.name)
      this.queue.after(this.noise.between(50, 1_000), () => this.#read(watcher, node))
    }
  }

  changedNode(node: Node): void {
    this.stored('nodes', node.object)
    this.onRoom()
  }

  /** Its pods are found to be gone some time later. */
  removeNode(node: Node, remove: (pod: Pod) => void): void {
    node.isGone = true
    this.nodes.delete(node.object.metadata.name)
    this.stored('nodes', node.object, true)
    for (const pod of node.pods) {
      pod.endedAt ??= this.queue.now
      this.queue.after(this.noise.between(100, 40_000), () => remove(pod))
    }
  }

  // Readings

  #readAll(watcher: Watcher, spread: Millis): void {
    for (const node of this.nodes.values()) {
      this.queue.after(this.noise.between(0, spread), () => this.#read(watcher, node))
    }
    this.queue.after(interval, () => this.#readAll(watcher, interval * 0.8))
  }

  /** One kubelet is asked: one of 200 answers is lost, one of 100 lacks what cAdvisor samples, which is every ten seconds. */
  #read(watcher: Watcher, node: Node): void {
    const { program, secondLooks } = watcher
    const askAgain = (delay: Millis | undefined): void => {
      if (delay === undefined) return
      this.queue.after(delay, () => {
        secondLooks.asked()
        this.#read(watcher, node)
      })
    }
    if (node.isGone) return
    if (this.noise.chance(0.005)) {
      const failure = { reason: 'unreachable', detail: 'lost' } as const
      askAgain(secondLooks.afterFailure(node.object.metadata.name, failure, interval))
      return
    }
    this.queue.after(this.noise.between(2, 60), () => {
      const { now } = this.queue
      const isPartial = this.noise.chance(0.01)
      const sampledAt = now - ((now + node.phase) % 10_000)
      const reading: NodeReading = {
        node: node.object.metadata.name,
        at: begin + (isPartial ? now : sampledAt),
        host: { limit: node.host, inUse: useOf(node, now).host },
        kubepods: isPartial
          ? { limit: undefined, inUse: undefined }
          : { limit: node.kubepods, inUse: useOf(node, sampledAt).kubepods },
        pods: isPartial ? undefined : podsAt(node, now),
        podLimits: undefined,
        gaps: []
      }
      program.observeReading(reading)
      askAgain(secondLooks.afterReading(reading, interval))
    })
  }

  /** Of nodes that do not offer anything yet. */
  #fixedOffers(): { readonly name: string; readonly to: Pids }[] {
    const isNew = ({ object }: Node): boolean => object.status.allocatable[pidsResource] === undefined
    return [...this.nodes.values()].filter(isNew).map((node) => ({
      name: node.object.metadata.name,
      to: Math.floor(roomOf(node))
    }))
  }

  // What the leader does

  #lookAtNodes(): void {
    const { queue, scenario, noise } = this
    const isGuard = scenario.way === 'guard'
    let writtenAt = 0
    /** Taints are written at the same time, offers one after the other. */
    const write = (name: string, change: (node: Node) => void): void => {
      const time = isGuard ? noise.between(2, 10) : writtenAt + noise.between(2, 10)
      writtenAt = Math.max(writtenAt, time)
      queue.after(time, () => {
        const node = this.nodes.get(name)
        if (node === undefined) return
        this.figures.nodeWrites++
        change(node)
        this.changedNode(node)
      })
    }
    if (isGuard) {
      for (const { name, tainted } of this.#leader.lookAtTaints(queue.now)) {
        write(name, ({ object }) => {
          this.#leader.wroteTaint(name, tainted, queue.now)
          const others = object.spec.taints.filter(({ key }) => key !== lowPids.key)
          object.spec.taints = tainted ? [...others, lowPids] : others
        })
      }
    } else {
      const changes = scenario.hasFixedOffers === true ? this.#fixedOffers() : this.#leader.lookAtCapacities(queue.now)
      for (const { name, to } of changes) {
        write(name, ({ object }) => {
          this.#leader.wroteCapacity(name, to, queue.now)
          const offer: Record<string, string> = to === undefined ? {} : { [pidsResource]: String(to) }
          object.status = { capacity: offer, allocatable: offer }
        })
      }
    }
    const every = (isGuard ? lookEvery : 1_000) * noise.between(0.9, 1.1)
    queue.after(writtenAt + every, () => this.#lookAtNodes())
  }
}

/** Each cgroup of a pod has a sample of its own, up to ten seconds old. */
function podsAt(node: Node, now: Millis): Map<string, Pids> {
  const pods = new Map<string, Pids>()
  for (const pod of node.pods) {
    if (threadsOf(pod, now) === 0) continue
    const sampledAt = Math.max((pod.boundAt ?? 0) + 300, now - ((now + pod.phase) % 10_000))
    pods.set(pod.object.metadata.uid, Math.max(1, threadsOf(pod, sampledAt)))
  }
  return pods
}

/** Pods of the workload that count for its controller. */
export function livePods({ pods }: Workload): Pod[] {
  return [...pods].filter((pod) => !isEnded(pod))
}
