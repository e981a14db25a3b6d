import { anyNode } from '../../kubernetes/placement/placement.ts'
import type { Pids } from '../../lib/units.ts'
import type { NamespaceClaim, NamespaceEntry, NodeClaims, NodeEntry, PodEntry } from './entries.ts'
import type { Claimant, WaitingPods } from './waiting-pods.ts'

/**
 * Adds the pod to every sum it is part of. A pod's figures change only between `withdraw` and `enter`, or by `reobserve`,
 * so the sums always equal a recount.
 */
export function enter(pod: PodEntry, waiting: WaitingPods): void {
  count(pod, 1)
  const { node } = pod
  if (node !== undefined) pod.slot = node.pods.push(pod) - 1
  else if (isWaiting(pod)) waiting.add(pod.placement ?? anyNode, pod.estimate, claimantOf(pod))
}

/** Takes the pod out of every sum it is part of. */
export function withdraw(pod: PodEntry, waiting: WaitingPods): void {
  count(pod, -1)
  const { node } = pod
  if (node === undefined) {
    if (isWaiting(pod)) waiting.delete(pod.placement ?? anyNode, pod.estimate, claimantOf(pod))
    return
  }
  const last = node.pods.pop() as PodEntry
  if (last !== pod) {
    node.pods[pod.slot] = last
    last.slot = pod.slot
  }
  pod.slot = -1
}

/** Changes the observed tasks of a pod on a node; its place in the node's list stays. */
export function reobserve(pod: PodEntry, observed: Pids): void {
  if (pod.observed === observed) return
  count(pod, -1)
  pod.observed = observed
  count(pod, 1)
}

/** A pod that was told to end takes no more than it holds. */
export function settle(pod: PodEntry): void {
  count(pod, -1)
  pod.endingSince = undefined
  count(pod, 1)
}

/** Changes the estimate of a pod on a node; its place in the node's list stays. */
export function reestimate(pod: PodEntry, estimate: Pids): void {
  if (pod.estimate === estimate) return
  count(pod, -1)
  pod.estimate = estimate
  count(pod, 1)
}

function count(pod: PodEntry, sign: 1 | -1): void {
  const { namespace, node, pending } = pod
  pod.gang?.count(pod, sign)
  if (pod.state !== 'ended' && pod.workload !== undefined) pod.workload.live += sign
  // A gated pod takes nothing, and nothing of its namespace's budget.
  if (pod.state === 'gated' && node === undefined) return
  const weight = sign * pod.weight
  if (pod.state !== 'ended') namespace.estimates += sign * pod.estimate
  namespace.committed += weight
  if (node === undefined) return
  node.areClaimsOld = true
  node.pending += sign * pending
  if (pod.state === 'ended') node.pendingOfEnding += sign * pending
  node.seen += sign * pod.observed
  add(namespace, node, weight)
}

function add({ byNode }: NamespaceEntry, node: NodeEntry, weight: Pids): void {
  const sum = (byNode.get(node) ?? 0) + weight
  if (sum === 0) byNode.delete(node)
  else byNode.set(node, sum)
}

function isWaiting({ state }: PodEntry): boolean {
  return state === 'assumed' || state === 'waiting'
}

/** Whose claim the part of the pod's estimate is that is not observed. */
export function claimantOf(pod: PodEntry): Claimant {
  return { namespace: pod.namespace.name, isStored: isStored(pod) }
}

/** Whether the API server has shown the pod. */
export function isStored({ state }: Pick<PodEntry, 'state'>): boolean {
  return state !== 'assumed'
}

/**
 * What is claimed on the node, kept until a pod there changes. A review may ask this of 5,000 nodes with 30 pods each, and going
 * through all pods takes tens of milliseconds.
 */
export function claimsOn(node: NodeEntry): NodeClaims {
  if (node.claims !== undefined && !node.areClaimsOld) return node.claims
  const claimants: NamespaceEntry[] = []
  const unstored: NamespaceClaim[] = []
  for (const pod of node.pods) {
    const { pending, namespace } = pod
    if (pending === 0) continue
    if (!isStored(pod)) unstored.push({ namespace: namespace.name, pids: pending })
    else {
      if (namespace.claimed === 0) claimants.push(namespace)
      namespace.claimed += pending
    }
  }
  const stored = claimants.map((claimant): NamespaceClaim => {
    const claim = { namespace: claimant.name, pids: claimant.claimed }
    claimant.claimed = 0
    return claim
  })
  node.claims = { stored: stored.sort((a, b) => b.pids - a.pids), unstored, found: undefined }
  node.areClaimsOld = false
  return node.claims
}
