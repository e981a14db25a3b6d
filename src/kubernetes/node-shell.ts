import type { PodSubject } from './subject.ts'
import { pod } from './workloads.ts'

/**
 * Whether the Pod looks like the shell on a node that `kubectl debug node/NAME` makes: it names its node, and no controller made it.
 * Anyone can make a pod look so: it decides the words of a denial, and nothing else.
 */
export function looksLikeNodeShell({ groupKind, podSpec, metadata }: PodSubject): boolean {
  if (groupKind !== pod || typeof podSpec.nodeName !== 'string' || podSpec.nodeName === '') return false
  return (metadata.ownerReferences ?? []).length === 0
}

/** How to get a shell on a node that is full: rules for pods leave out namespaces of the system, where few people may write. */
export const nodeShellRemedy =
  'For a shell on this node, also when it is full: kubectl debug node/NAME -n kube-system -it --image=IMAGE.'
