import { percentText } from '../../../lib/percent.ts'
import { grouped, span } from './number-text.ts'

/**
 * What a column holds. null is unknown in all of them.
 * text, name, prose (sentences, in a wide column): a string. count: a number. share: from 0. age: milliseconds. flag: a boolean. level: an AuditLevel.
 * limit: a count or `unlimited`. ceiling: what is in use and its limit, each of which may be unknown.
 */
export type CellKind = 'text' | 'prose' | 'name' | 'count' | 'limit' | 'share' | 'ceiling' | 'age' | 'flag' | 'level'
export type Cell = string | number | boolean | null | readonly [number | null, number | 'unlimited' | null]

/** A column as the page holds it; `words`, where it is there, is what `cells` count into. */
export interface PackedColumn {
  readonly title: string
  readonly kind: CellKind
  readonly words?: readonly string[]
  readonly cells: readonly Cell[]
}

/** Rows of a table that stand in the page itself, and on each of the pages that the script turns. */
export const pageRows = 25

/** How a cell looks; the empty tone is that of most. */
export interface Shown {
  readonly text: string
  readonly tone: '' | 'unknown' | 'near' | 'full'
}

/**
 * Shares of a ceiling from which its bars and cells are coloured. Own choice: where node-pid-usage begins and where a node
 * is short by the default policy. What a report finds depends on the policy alone; see `actNow` of the report.
 */
export const near = 0.8
export const full = 0.9

export const levelWords: Readonly<Record<string, string>> = {
  deny: 'would be denied',
  warn: 'would be warned about',
  change: 'would be fixed',
  audit: 'recorded'
}

/** The text of a cell. Server and browser write tables with it. */
export function shownCell(kind: CellKind, cell: Cell): Shown {
  if (cell === null) return { text: 'unknown', tone: 'unknown' }
  if (typeof cell === 'object') return shownCeiling(cell[0], cell[1])
  if (typeof cell === 'boolean') return { text: cell ? 'yes' : 'no', tone: cell ? 'full' : '' }
  if (kind === 'level') return { text: levelWords[String(cell)] ?? String(cell), tone: '' }
  if (typeof cell === 'string') return { text: cell === 'unlimited' && kind === 'limit' ? 'no limit' : cell, tone: '' }
  if (kind === 'share') return { text: percentText(cell), tone: toneOf(cell) }
  if (kind === 'age') return { text: span(cell), tone: '' }
  return { text: grouped(cell), tone: cell < 0 ? 'full' : '' }
}

/** The classes of a cell. */
export function cellClass(kind: CellKind, cell: Cell): string {
  const { tone } = shownCell(kind, cell)
  return `c-${kind}${tone === '' ? '' : ` t-${tone}`}${kind === 'level' ? ` l-${String(cell)}` : ''}`
}

export function shownCeiling(inUse: number | null, limit: number | 'unlimited' | null): Shown {
  if (inUse === null && limit === null) return { text: 'unknown', tone: 'unknown' }
  const used = inUse === null ? 'unknown' : grouped(inUse)
  const share = shareOf(inUse, limit)
  if (limit === 'unlimited') return { text: `${used}, no limit`, tone: inUse === null ? 'unknown' : '' }
  if (limit === null || share === null) {
    return { text: `${used} of ${limit === null ? 'unknown' : grouped(limit)}`, tone: 'unknown' }
  }
  return { text: `${used} of ${grouped(limit)} (${percentText(share)})`, tone: toneOf(share) }
}

/** null where either is unknown; 0 where there is no limit; a limit of 0 is full. */
export function shareOf(inUse: number | null, limit: number | 'unlimited' | null): number | null {
  if (inUse === null || limit === null) return null
  if (limit === 'unlimited') return 0
  return limit === 0 ? 1 : inUse / limit
}

export function toneOf(share: number): Shown['tone'] {
  if (share >= full) return 'full'
  return share >= near ? 'near' : ''
}

/** What a column is sorted by: null comes last, whichever way. */
export function sortKey(kind: CellKind, cell: Cell): string | number | null {
  if (cell === null) return null
  if (typeof cell === 'object') return shareOf(cell[0], cell[1])
  if (typeof cell === 'boolean') return cell ? 1 : 0
  if (kind === 'level') return Object.keys(levelWords).indexOf(String(cell))
  return cell === 'unlimited' && kind === 'limit' ? Number.MAX_SAFE_INTEGER : cell
}

/** Whether a column begins with its largest value when it is sorted by for the first time. */
export function beginsLarge(kind: CellKind): boolean {
  return kind !== 'text' && kind !== 'prose' && kind !== 'name' && kind !== 'level'
}
