import type { Admitted, LedgerNode, LedgerPod, LedgerReading } from '../../src/headroom/ledger/ledger-inputs.ts'
import { bridgedTime, clockSlack, dateSlack } from '../../src/headroom/ledger/node-book.ts'
import { settleTime } from '../../src/headroom/ledger/peaks/observed-pods.ts'
import { assumedTime, bindingTime } from '../../src/headroom/ledger/pod-states.ts'
import { sampleLag } from '../../src/headroom/ledger/reading-shares.ts'
import type { Placement } from '../../src/kubernetes/placement/placement.ts'
import type { Ceiling } from '../../src/model/node-reading.ts'

/**
 * The ledger as one would write it down: facts in maps, every question answered by going through all of them. What the
 * real one keeps in sums must always be what this one counts.
 */
export class SlowLedger {
  readonly nodes = new Map<string, LedgerNode>()
  readonly readings = new Map<string, LedgerReading>()
  /** By node and cgroup: pods that have ended since a reading was sampled. */
  readonly ended = new Map<string, Map<string, { readonly at: number; readonly tasks: number }>>()
  readonly pods = new Map<string, LedgerPod>()
  readonly assumed = new Map<string, { admitted: Admitted; until: number }>()
  readonly bindings = new Map<string, { node: string; until: number }>()
  /** Pods whose last gate was allowed to be removed, with the placement they had then. */
  readonly ungated = new Map<string, { placement: Placement; until: number }>()
  /** What pods were admitted with, and what pods that were shown are counted with. */
  readonly admitted = new Map<string, number>()
  readonly estimates = new Map<string, number>()
  /** What was seen of each pod of a workload. */
  readonly seen = new Map<string, Map<string, { readonly at: number; readonly pids: number }[]>>()
  /** When the last reading was sampled that showed a tenth more of a pod's tasks than the one before. */
  readonly grewAt = new Map<string, number>()
  /** Pods that were told to end while they grew, and since when, until they are surely sampled after that. */
  readonly ending = new Map<string, number>()
  now = 0
  /** By how much the wall clock was set back or forth; ages are by it. */
  offset = 0

  get wall(): number {
    return this.now + this.offset
  }

  advance(span: number): void {
    this.now += span
    for (const [uid, { until }] of this.assumed) if (until <= this.now) this.remove(uid)
    for (const [uid, { until }] of this.bindings) if (until <= this.now) this.bindings.delete(uid)
    for (const [uid, { until }] of this.ungated) if (until <= this.now) this.ungated.delete(uid)
  }

  observeNode(facts: LedgerNode): void {
    if (this.nodes.has(facts.name) && this.nodes.get(facts.name)?.uid !== facts.uid) this.forget(facts.name)
    this.nodes.set(facts.name, facts)
  }

  removeNode(name: string): void {
    this.nodes.delete(name)
    this.forget(name)
  }

  forget(node: string): void {
    this.readings.delete(node)
    this.ended.delete(node)
  }

  observeReading(reading: LedgerReading): void {
    this.takeReading(reading)
    for (const uid of this.podsOn(reading.node)) {
      if (this.isBound(uid) && !this.admitted.has(uid)) this.estimates.set(uid, this.expectedOf(uid))
    }
  }

