import type { Millis, Pids } from '../model/units.ts'
import type { Settings } from '../policy/settings.ts'
import { type CeilingName, ceilingAccounts, freeAtMost } from './arithmetic.ts'
import type { NodeEntry } from './entries.ts'
import type { Ledger } from './ledger.ts'

/**
 * How well a node is known. `fresh`: both ceilings, by a reading that is not too old; `partial`: one of them;
 * `stale`: what is known is too old; `unread`: nothing was ever read.
 */
export const knownStates = ['fresh', 'partial', 'stale', 'unread'] as const
export type KnownState = (typeof knownStates)[number]

/** One node by its tightest ceiling. */
export interface TightNode {
  readonly node: string
  readonly ceiling: CeilingName
  readonly limit: Pids
  /** Above the floor, with everything committed taken off; negative: it reaches into the floor. */
  readonly free: Pids
}

/** The fleet in figures. */
export interface Census {
  readonly nodes: Readonly<Record<KnownState, number>>
  /** Nodes, of those that are fresh or partial, whose floor is not free any more. */
  readonly belowFloor: number
  /** Of the nodes that were ever read; undefined when none was. */
  readonly oldestReading: Millis | undefined
  /** The nodes with the least free, the least first; those without a limit are left out. */
  readonly tightest: readonly TightNode[]
}

/** Nodes told of one by one: enough to find a culprit by, and a bound on the series of a large fleet. Own choice. */
export const mostTight = 20

/** Counts the nodes that the API server knows, against the policy's floor for no namespace in particular. */
export function censusOf(ledger: Ledger, { floor, maxAge }: Settings['headroom'], now: Millis): Census {
  ledger.expire()
  const nodes = { fresh: 0, partial: 0, stale: 0, unread: 0 }
  const tight: { readonly node: NodeEntry; readonly free: Pids }[] = []
  let oldestReading: Millis | undefined
  let belowFloor = 0
  for (const node of ledger.nodes) {
    if (node.facts === undefined) continue
    const state = stateOf(node, maxAge, now)
    nodes[state]++
    if (state === 'unread') continue
    oldestReading = Math.max(oldestReading ?? 0, now - node.readingAt)
    const free = state === 'stale' ? undefined : freeAtMost(node, floor)
    if (free === undefined || free === Number.POSITIVE_INFINITY) continue
    if (free < 0) belowFloor++
    tight.push({ node, free })
  }
  tight.sort((a, b) => a.free - b.free)
  const tightest = tight.slice(0, mostTight).flatMap(({ node }) => {
    const [first] = ceilingAccounts(node, floor)
    return first === undefined
      ? []
      : [{ node: node.name, ceiling: first.ceiling, limit: first.limit, free: first.free }]
  })
  return { nodes, belowFloor, oldestReading, tightest }
}

function stateOf(node: NodeEntry, maxAge: Millis, now: Millis): KnownState {
  // At 0: it answered, and said nothing that has an instant.
  if (node.readingAt <= 0) return 'unread'
  if (Math.abs(now - node.readingAt) > maxAge) return 'stale'
  return node.isWhole ? 'fresh' : 'partial'
}
