import type { Pids } from '../lib/units.ts'
import type { Ceiling, NodeState } from '../model/node-reading.ts'
import type { CeilingName } from './ceiling-account.ts'

const names: readonly CeilingName[] = ['node', 'kubepods']

/** One ceiling of a node with known limit and use. A limit of Infinity: there is none. */
export interface KnownCeiling {
  readonly name: CeilingName
  readonly limit: Pids
  readonly inUse: Pids
  /** Share from 0: 0 without a limit, 1 of a limit of 0. */
  readonly used: number
}

/** The ceilings with known limit and use, the fuller one first. */
export function knownCeilings(state: NodeState): readonly KnownCeiling[] {
  return names
    .map((name) => knownOf(name, ceilingOf(state, name)))
    .filter((ceiling) => ceiling !== undefined)
    .sort((a, b) => b.used - a.used)
}

/** The lower of the known limits, with its name; Infinity without any limit, undefined when none is known. */
export function lowerLimit(state: NodeState): { readonly name: CeilingName; readonly limit: Pids } | undefined {
  return names
    .map((name) => ({ name, limit: ceilingOf(state, name)?.limit }))
    .filter((ceiling): ceiling is { name: CeilingName; limit: Pids } => ceiling.limit !== undefined)
    .sort((a, b) => (a.limit === b.limit ? 0 : a.limit - b.limit))[0]
}

/** A constant text: why the limits of these ceilings are not all known; undefined when they are. */
export function lackOfLimit(state: NodeState, needed: readonly CeilingName[]): string | undefined {
  return lackOf(state, needed, ({ limit }) => limit !== undefined)
}

/** A constant text: why the use of both ceilings is not known; undefined when it is. */
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
  // Without a limit, a ceiling is never full, also when its use is not known.
  if (limit === Number.POSITIVE_INFINITY) return { name, limit, inUse: inUse ?? 0, used: 0 }
  if (limit === undefined || inUse === undefined) return undefined
  return { name, limit, inUse, used: usedShareOf(ceiling) ?? 0 }
}

/** The share of a ceiling in use, from 0; undefined where either figure is unknown. A limit of 0 is full. */
export function usedShareOf({ limit, inUse }: Ceiling): number | undefined {
  if (limit === undefined || inUse === undefined) return undefined
  return limit === 0 ? 1 : inUse / limit
}

/** The share of the lower ceiling of a node that some tasks are; undefined where either limit is unknown, or there is none. */
export function shareOfLower(pids: Pids, reading: NodeState['reading']): number | undefined {
  const [host, kubepods] = [reading?.host.limit, reading?.kubepods.limit]
  if (host === undefined || kubepods === undefined) return undefined
  const ceiling = Math.min(host, kubepods)
  return Number.isFinite(ceiling) && ceiling > 0 ? pids / ceiling : undefined
}
