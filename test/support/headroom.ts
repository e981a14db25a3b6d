import { Headroom } from '../../src/headroom/assess/headroom.ts'
import type { Demand } from '../../src/headroom/headroom-view.ts'
import { Ledger } from '../../src/headroom/ledger/ledger.ts'
import { type Placement, Placements } from '../../src/kubernetes/placement/placement.ts'
import type { PodSpec } from '../../src/kubernetes/types.ts'
import type { NodeFacts, PodFacts, Taint } from '../../src/model/cluster-objects.ts'
import type { NodeReading } from '../../src/model/node-reading.ts'
import { type FakeClock, fakeClock } from './fakes.ts'

/** What a fixture or a test says of one node; limits and use as `[limit, inUse]`, null for not known. */
export interface NodeSketch {
  readonly host?: readonly [number | null, number | null]
  readonly kubepods?: readonly [number | null, number | null]
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  readonly unschedulable?: boolean
  /** Of pidguard.io/pids, as the scheduler counts it; left out: the node does not offer it. */
  readonly offered?: number
  /** Milliseconds since it joined; left out: not known. */
  readonly joined?: number
  /** Milliseconds since its reading; null: it never gave one. */
  readonly age?: number | null
  /** Pods on it, by uid: what they are counted with and what is seen of them. */
  readonly pods?: Readonly<
    Record<string, { estimate?: number; observed?: number; workload?: string; template?: string; namespace?: string }>
  >
}

export interface Fleet {
  readonly clock: FakeClock
  readonly ledger: Ledger
  readonly headroom: Headroom
}

export function nodeFacts(name: string, change: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    uid: `uid of ${name}`,
    labels: { 'kubernetes.io/hostname': name },
    taints: [],
    unschedulable: false,
    pidPressure: undefined,
    address: undefined,
    kubeletPort: 10_250,
    ...change
  }
}

export function podFacts(uid: string, change: Partial<PodFacts> = {}): PodFacts {
  return {
    uid,
    name: uid,
    namespace: 'default',
    node: undefined,
    phase: 'Running',
    workload: { kind: 'Pod', name: uid },
    declared: undefined,
    estimated: undefined,
    deleting: false,
    ...change
  }
}

/** A reading with room for 1,000 tasks under both ceilings, of which none are in use. */
export function reading(node: string, at: number, change: Partial<NodeReading> = {}): NodeReading {
  const ceiling = { limit: 1000, inUse: 0 }
  return {
    node,
    at,
    host: ceiling,
    kubepods: ceiling,
    pods: new Map(),
    podLimits: new Map(),
    nearLimits: [],
    gaps: [],
    ...change
  }
}

export function emptyFleet(): Fleet {
  const clock = fakeClock()
  const ledger = new Ledger(clock, () => 50)
  return { clock, ledger, headroom: new Headroom(ledger, clock) }
}

/** A fleet as sketched, all of it known. */
export function fleetOf(nodes: Readonly<Record<string, NodeSketch>>): Fleet {
  const fleet = emptyFleet()
  const { clock, ledger } = fleet
  for (const [name, sketch] of Object.entries(nodes)) {
    const { labels = {}, taints = [], unschedulable = false, offered, joined, pods = {} } = sketch
    ledger.observeNode(
      nodeFacts(name, {
        labels,
        taints,
        unschedulable,
        ...(offered === undefined ? {} : { offered }),
        ...(joined === undefined ? {} : { createdAt: clock.now() - joined })
      })
    )
    for (const [uid, { estimate, workload, template, namespace = 'default' }] of Object.entries(pods)) {
      const own = { kind: 'Pod', name: uid }
      const facts = {
        node: name,
        namespace,
        estimated: estimate,
        template,
        workload: workload === undefined ? own : { kind: 'Deployment', name: workload }
      }
      ledger.observePod(podFacts(uid, facts))
    }
    if (sketch.age === null) continue
    const seen = new Map(Object.entries(pods).map(([uid, { observed = 0 }]) => [uid, observed] as const))
    // What else is in use is of others: it is no part of what these pods may still take.
    const others = (sketch.kubepods?.[1] ?? 0) - [...seen.values()].reduce((sum, pids) => sum + pids, 0)
    if (others > 0) seen.set('others', others)
    ledger.observeReading({
      node: name,
      at: clock.now() - (sketch.age ?? 0),
      host: ceilingOf(sketch.host),
      kubepods: ceilingOf(sketch.kubepods),
      pods: seen
    })
  }
  return fleet
}

function ceilingOf([limit, inUse]: readonly [number | null, number | null] = [1000, 0]) {
  return { limit: limit ?? undefined, inUse: inUse ?? undefined }
}

/** One pod of 100 tasks that asks for no node in particular and leaves nothing free, changed as given. */
export function demand(change: Partial<Demand> = {}): Demand {
  return { placement: plain, pids: 100, pods: 1, uid: undefined, floor: { pids: 0 }, maxAge: 60_000, ...change }
}

const placements = new Placements()

export function placementOf(podSpec: PodSpec): Placement {
  return placements.of(podSpec)
}

/** Of a pod that says nothing of nodes. */
export const plain = placementOf({})

/** The placement of a pod that a DaemonSet makes for the node. */
export function pinnedTo(node: string): Placement {
  const field = { key: 'metadata.name', operator: 'In', values: [node] }
  return placementOf({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [field] }] }
      }
    }
  })
}
