// Reads: the node a scheduler binds a pod to.  Fine: it keeps a quarter of its floor free with the pod on it.
import { defineRule } from '../engine/rule.ts'
import { floorOfBindings } from '../headroom/ceiling-account.ts'
import { auditFull, refusalToken, sayFull, sayUnknown } from '../headroom/denial-text.ts'
import { binding, targetNodeOf } from '../headroom/ledger/record-admission.ts'
import type { FelixDaemonSet } from '../kubernetes/calico/felix-backend.ts'
import type { Subject } from '../kubernetes/subject.ts'

export const pidBinding = defineRule<Subject, 'headroom', 'felixDaemonSets'>({
  id: 'pid-binding',
  title: 'PID headroom of the chosen node',
  why: 'The scheduler does not look at PIDs: where some nodes have room and others do not, it may choose one without room.',
  remedy:
    'Free PIDs on the node (`pidguard top pods`), or let pidguard taint nodes that are low (spec.headroom.taintNodes). A pod whose binding is refused stays Pending and is tried again; with the taint the scheduler chooses another node.',
  limits:
    'A binding leaves only a quarter of the floor free: the scheduler could not know of the last pods there, and new pods keep all of it. A refused binding alone does not move the pod: the scheduler may choose the same node again, unless it is tainted. Unknown data about a node, an urgent priority of the pod, or a failure of this rule never refuses a binding; nor is that of a pod that runs Felix refused.',
  defaultMode: 'enforce',
  scope: 'pods',
  kinds: [binding],
  subresources: ['binding'],
  requiredFacts: ['headroom'],
  optionalFacts: ['felixDaemonSets'],
  failsOpen: true,
  reads: (subject) => [subject.object['target']],
  check(subject, { settings, headroom, felixDaemonSets = [] }) {
    const node = targetNodeOf(subject)
    if (node === undefined) return []
    const { uid } = subject.metadata
    const known = typeof uid === 'string' ? uid : undefined
    const pids = (known === undefined ? undefined : headroom.estimateOf(known)) ?? settings.pids.estimate
    const { maxAge, claimShare: share, urgentPriority } = settings.headroom
    const floor = floorOfBindings(settings.headroom.floor)
    const isUrgent = known !== undefined && headroom.priorityOf(known) >= urgentPriority
    const excuse = isOfFelix(subject, felixDaemonSets)
      ? 'it runs Felix'
      : isUrgent
        ? 'its priority is urgent'
        : undefined
    const isolation = { namespace: subject.namespace, share, onlyBeyond: true }
    const assessment = headroom.assessNode(node, { pids, uid: known, floor, maxAge, isolation })
    switch (assessment.verdict) {
      case 'fits':
      case 'nowhere':
        return []
      case 'unknown':
        return [
          { pointer: '/target/name', reason: 'headroom not known', detail: sayUnknown(assessment), advisory: true }
        ]
      case 'full':
        return [
          {
            pointer: '/target/name',
            reason: 'the chosen node has no room for this pod',
            detail: `${sayFull(assessment, pids)}${excuse === undefined ? ` ${refusalToken(node)}` : `; ${excuse}, and is not held up`}`,
            advisory: excuse !== undefined,
            audit: auditFull(assessment, pids),
            account: assessment.accounts
          }
        ]
    }
  }
})

/**
 * Whether the pod is one of a Felix DaemonSet, by its name: a binding says no more of its pod. The suffix is that of
 * generateName (k8s.io/apimachinery util/rand: five of these letters and digits).
 */
function isOfFelix({ namespace, name }: Subject, daemonSets: readonly FelixDaemonSet[]): boolean {
  const owner = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}$/.exec(name)?.[1]
  return daemonSets.some((each) => each.namespace === namespace && each.name === owner)
}
