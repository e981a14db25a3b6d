import type { Millis } from '../../lib/units.ts'
import type { LedgerPod } from './ledger-inputs.ts'

/**
 * The states of a pod on the ledger, and the events (methods of `Ledger`) between them:
 *
 *               assume              observePod                  observePod
 *   (unknown) ---------> assumed -----------------> waiting ---------------> bound ---------> ended
 *       ^                   |                        |   ^    with a node     ^    finished
 *       +-------------------+              5 minutes |   | observePod,        |    or deleting
 *        60 s, or `release`                          v   | gates removed      |
 *                                                  idle  gated                |
 *                                                    |     observePod         |
 *                                                    +--- with a node --------+
 *
 *   observePod of an unknown pod leads to the state that the API server shows; with scheduling gates that is `gated`.
 *   From every state: removePod, or a full list without the pod, leads back to (unknown); except that a full list leaves
 *   `assumed` alone. Every state but `ended` becomes `ended` when the pod has finished or has a deletionTimestamp.
 *
 * `assumed`: admitted here, the API server has not shown it. `waiting`: shown, not bound. `idle`: not bound for so long
 * that it waits for something other than PIDs. `gated`: has scheduling gates. `bound`: the API server shows it on a node.
 * `ended`: it has finished or is being deleted.
 *
 * A pod counts where it is:
 *   assumed, waiting   among the waiting pods, or on the only node it can land on
 *   idle, gated        nowhere
 *   bound              on its node
 *   ended              only with the tasks that its node still reports
 * `confirm` (a binding was allowed) counts a pod of the first four states on the chosen node for 60 s, or until the API
 * server shows it bound. Meanwhile it does not become idle.
 *
 * What this rests on:
 * - Every event may come repeatedly, and in any order relative to events of other objects. Events of one object come in
 *   order, except that an event from before an allowed binding may come after it.
 * - `assume` may be missed: another replica may have admitted the pod.
 * - `confirm` may be missed, or concern a pod that is never bound.
 * - `removePod` may be missed while the watch is interrupted; the full list that follows (`retainPods`) makes up for it.
 * - A uid never comes back, and what decides a pod's placement does not change while it lives.
 * - An event costs the same whatever the size of the fleet; a reading costs one step per pod of its node.
 */
export type PodState = 'assumed' | 'waiting' | 'idle' | 'gated' | 'bound' | 'ended'

/**
 * How long a pod that was admitted here counts although the API server has not shown it, and a binding although the
 * pod has not been shown on its node. A request ends after 60 s at the latest (kube-apiserver --request-timeout): a pod
 * that is not stored by then never will be, because a quota or another webhook refused it.
 */
export const assumedTime: Millis = 60_000

/**
 * How long a pod that is not bound counts. A pod for which there is room is bound within seconds, and one for which there
 * is none is tried again after five minutes at the latest (kube-scheduler, podMaxInUnschedulablePodsDuration). A pod that
 * is still not bound then waits for something other than PIDs and holds no room; its binding is checked when it comes.
 */
export const waitingTime: Millis = 5 * 60_000

/** The state of a pod that the API server shows. `hasWaitedLong`: it has been unbound for `waitingTime`. */
export function stateOf({ phase, deleting, node, isGated }: LedgerPod, hasWaitedLong: boolean): PodState {
  if (deleting || phase === 'Succeeded' || phase === 'Failed') return 'ended'
  if (node !== undefined) return 'bound'
  if (isGated === true) return 'gated'
  return hasWaitedLong ? 'idle' : 'waiting'
}
