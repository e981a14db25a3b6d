import type { Millis } from '../../lib/units.ts'
import type { LedgerPod } from './ledger-inputs.ts'

/**
 * The states of a pod on the ledger, and the events (methods of `Ledger`) between them:
 *
 *               assume              observePod                  observePod
 *   (unknown) ---------> assumed -----------------> waiting ---------------> bound ---------> ended
 *       ^                   |                        ^   ^    with a node            finished
 *       +-------------------+                        |   |                           or deleting
 *         5 s                       gates removed,   |   |  the scheduler's report
 *                                   or `assume`      |   |  changes (observePod)
 *                                              gated-+   +-unschedulable
 *
 *   observePod of an unknown pod leads to the state that the API server shows. From every state: removePod, or a full list
 *   without the pod, leads back to (unknown); except that a full list leaves `assumed` alone. Every state but `ended` becomes
 *   `bound` when the pod is shown on a node, and `ended` when it has finished or has a deletionTimestamp.
 *
 * `assumed`: admitted here, the API server has not shown it. `waiting`: shown, not bound, however long. `unschedulable`: not
 * bound, and the scheduler reports that no node fits for reasons other than PIDs. `stalled`: would be `waiting`, but too few
 * pods of its gang are there, and no other came for long (gangs/gangs.ts). `gated`: has scheduling gates. `bound`: the API
 * server shows it on a node. `ended`: it has finished or is being deleted.
 *
 * A pod counts where it is:
 *   assumed, waiting       among the waiting pods, or on the only node it can land on
 *   unschedulable, stalled in its namespace's budget
 *   gated                  nowhere
 *   bound                  on its node
 *   ended                  only with the tasks that its node still reports; once it has finished, or is gone, without those
 *                          of the last reading
 * `confirm` (a binding was allowed) counts a pod of any of these states on the chosen node for 60 s, or until the API
 * server shows it bound. `assume` of a gated pod (the removal of its last gate was allowed) makes it `waiting` for 5 s, or
 * until the API server shows it without gates; otherwise it is `gated` again.
 *
 * What this rests on:
 * - Every event may come repeatedly, and in any order relative to events of other objects. Events of one object come in
 *   order, except that an event from before an allowed binding may come after it.
 * - `assume` may be missed: another replica may have admitted the pod.
 * - `confirm` may be missed, or may concern a pod that is never bound.
 * - `removePod` may be missed while the watch is interrupted; the full list that follows (`retainPods`) makes up for it.
 * - A uid never comes back. Placement, gates and annotations of an unbound pod may change at any time.
 * - An event costs the same whatever the size of the fleet; a reading costs one step per pod of its node.
 */
export type PodState = 'assumed' | 'waiting' | 'unschedulable' | 'stalled' | 'gated' | 'bound' | 'ended'

/**
 * How long a pod that was admitted here counts although the API server has not shown it. It shows a stored pod within a
 * quarter of a second (npm run drill); other validating webhooks are called at the same time as this one. Own choice: ten
 * times what those take at most. A pod that is not stored by then was refused by a quota or another webhook, and must not
 * hold room; one that is stored later counts from then on.
 */
export const assumedTime: Millis = 5_000

/**
 * How long a pod counts on the node of an allowed binding although it has not been shown there. A request ends after 60 s
 * at the latest (kube-apiserver --request-timeout). The pod exists, so it counts in any case: here, or as waiting.
 */
export const bindingTime: Millis = 60_000

/** Whether all its containers have ended: a kubelet writes these phases last. A pod that is being deleted may still run. */
export function hasFinished({ phase }: Pick<LedgerPod, 'phase'>): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

/** The state of a pod that the API server shows. */
export function stateOf({ phase, deleting, node, isGated, isUnschedulable }: LedgerPod): PodState {
  if (deleting || hasFinished({ phase })) return 'ended'
  if (node !== undefined) return 'bound'
  if (isGated === true) return 'gated'
  return isUnschedulable === true ? 'unschedulable' : 'waiting'
}

/** It has no node, and the scheduler does not look for one. */
export function isHeldUp(state: PodState): boolean {
  return state === 'unschedulable' || state === 'stalled' || state === 'gated'
}
