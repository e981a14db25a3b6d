// Reads: revisions of the pods of a Felix DaemonSet under OnDelete.  Fine: all run the newest.
import { defineRule } from '../engine/rule.ts'
import { isFelixOnDelete } from '../kubernetes/calico/felix.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { daemonSet } from '../kubernetes/workloads.ts'

export const calicoRevisionDrift = defineRule<Subject, never, 'felixRevisions'>({
  id: 'calico-revision-drift',
  title: 'Calico pods of an old revision',
  why: 'Under OnDelete a change of calico-node, including a security fix, reaches a node only when its pod is deleted. Until then the node runs an old version unnoticed.',
  remedy:
    'Delete the old calico-node pods one by one, each when the one before is ready. Begin with the least important node.',
  limits: 'It compares revisions only: it does not show what changed between them, or whether that matters.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [daemonSet],
  requiredFacts: [],
  optionalFacts: ['felixRevisions'],
  includesControlled: true,
  reads: () => [],
  check(subject, { felixRevisions }) {
    if (felixRevisions === undefined || !isFelixOnDelete(subject)) return []
    const { newest, pods } = felixRevisions
    const nodes = pods.filter(({ revision }) => revision !== newest).map(({ node }) => node)
    if (nodes.length === 0) return []
    const more = nodes.length > mostNodes ? ` and ${nodes.length - mostNodes} more` : ''
    return [
      {
        pointer: '/spec/template',
        reason: 'pods run an old revision',
        detail: `${nodes.length} of ${pods.length} pods, on ${nodes.toSorted().slice(0, mostNodes).join(', ')}${more}`
      }
    ]
  },
  missingFact: (subject, { felixRevisions }) =>
    felixRevisions === undefined && isFelixOnDelete(subject) ? 'revisions not known' : undefined
})

/** Names of nodes in one line; each has up to 63 characters. */
const mostNodes = 3
