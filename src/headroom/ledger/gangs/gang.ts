import type { Placement } from '../../../kubernetes/placement/placement.ts'
import type { PodGroup } from '../../../kubernetes/pods/pod-groups.ts'
import type { Millis, Pids } from '../../../lib/units.ts'
import type { PodState } from '../pod-states.ts'

/** What one pod of a gang asks for. */
export interface Need {
  readonly placement: Placement
  readonly pids: Pids
}

/** Room that is kept for so many pods. */
export interface Held extends Need {
  readonly count: number
}

/** What a gang reads of its members. */
export interface Member {
  readonly state: PodState
  /** Where it is, or undefined. */
  readonly node: object | undefined
}

/** The pods of one group on the ledger. */
export class Gang<M extends Member = Member> {
  readonly group: PodGroup
  readonly namespace: string
  readonly members = new Set<M>()
  /** Members that take room: on a node, or waiting for one. */
  counted = 0
  /** Members that have not ended and have no gates: those that its scheduler counts. */
  present = 0
  /** How many pods there have to be; undefined while neither its pods nor its object say it. */
  size: number | undefined
  /** Until when room is kept for those that have not come. */
  heldUntil: Millis = Number.NEGATIVE_INFINITY
  held: readonly Held[] = []
  /** What the one that came last asks for: those that have not come are taken to be like it. */
  latest: Need | undefined
  /** There are too few of them, and none came for long: the scheduler binds none, so they take no room. */
  isStalled = false
  /** There were enough of them at one time. */
  wasWhole = false

  constructor(group: PodGroup, namespace: string) {
    this.group = group
    this.namespace = namespace
    this.size = group.size
  }

  /** How many members are missing; 0 while it is not known how many there have to be. */
  get missing(): number {
    return this.size === undefined ? 0 : Math.max(0, this.size - this.present)
  }

  /** Adds a member to the counts, or takes it out. */
  count(pod: Member, sign: 1 | -1): void {
    if (pod.state === 'ended' || (pod.state === 'gated' && pod.node === undefined)) return
    this.present += sign
    if (this.counts(pod)) this.counted += sign
  }

  /** Whether the member takes room. */
  counts({ state, node }: Member): boolean {
    return state !== 'ended' && (node !== undefined || state === 'assumed' || state === 'waiting')
  }
}