  takeReading(told: LedgerReading): void {
    const held = this.readings.get(told.node)
    const isLate = held !== undefined && told.at < held.at - dateSlack
    const isFuture = held !== undefined && held.at > this.wall + clockSlack
    const isWhole = !isMissing(told.host) && !isMissing(told.kubepods)
    const lacks = held !== undefined && (isMissing(held.host) || isMissing(held.kubepods))
    const isFuller = lacks && isWhole && told.at >= held.at - bridgedTime
    if (isLate && !isFuture && !isFuller) return
    const reading = this.withoutEnded(told)
    const at = held === undefined || isFuture || isFuller ? reading.at : Math.max(held.at, reading.at)
    const kept = { ...reading, at, pods: reading.pods ?? held?.pods }
    for (const uid of this.podsOn(reading.node)) {
      const tasks = reading.pods?.get(this.cgroupOf(uid))
      if (tasks === undefined) continue
      if (tasks >= this.observedOf(uid) * 1.1) this.grewAt.set(uid, reading.at)
    }
    const isPartial = isMissing(reading.host) || isMissing(reading.kubepods)
    const wasWhole = held !== undefined && !isMissing(held.host) && !isMissing(held.kubepods)
    if (isPartial && wasWhole && !isLate && reading.at < held.at + bridgedTime) {
      const growth = growthOf(held.pods, reading.pods)
      const host = isMissing(reading.host) ? grown(held.host, growth) : reading.host
      const kubepods = isMissing(reading.kubepods) ? grown(held.kubepods, growth) : reading.kubepods
      this.readings.set(reading.node, { ...kept, at: held.at, host, kubepods })
    } else this.readings.set(reading.node, kept)
    for (const uid of this.podsOn(reading.node)) {
      const pids = reading.pods?.get(this.cgroupOf(uid))
      const workload = this.workloadOf(uid)
      if (pids === undefined || workload === undefined || !this.isBound(uid)) continue
      const pods = this.seen.get(workload) ?? new Map()
      pods.set(uid, [...(pods.get(uid) ?? []), { at: reading.at, pids }])
      this.seen.set(workload, pods)
    }
    for (const uid of this.podsOn(reading.node)) {
      const pod = this.pods.get(uid)
      if (pod !== undefined && hasFinished(pod)) this.giveBack(uid)
      if (reading.pods !== undefined && reading.at - sampleLag >= (this.ending.get(uid) ?? Number.POSITIVE_INFINITY))
        this.ending.delete(uid)
    }
  }

  observePod(facts: LedgerPod): void {
    const wasBound = this.isBound(facts.uid)
    const readAt = this.readings.get(this.placeOf(facts.uid) ?? '')?.at ?? Number.NEGATIVE_INFINITY
    this.assumed.delete(facts.uid)
    this.pods.set(facts.uid, facts)
    const grewAt = this.grewAt.get(facts.uid) ?? Number.POSITIVE_INFINITY
    const mayGrow = facts.phase !== 'Pending' && readAt - grewAt < sampleLag
    if (hasFinished(facts) || !facts.deleting) this.ending.delete(facts.uid)
    else if (wasBound && mayGrow) this.ending.set(facts.uid, this.wall)
    const figure = this.admitted.get(facts.uid) ?? facts.estimated ?? facts.declared
    if (figure !== undefined) this.admitted.set(facts.uid, figure)
    this.estimates.set(facts.uid, figure ?? this.expectedOf(facts.uid))
    if (facts.node !== undefined || isEnded(facts)) this.bindings.delete(facts.uid)
    if (facts.isGated !== true || facts.node !== undefined || isEnded(facts)) this.ungated.delete(facts.uid)
    else this.moved(facts.uid, facts.placement)
    if (hasFinished(facts)) this.end(facts.uid)
  }

  /** A sample from before the end of a pod still holds its tasks: those of kubepods, and those of the node where both are one figure. */
  withoutEnded(reading: LedgerReading): LedgerReading {
    const ended = [...(this.ended.get(reading.node) ?? [])].filter(([, { at }]) => reading.at < at)
    this.ended.set(reading.node, new Map(ended))
    const tasks = ended.reduce((sum, [cgroup, held]) => sum + (reading.pods?.get(cgroup) ?? held.tasks), 0)
    const others =
      reading.pods && new Map([...reading.pods].filter(([cgroup]) => !ended.some(([own]) => own === cgroup)))
    const isOne = reading.host.inUse === reading.kubepods.inUse
    return {
      ...reading,
      host: isOne ? less(reading.host, tasks) : reading.host,
      kubepods: less(reading.kubepods, tasks),
      pods: others
    }
  }

  end(uid: string): void {
    const node = this.placeOf(uid) ?? ''
    const tasks = this.observedOf(uid)
    if (!this.readings.has(node) || tasks === 0) return
    const ended = this.ended.get(node) ?? new Map()
    this.ended.set(node, ended.set(this.cgroupOf(uid), { at: this.wall, tasks }))
    this.giveBack(uid)
  }

