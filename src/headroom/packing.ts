import type { Pids } from '../model/units.ts'
import { wholePods } from './arithmetic.ts'
import type { CandidateSet, CandidateSets } from './candidates.ts'
import type { NodeEntry } from './entries.ts'
import type { WaitingGroup } from './waiting.ts'

/*
 * Admitted pods that are on no node yet.
 *
 * They will take room, and nobody knows where. Counting them on every node they may land on would let one burst close
 * the whole cluster; counting them nowhere would let any burst through. So a pod fits when all of them and the pod
 * itself can be put on nodes at once, each where it may land, without any node going below the floor. What is admitted
 * therefore always had a place for everybody: on one node of room for ten, the eleventh is refused however fast they
 * come.
 *
 * Waiting pods are put first, those with the fewest nodes first and on nodes the new pod cannot use where they may go
 * there: that leaves the new pod the most. The scheduler may put them elsewhere; then a binding finds its node full and
 * the pod waits, which is what `pid-binding` is for. A pod that is larger than the room of any of its nodes takes none: it
 * must not hold up what fits. One that only lost its place to others still asks for it, here.
 */

/** PIDs free on a node under the floor asked for; undefined when not known well enough to promise them. */
export type FreeOn = (node: NodeEntry) => Pids | undefined

export interface Others {
  /** Groups of waiting pods, without the pod that asks. */
  readonly groups: readonly WaitingGroup[]
  readonly pids: Pids
  readonly largest: Pids
}

/**
 * A quick yes: whether they fit even if every waiting pod came to these nodes. Filled one pod after the other, a node
 * is only passed over when less than the largest pod is left on it; so unless all nodes are filled up to that, the last
 * pod has found its place. Usually the first node looked at is enough.
 */
export function fitsAtOnce(
  set: CandidateSet<NodeEntry>,
  pids: Pids,
  pods: number,
  others: Pick<Others, 'pids' | 'largest'>,
  free: FreeOn
): boolean {
  const { nodes } = set
  const before = others.pids + pids * (pods - 1)
  const slack = Math.max(pids, others.largest)
  let filled = 0
  for (let step = 0, at = set.hint; step < nodes.length; step++, at++) {
    if (at >= nodes.length) at = 0
    const room = free(nodes[at] as NodeEntry)
    if (room === undefined || room < slack) continue
    if (filled === 0) set.hint = at
    filled += room - slack + 1
    if (filled > before) return true
  }
  return false
}

/** Steps spent on putting waiting pods; some milliseconds. The others are then taken to come to these nodes. */
const mostSteps = 50_000

/** How many of the pods find room, up to `pods`, when the waiting ones are put first. */
export function roomBeside(
  set: CandidateSet<NodeEntry>,
  pids: Pids,
  pods: number,
  others: Others,
  candidates: CandidateSets<NodeEntry>,
  free: FreeOn
): number {
  const taken = new Map<NodeEntry, Pids>()
  const left = (node: NodeEntry): Pids | undefined => {
    const room = free(node)
    return room === undefined ? undefined : room - (taken.get(node) ?? 0)
  }
  let steps = 0
  let leftOver = 0
  const groups = others.groups.map((group) => ({ ...group, nodes: candidates.of(group.placement).nodes }))
  const own = groups.every(({ nodes }) => nodes === set.nodes) ? undefined : new Set(set.nodes)
  groups.sort((a, b) => a.nodes.length - b.nodes.length || b.pids - a.pids)
  for (const { nodes, pids: each, count } of groups) {
    if (steps > mostSteps) {
      leftOver += each * count
      continue
    }
    let still = count
    let isPossible = false
    for (const isOwn of nodes === set.nodes ? [true] : [false, true]) {
      for (const node of nodes) {
        if (still === 0) break
        steps++
        if (nodes !== set.nodes && own?.has(node) !== isOwn) continue
        const room = free(node) ?? 0
        if (room >= each) isPossible = true
        const put = Math.min(still, wholePods(room - (taken.get(node) ?? 0), each))
        if (put === 0) continue
        still -= put
        taken.set(node, (taken.get(node) ?? 0) + put * each)
      }
    }
    if (isPossible) leftOver += still * each
  }
  if (leftOver > 0) return fitsAtOnce(set, pids, pods, { pids: leftOver, largest: others.largest }, left) ? pods : 0
  let room = 0
  for (const node of set.nodes) {
    room += wholePods(left(node) ?? 0, pids)
    if (room >= pods) return pods
  }
  return room
}
