import type { Millis, Pids } from '../../lib/units.ts'
import type { Settings } from '../../policy/settings.ts'
import { type CeilingAccount, ceilingAccounts, freeAtMost } from '../ceiling-account.ts'
import type { NodeEntry } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'

/**
 * How well a node is known. `fresh`: both ceilings, by a reading that is not too old; `partial`: not both ceilings;
 * `stale`: its reading is too old; `unread`: it was never read.
 */
export const knownStates = ['fresh', 'partial', 'stale', 'unread'] as const
export type KnownState = (typeof knownStates)[number]

/** One node that is reported by its name. */
export interface TightNode {
  readonly node: string
  /** The known ceilings with a limit, the tightest first. */
  readonly ceilings: readonly CeilingAccount[]
}

/** When a node was read last, by this process' own clock. */
export interface NodeAge {
  readonly node: string
  readonly readAt: Millis
}

/** The fleet in figures. */
export interface Census {
  readonly nodes: Readonly<Record<KnownState, number>>
  /** Fresh and partial nodes whose free PIDs are below the floor. */
  readonly belowFloor: number
  /** Age of the oldest reading; undefined when no node was ever read. */
  readonly oldestReading: Millis | undefined
  /** The nodes with the fewest free PIDs, the fewest first; without nodes that have no limit. */
  readonly tightest: readonly TightNode[]
  /** The nodes in `tightest`, and as many with the oldest readings; without nodes that were never read. */
  readonly ages: readonly NodeAge[]
}

/**
 * The most nodes reported by name: all of a small cluster, enough to find a culprit in a large one, and a bound on the
 * number of metric series (100 nodes with two ceilings are 900). Own choice.
 */
export const mostTight = 100

/** Counts the nodes that the API server knows, against the policy's floor outside of namespace overrides. */
export function censusOf(ledger: Ledger, { floor, maxAge }: Settings['headroom'], now: Millis): Census {
  ledger.expire()
  const nodes = { fresh: 0, partial: 0, stale: 0, unread: 0 }
  const tight: { readonly node: NodeEntry; readonly free: Pids }[] = []
  const read: NodeAge[] = []
  let belowFloor = 0
  for (const node of ledger.nodes) {
    if (node.facts === undefined) continue
    const state = stateOf(node, maxAge, now)
    nodes[state]++
    if (state === 'unread') continue
    read.push({ node: node.name, readAt: node.readingAt })
    const free = state === 'stale' ? undefined : freeAtMost(node, floor)
    if (free === undefined || free === Number.POSITIVE_INFINITY) continue
    if (free < 0) belowFloor++
    tight.push({ node, free })
  }
  tight.sort((a, b) => a.free - b.free)
  read.sort((a, b) => a.readAt - b.readAt)
  const shown = tight.slice(0, mostTight).map(({ node }) => node)
  const [oldest] = read
  return {
    nodes,
    belowFloor,
    oldestReading: oldest === undefined ? undefined : Math.max(0, now - oldest.readAt),
    tightest: shown.map((node) => ({ node: node.name, ceilings: ceilingAccounts(node, floor) })),
    ages: agesOf(shown, read.slice(0, mostTight))
  }
}

/** Each node once. */
function agesOf(tightest: readonly NodeEntry[], oldest: readonly NodeAge[]): NodeAge[] {
  const listed = new Set(oldest.map(({ node }) => node))
  const others = tightest.filter(({ name }) => !listed.has(name))
  return [...oldest, ...others.map(({ name, readingAt }) => ({ node: name, readAt: readingAt }))]
}

function stateOf(node: NodeEntry, maxAge: Millis, now: Millis): KnownState {
  // 0: the node answered, but no figure of its answer had a timestamp.
  if (node.readingAt <= 0) return 'unread'
  if (Math.abs(now - node.readingAt) > maxAge) return 'stale'
  return node.isWhole ? 'fresh' : 'partial'
}