  /** A pod that has finished, or is gone, has no tasks, whatever was read last. */
  giveBack(uid: string): void {
    const reading = this.readings.get(this.placeOf(uid) ?? '')
    const pids = this.observedOf(uid)
    if (reading === undefined || pids === 0) return
    const pods = new Map(reading.pods)
    pods.delete(this.cgroupOf(uid))
    const [host, kubepods] = [less(reading.host, pids), less(reading.kubepods, pids)]
    this.readings.set(reading.node, { ...reading, host, kubepods, pods })
  }

  /** What it says of where it may land counts from then on, also while the removal of its gates is not shown. */
  moved(uid: string, placement: Placement | undefined): void {
    const held = this.ungated.get(uid)
    if (held !== undefined && placement !== undefined) held.placement = placement
  }

  /** A full list in which every pod still is. */
  retainPods(): void {}

  remove(uid: string): void {
    if (this.pods.has(uid) && this.pods.get(uid)?.cgroup === undefined) this.end(uid)
    for (const held of [this.pods, this.assumed, this.bindings, this.ungated]) held.delete(uid)
    for (const held of [this.admitted, this.estimates, this.ending, this.grewAt]) held.delete(uid)
  }

  assume(admitted: Admitted): void {
    if (this.assumed.has(admitted.uid)) return
    if (this.pods.has(admitted.uid)) {
      if (!this.isGated(admitted.uid)) return
      this.admitted.set(admitted.uid, admitted.pids)
      this.estimates.set(admitted.uid, admitted.pids)
      this.ungated.set(admitted.uid, { placement: admitted.placement, until: this.now + assumedTime })
      return
    }
    this.admitted.set(admitted.uid, admitted.pids)
    this.assumed.set(admitted.uid, { admitted, until: this.now + assumedTime })
  }

  confirm(uid: string, node: string): void {
    const facts = this.pods.get(uid)
    if (facts === undefined ? !this.assumed.has(uid) : facts.node !== undefined || isEnded(facts)) return
    this.bindings.set(uid, { node, until: this.now + bindingTime })
  }

  get uids(): string[] {
    return [...this.pods.keys(), ...this.assumed.keys()]
  }

  /** Where the pod is, or is taken to be. */
  placeOf(uid: string): string | undefined {
    const facts = this.pods.get(uid)
    if (facts?.node !== undefined) return facts.node
    if (facts !== undefined && isEnded(facts)) return undefined
    const bound = this.bindings.get(uid)?.node
    if (bound !== undefined) return bound
    return this.isHeldUp(uid) ? undefined : this.placementOf(uid)?.pinned
  }

  /** Not bound, for something other than PIDs. */
  isHeldUp(uid: string): boolean {
    return this.isGated(uid) || (this.pods.get(uid)?.isUnschedulable === true && !this.ungated.has(uid))
  }

  isGated(uid: string): boolean {
    const facts = this.pods.get(uid)
    const isUnbound = facts?.node === undefined && this.isLive(uid)
    return facts?.isGated === true && isUnbound && !this.ungated.has(uid)
  }

  /** What the pod counts with in its namespace: nothing while it is gated and on no node. */
  weightOf(uid: string): number {
    return this.isGated(uid) && this.placeOf(uid) === undefined ? 0 : this.observedOf(uid) + this.pendingOf(uid)
  }

  promisedBy(uid: string): number {
    return this.isGated(uid) && this.placeOf(uid) === undefined ? 0 : this.estimateOf(uid)
  }

  placementOf(uid: string): Placement | undefined {
    return (
      this.assumed.get(uid)?.admitted.placement ?? this.ungated.get(uid)?.placement ?? this.pods.get(uid)?.placement
    )
  }

  estimateOf(uid: string): number {
    return this.estimates.get(uid) ?? this.admitted.get(uid) ?? 0
  }

