import type { Bytes } from '../../../lib/units.ts'
import type { Cell, CellKind, PackedColumn } from './cells.ts'
import { dataText, visible } from './markup.ts'

export interface Column<Row> {
  readonly title: string
  readonly kind: CellKind
  /** Offers its values in a list to choose from: for columns with few. */
  readonly choose?: true
  cell(row: Row): Cell
}

export interface Packed<Row> {
  /** The rows that are in, in the order they came. */
  readonly rows: readonly Row[]
  readonly columns: readonly PackedColumn[]
  /** How many of each group are in, at most; undefined where nothing was left out. */
  readonly perGroup: number | undefined
}

/**
 * As many rows as the budget holds. Where that is not all of them, each group keeps its first rows, so that a rule with
 * thousands of findings does not push out the one finding of another.
 */
export function pack<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  budget: Bytes,
  groupOf: (row: Row) => string = () => ''
): Packed<Row> {
  for (let perGroup: number | undefined; ; ) {
    const kept = perGroup === undefined ? rows : firstOfEach(rows, perGroup, groupOf)
    const packed = columns.map((column) => packColumn(column, kept))
    const size = Buffer.byteLength(dataText(packed))
    if (size <= budget || perGroup === 0) return { rows: kept, columns: packed, perGroup }
    perGroup = Math.floor((perGroup ?? largestGroup(rows, groupOf)) * Math.min(0.95, budget / size))
  }
}

function packColumn<Row>({ title, kind, cell }: Column<Row>, rows: readonly Row[]): PackedColumn {
  const cells = rows.map((row) => shownAs(cell(row)))
  const words = [...new Set(cells.filter((value) => typeof value === 'string'))]
  // Names that hardly repeat are shorter as they are.
  if (words.length * 2 > rows.length) return { title, kind, cells }
  const places = new Map(words.map((word, at) => [word, at]))
  const isText = cells.every((value) => typeof value === 'string' || value === null)
  if (!isText || words.length === 0) return { title, kind, cells }
  return { title, kind, words, cells: cells.map((value) => places.get(value as string) ?? null) }
}

function shownAs(cell: Cell): Cell {
  return typeof cell === 'string' ? visible(cell) : cell
}

function firstOfEach<Row>(rows: readonly Row[], most: number, groupOf: (row: Row) => string): Row[] {
  const counts = new Map<string, number>()
  return rows.filter((row) => {
    const group = groupOf(row)
    const count = (counts.get(group) ?? 0) + 1
    counts.set(group, count)
    return count <= most
  })
}

function largestGroup<Row>(rows: readonly Row[], groupOf: (row: Row) => string): number {
  return Math.max(0, ...[...Map.groupBy(rows, groupOf).values()].map(({ length }) => length))
}
