import type { NodeClaims, PodEntry } from '../../src/headroom/ledger/entries.ts'
import type { Ledger } from '../../src/headroom/ledger/ledger.ts'
import { claimsOn, isStored } from '../../src/headroom/ledger/sums.ts'
import type { SlowLedger } from './slow-ledger.ts'

/** Every sum of the ledger beside the same counted anew; equal sides, or there is a mistake in the books. */
export function recount(ledger: Ledger, slow: SlowLedger): { readonly kept: object; readonly counted: object } {
  const names = [
    ...new Set([...slow.nodes.keys(), ...slow.readings.keys(), ...slow.uids.flatMap((uid) => slow.placeOf(uid) ?? [])])
  ].sort()
  const namespaces = [...new Set(slow.uids.map((uid) => slow.namespaceOf(uid)))].sort()
  const kept = {
    nodes: [...ledger.nodes].map(({ name }) => name).sort(),
    pending: names.map((name) => ledger.node(name)?.pending),
    pendingOfEnding: names.map((name) => ledger.node(name)?.pendingOfEnding),
    seen: names.map((name) => ledger.node(name)?.seen),
    claims: names.map((name) => {
      const { stored = [], unstored = [] } = nodeClaims(ledger, name)
      return [...stored.map(({ pids }) => pids), ...unstored.map(({ pids }) => pids)].sort((a, b) => a - b)
    }),
    claimants: names.map((name) => (nodeClaims(ledger, name).stored ?? []).map((claim) => claim.namespace).sort()),
    host: names.map((name) => ledger.node(name)?.host.inUse),
    kubepods: names.map((name) => ledger.node(name)?.kubepods.inUse),
    pods: names.map((name) =>
      ledger
        .node(name)
        ?.pods.map(({ uid }) => uid)
        .sort()
    ),
    observed: slow.uids.map((uid) => ledger.pod(uid)?.observed),
    live: slow.uids.map((uid) => ledger.pod(uid)?.workload?.live),
    waiting: { pods: ledger.waiting.pods, pids: ledger.waiting.pids, largest: ledger.waiting.largest },
    namespaces: namespaces.map((name) => ({
      committed: ledger.namespace(name)?.committed,
      waiting: sum(
        [...ledger.waiting.groups].filter((group) => group.namespace === name).map(({ pids, count }) => pids * count)
      ),
      estimates: ledger.namespace(name)?.estimates,
      pods: ledger.namespace(name)?.pods,
      byNode: [...(ledger.namespace(name)?.byNode ?? [])].map(([node, pids]) => `${node.name} ${pids}`).sort()
    })),
    podCount: ledger.podCount
  }
  const estimates = slow.waiting.map((uid) => slow.estimateOf(uid))
  const counted = {
    nodes: names,
    pending: names.map((name) => slow.pendingOn(name)),
    pendingOfEnding: names.map((name) => slow.pendingOfEndingOn(name)),
    seen: names.map((name) => slow.seenOn(name)),
    claims: names.map((name) => {
      const claiming = claimingOn(ledger, name)
      const ofNamespaces = Map.groupBy(claiming.filter(isStored), (pod) => pod.namespace.name)
      const stored = [...ofNamespaces.values()].map((pods) => sum(pods.map(({ pending }) => pending)))
      const unstored = claiming.filter((pod) => !isStored(pod)).map(({ pending }) => pending)
      return [...stored, ...unstored].sort((a, b) => a - b)
    }),
    claimants: names.map((name) => {
      const stored = claimingOn(ledger, name).filter(isStored)
      return [...new Set(stored.map(({ namespace }) => namespace.name))].sort()
    }),
    host: names.map((name) => slow.readings.get(name)?.host.inUse),
    kubepods: names.map((name) => slow.readings.get(name)?.kubepods.inUse),
    pods: names.map((name) => slow.podsOn(name).sort()),
    observed: slow.uids.map((uid) => slow.observedOf(uid)),
    live: slow.uids.map((uid) => {
      const workload = slow.workloadOf(uid)
      const isSame = (other: string) => slow.workloadOf(other) === workload && slow.isLive(other)
      return workload === undefined ? undefined : slow.uids.filter(isSame).length
    }),
    waiting: { pods: estimates.length, pids: sum(estimates), largest: Math.max(0, ...estimates) },
    namespaces: namespaces.map((name) => {
      const uids = slow.uids.filter((uid) => slow.namespaceOf(uid) === name)
      const weight = (uid: string) => slow.weightOf(uid)
      return {
        committed: slow.committedBy(name),
        waiting: sum(uids.filter((uid) => slow.waiting.includes(uid)).map((uid) => slow.estimateOf(uid))),
        estimates: sum(uids.filter((uid) => slow.isLive(uid)).map((uid) => slow.promisedBy(uid))),
        pods: uids.length,
        byNode: names
          .map((node) => [node, sum(uids.filter((uid) => slow.placeOf(uid) === node).map(weight))] as const)
          .filter(([, pids]) => pids > 0)
          .map(([node, pids]) => `${node} ${pids}`)
          .sort()
      }
    }),
    podCount: slow.uids.length
  }
  return { kept, counted }
}

function nodeClaims(ledger: Ledger, name: string): Partial<NodeClaims> {
  const node = ledger.node(name)
  return node === undefined ? {} : claimsOn(node)
}

function claimingOn(ledger: Ledger, name: string): readonly PodEntry[] {
  return (ledger.node(name)?.pods ?? []).filter(({ pending }) => pending > 0)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