  /** By what was seen of its workload's pods, one outlier aside: a low figure only counts once they were watched for long. */
  expectedOf(uid: string): number {
    const pods = [...(this.seen.get(this.workloadOf(uid) ?? '') ?? new Map()).values()]
    const instants = pods.flat().map(({ at }) => at)
    const isSettled = Math.max(...instants) - Math.min(...instants) >= settleTime
    const peaks = pods
      .map((seen) => Math.max(0, ...seen.map(({ pids }: { pids: number }) => pids)))
      .sort((a, b) => a - b)
    const peak = peaks[Math.floor((peaks.length - 1) * 0.75)] ?? 0
    return peak > 50 || (peak > 0 && isSettled) ? peak : 50
  }

  isBound(uid: string): boolean {
    return this.pods.get(uid)?.node !== undefined && this.isLive(uid)
  }

  observedOf(uid: string): number {
    const place = this.placeOf(uid)
    return (place === undefined ? undefined : this.readings.get(place)?.pods?.get(this.cgroupOf(uid))) ?? 0
  }

  /** What its node calls it; a name that is another pod's is not its own. */
  cgroupOf(uid: string): string {
    const { cgroup } = this.pods.get(uid) ?? {}
    return cgroup === undefined || this.uids.includes(cgroup) ? uid : cgroup
  }

  isLive(uid: string): boolean {
    const facts = this.pods.get(uid)
    return facts === undefined || !isEnded(facts)
  }

  pendingOf(uid: string): number {
    return this.isLive(uid) || this.ending.has(uid) ? Math.max(0, this.estimateOf(uid) - this.observedOf(uid)) : 0
  }

  podsOn(node: string): string[] {
    return this.uids.filter((uid) => this.placeOf(uid) === node)
  }

  seenOn(node: string): number {
    return this.podsOn(node).reduce((sum, uid) => sum + this.observedOf(uid), 0)
  }

  pendingOn(node: string): number {
    return this.podsOn(node).reduce((sum, uid) => sum + this.pendingOf(uid), 0)
  }

  pendingOfEndingOn(node: string): number {
    const ending = this.podsOn(node).filter((uid) => !this.isLive(uid))
    return ending.reduce((sum, uid) => sum + this.pendingOf(uid), 0)
  }

  get waiting(): string[] {
    return this.uids.filter((uid) => this.placeOf(uid) === undefined && this.isLive(uid) && !this.isHeldUp(uid))
  }

  namespaceOf(uid: string): string {
    return this.pods.get(uid)?.namespace ?? this.assumed.get(uid)?.admitted.namespace ?? ''
  }

  /** undefined for a pod that is its own workload. */
  workloadOf(uid: string): string | undefined {
    const workload = this.pods.get(uid)?.workload ?? this.assumed.get(uid)?.admitted.workload
    if (workload === undefined || workload.kind === 'Pod') return undefined
    return `${this.namespaceOf(uid)}/${workload.kind}/${workload.name}`
  }

  committedBy(namespace: string): number {
    return this.uids
      .filter((uid) => this.namespaceOf(uid) === namespace)
      .reduce((sum, uid) => sum + this.weightOf(uid), 0)
  }
}

function hasFinished({ phase }: LedgerPod): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

function isEnded(pod: LedgerPod): boolean {
  return pod.deleting || hasFinished(pod)
}

/** Of each pod by itself: what others shrank by may be a pod that was not seen this time. */
function growthOf(before: LedgerReading['pods'] = new Map(), after: LedgerReading['pods'] = new Map()): number {
  return [...after].reduce((sum, [uid, pids]) => sum + Math.max(0, pids - (before.get(uid) ?? 0)), 0)
}

function less({ limit, inUse }: Ceiling, by: number): Ceiling {
  return { limit, inUse: inUse === undefined ? undefined : Math.max(0, inUse - by) }
}

function grown({ limit, inUse }: Ceiling, growth: number): Ceiling {
  return { limit, inUse: inUse === undefined ? undefined : inUse + growth }
}

function isMissing({ limit, inUse }: Ceiling): boolean {
  return limit === undefined || (limit !== Number.POSITIVE_INFINITY && inUse === undefined)
}
