import type { Millis, Pids } from '../lib/units.ts'
import type { NodeAccount } from './ceiling-account.ts'
import { type Estimate, type EstimateSource, sayOrigin } from './estimate.ts'
import type { Full, Unknown } from './headroom-view.ts'

/** The node with its tightest ceiling and every figure that counts against it. */
export function sayNode({ node, ceilings, age }: NodeAccount): string {
  const tightest = ceilings[0]
  if (tightest === undefined) return `${node} has no limit`
  const { ceiling, limit, inUse, committed, floor, free } = tightest
  return `${node} has ${Math.max(free, 0)} PIDs free under ${ceiling}${sayShort(free)}: limit ${limit}, floor ${floor}, committed ${committed}, in use ${inUse}${sayAge(age)}`
}

/** Nobody has fewer than 0 PIDs free: the amount below is what is missing. */
function sayShort(free: Pids): string {
  return free < 0 ? `, ${-free} short of its floor` : ''
}

/** A node that is too small even when empty, by its lower limit. */
export function sayLargest({ node, ceilings }: NodeAccount): string {
  const [lowest] = ceilings.toSorted((a, b) => a.limit - b.limit)
  if (lowest === undefined) return `${node} is the largest`
  return `the largest, ${node}, allows ${lowest.limit} under ${lowest.ceiling}, floor ${lowest.floor}`
}

/** Of a reading that is a minute old or older: the node is silent. */
function sayAge(age: Millis | undefined): string {
  return age === undefined || age < 60_000 ? '' : `, last read ${Math.round(age / 1000)} s ago`
}

/** Why there is no room, the deciding figure first: warnings are cut at 120 characters. */
export function sayFull(full: Full, pids: Pids, pods = 1): string {
  const { nodes, unknown, room, best, waiting, setAside } = full
  const needs = pods === 1 ? `needs ${pids}` : `${pods} pods of ${pids}, room for ${room}`
  const where = nodes === 1 ? sayNode(best) : `best of ${nodes} nodes: ${sayNode(best)}`
  const others = waiting.pods === 0 ? '' : `; ${waiting.pods} admitted pods without a node need ${waiting.pids}`
  const blind = unknown === 0 ? '' : `; ${unknown} of the nodes are not known`
  return `${needs}; ${where}${blind}${others}${saySetAside(setAside)}`
}

/** Where the estimate in a denial comes from. */
export function sayWhence(estimate: Estimate): string {
  const { pids, seen, source } = estimate
  if (seen !== undefined) return `; ${pids} was ${sayOrigin(estimate)}, and most pods of its template hold no more`
  return source === undefined ? '' : `; ${pids} ${whence[source]}`
}

const whence = {
  declared: 'is declared by pidguard.io/pids',
  observed: 'was observed when it was admitted',
  profile: 'is the estimate of a profile of the policy',
  default: 'is the default of the policy',
  limit: 'is the limit of PIDs of the pod'
} as const satisfies Record<EstimateSource, string>

/** What to do about an estimate that is too high; undefined where the remedy of the rule says it. */
export function remedyField(estimate: Estimate | undefined): { remedy?: string } {
  const remedy = estimate?.source === undefined ? undefined : remedies[estimate.source]
  return remedy === undefined ? {} : { remedy }
}

const free = 'Free PIDs on the nodes or add nodes: `pidguard top pods` shows who holds them.'

const remedies = {
  declared: undefined,
  observed: `${free} A changed template starts without this figure; for the same template spec.pids.trustDeclared of the policy makes pidguard.io/pids count.`,
  profile: `${free} Declare pidguard.io/pids if the pod needs fewer threads.`,
  default: `${free} Declare pidguard.io/pids if the pod needs fewer threads.`,
  limit: `${free} Lower the limit of PIDs in spec.resources if the pod needs fewer threads.`
} as const satisfies Record<EstimateSource, string | undefined>

/** Named because without it the figures would not add up; it lasts for seconds only. */
export function saySetAside(pids: Pids): string {
  return pids === 0 ? '' : `; ${pids} set aside for what other replicas may admit at this moment`
}

/** The same in short, for the API server's audit log. */
export function auditFull({ nodes, room, best }: Full, pids: Pids, pods = 1): string {
  return `pids=${pids} pods=${pods} room=${room} nodes=${nodes} ${auditNode(best)}`
}

export function auditNode({ node, ceilings }: NodeAccount): string {
  const tightest = ceilings[0]
  if (tightest === undefined) return `node=${node}`
  const { ceiling, limit, committed, floor, free } = tightest
  return `node=${node} ceiling=${ceiling} limit=${limit} committed=${committed} floor=${floor} free=${free}`
}

export function sayUnknown({ why, nodes, unknown, node }: Unknown): string {
  if (node === undefined) return why
  if (unknown === 0) return `pods without a node may go to ${node}: ${why}`
  return nodes === 1 ? `${node}: ${why}` : `${unknown} of ${nodes} nodes not known, ${node}: ${why}`
}

export function sayBehindTaints(node: string): string {
  return `its pods may yet be given a toleration for ${node}`
}

/**
 * The token in a refused binding that names the node. A scheduler writes the refusal into the pod's PodScheduled condition,
 * where all replicas and the leader read the token with `refusedNodeOf`: a stable format, unlike the sentence around it.
 */
export function refusalToken(node: string): string {
  return `[pidguard:node=${node}]`
}

/** The node of a refused binding, from any text that quotes the refusal. */
export function refusedNodeOf(text: string): string | undefined {
  return /\[pidguard:node=([a-z0-9.-]{1,253})\]/.exec(text)?.[1] ?? refusedNodeOfSentence(text)
}

/** For one more release: up to 0.1.0 the node of a refused binding was read from its sentence. */
function refusedNodeOfSentence(text: string): string | undefined {
  return /\bpid-binding: .*?\(needs \d+; (\S+) has -?\d+ PIDs free under /.exec(text)?.[1]
}

/**
 * A placement beyond the bounds of `placement.ts`. It is denied and not only warned about: otherwise a user could get
 * around the check by a long placement.
 */
export const tooLongToCheck = {
  reason: 'placement is too long to check',
  detail: 'more than 100 node labels, tolerations and affinity terms together, or more than 48 KiB',
  remedy: 'Use fewer tolerations, node selector labels and node affinity terms.'
} as const
