import { labelOf } from '../../kubernetes/label-selector.ts'
import { type NodeRequirement, type NodeTerm, nameField, readInt64 } from '../../kubernetes/placement/node-affinity.ts'
import { osLabel, type Placement } from '../../kubernetes/placement/placement.ts'
import type { Toleration } from '../../kubernetes/placement/tolerations.ts'
import type { Taint } from '../../model/cluster-objects.ts'
import type { PodEntry } from './entries.ts'
import type { LedgerNode } from './ledger-inputs.ts'

/**
 * pidguard's own taint of a node low on PIDs. It does not exclude a candidate: whether the node has room is what the caller
 * is about to compute, and when all nodes have the taint the answer should say that they are full.
 */
export const lowPidsTaint = 'pidguard.io/low-pids'

/**
 * Whether a pod may land on the node: nodeName, or else nodeSelector, required node affinity, cordon and taints.
 * An over-approximation: it ignores the scheduler's other filters (resources, ports, other pods, volumes).
 */
export function mayLand(placement: Placement, node: LedgerNode): boolean {
  // nodeName bypasses the scheduler, and with it taints and cordon.
  if (placement.nodeName !== undefined) return placement.nodeName === node.name
  return isSelected(placement, node) && isOpen(placement, node, isTolerated)
}

/**
 * Whether a scheduler may just have bound a pod to the node: the pod has no gates, and may land there. One that was unschedulable is
 * tried again when anything changes, and its status says so until it is bound. Of a node that is not known anything may be true.
 */
export function mayBeBound({ state, placement }: Pick<PodEntry, 'state' | 'placement'>, node?: LedgerNode): boolean {
  if (state === 'gated') return false
  return placement === undefined || node === undefined || mayLand(placement, node)
}

/**
 * Whether only taints keep the pods of a template from the node, and taints for which admission may add tolerations to
 * the pods: RuntimeClass those of its scheduling, ExtendedResourceToleration one for the GPU they ask for,
 * PodTolerationRestriction those of the namespace. A template shows none of these. Taints that Kubernetes itself sets, on
 * control plane nodes and nodes in trouble, always exclude: every cluster has such a node.
 */
export function mayLandIfTolerated(placement: Placement, node: LedgerNode): boolean {
  if (placement.nodeName !== undefined || mayLand(placement, node) || !isSelected(placement, node)) return false
  return isOpen(placement, node, (taint, tolerations) => !isOfKubernetes(taint) || isTolerated(taint, tolerations))
}

function isSelected({ nodeSelector, terms, os }: Placement, node: LedgerNode): boolean {
  // The scheduler does not look at spec.os; the kubelet of another system rejects the pod.
  if (os !== undefined && (labelOf(node.labels, osLabel) ?? os) !== os) return false
  for (const [key, value] of nodeSelector) {
    if (labelOf(node.labels, key) !== value) return false
  }
  return terms === undefined || terms.some((term) => termMatches(term, node))
}

function isOpen({ tolerations }: Placement, node: LedgerNode, isPassed: typeof isTolerated): boolean {
  if (node.unschedulable && !isPassed(cordon, tolerations)) return false
  return node.taints.every((taint) => !excludes(taint) || isPassed(taint, tolerations))
}

function isOfKubernetes({ key }: Taint): boolean {
  return key.startsWith('node.kubernetes.io/') || key.startsWith('node-role.kubernetes.io/')
}

/** The taint that the scheduler assumes on a cordoned node (plugin NodeUnschedulable). */
const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }

function excludes({ key, effect }: Taint): boolean {
  return (effect === 'NoSchedule' || effect === 'NoExecute') && key !== lowPidsTaint
}

function termMatches({ labels, fields }: NodeTerm, node: LedgerNode): boolean {
  return (
    labels.every((requirement) => requirementMatches(requirement, labelOf(node.labels, requirement.key))) &&
    // Any other field than the name reads as the empty string (fields.Set.Get).
    fields.every((requirement) => requirementMatches(requirement, requirement.key === nameField ? node.name : ''))
  )
}

function requirementMatches({ operator, values, bound }: NodeRequirement, value: string | undefined): boolean {
  if (value === undefined) return operator === 'NotIn' || operator === 'DoesNotExist'
  switch (operator) {
    case 'In':
      return values.has(value)
    case 'NotIn':
      return !values.has(value)
    case 'Exists':
      return true
    case 'DoesNotExist':
      return false
    case 'Gt':
    case 'Lt': {
      const number = readInt64(value)
      if (number === undefined) return false
      return operator === 'Gt' ? number > bound : number < bound
    }
  }
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint))
}

/** As ToleratesTaint of api core/v1 toleration.go. */
function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  switch (operator) {
    case '':
    case 'Equal':
      return value === taint.value
    case 'Exists':
      return true
    // Behind a feature gate since 1.35; the API server refuses them where it is off. One candidate too many is harmless.
    case 'Gt':
    case 'Lt':
      return true
    default:
      return false
  }
}
