import type { Pids } from '../lib/units.ts'
import type { Ceiling, NodeState } from '../model/node-reading.ts'
import type { CeilingName } from './ceiling-account.ts'

const names: readonly CeilingName[] = ['node', 'kubepods']

/** One ceiling of a node of which limit and use are known. Infinity: there is no limit. */
export interface KnownCeiling {
  readonly name: CeilingName
  readonly limit: Pids
  readonly inUse: Pids
  /** From 0; of no limit nothing is used, of a limit of 0 all. */
  readonly used: number
}

/** The ceilings that are known whole, the fuller one first. */
export function knownCeilings(state: NodeState): readonly KnownCeiling[] {
  return names
    .map((name) => knownOf(name, ceilingOf(state, name)))
    .filter((ceiling) => ceiling !== undefined)
    .sort((a, b) => b.used - a.used)
}

/** The lower limit of both ceilings, as far as they are known, with its name; Infinity without any limit. */
export function lowerLimit(state: NodeState): { readonly name: CeilingName; readonly limit: Pids } | undefined {
  return names
    .map((name) => ({ name, limit: ceilingOf(state, name)?.limit }))
    .filter((ceiling): ceiling is { name: CeilingName; limit: Pids } => ceiling.limit !== undefined)
    .sort((a, b) => (a.limit === b.limit ? 0 : a.limit - b.limit))[0]
}

/** In constant words, why the limits of these ceilings are not all known; undefined when they are. */
export function lackOfLimit(state: NodeState, needed: readonly CeilingName[]): string | undefined {
  return lackOf(state, needed, ({ limit }) => limit !== undefined)
}

/** In constant words, why nobody can say how full both ceilings are; undefined when that is known. */
export function lackOfUse(state: NodeState): string | undefined {
  return lackOf(state, names, (ceiling) => knownOf('node', ceiling) !== undefined)
}

function lackOf(
  state: NodeState,
  needed: readonly CeilingName[],
  isKnown: (ceiling: Ceiling) => boolean
): string | undefined {
  if (state.reading === undefined) return 'node not read'
  const missing = needed.find((name) => !isKnown(ceilingOf(state, name) ?? unknown))
  return missing === undefined ? undefined : lacks[missing]
}

const lacks = { node: 'ceiling of the node not known', kubepods: 'ceiling of kubepods not known' } as const
const unknown: Ceiling = { limit: undefined, inUse: undefined }

function ceilingOf({ reading }: NodeState, name: CeilingName): Ceiling | undefined {
  return name === 'node' ? reading?.host : reading?.kubepods
}

function knownOf(name: CeilingName, ceiling: Ceiling | undefined): KnownCeiling | undefined {
  if (ceiling === undefined) return undefined
  const { limit, inUse } = ceiling
  // What has no limit is never full, whatever is used of it.
  if (limit === Number.POSITIVE_INFINITY) return { name, limit, inUse: inUse ?? 0, used: 0 }
  if (limit === undefined || inUse === undefined) return undefined
  return { name, limit, inUse, used: limit === 0 ? 1 : inUse / limit }
}

/** `33%`; what is a little below a threshold is not rounded up to it. */
export function percentOf(share: number): string {
  return `${Math.floor(share * 100 + 1e-9)}%`
}
