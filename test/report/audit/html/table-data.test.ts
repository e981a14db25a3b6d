import t from 'tap'
import type { PackedColumn } from '../../../../src/report/audit/html/cells.ts'
import { dataText } from '../../../../src/report/audit/html/markup.ts'
import { type Column, pack } from '../../../../src/report/audit/html/table-data.ts'

interface Row {
  readonly name: string
  readonly rule: string | null
  readonly count: number | null
}

const columns: readonly Column<Row>[] = [
  { title: 'Name', kind: 'name', cell: ({ name }) => name },
  { title: 'Rule', kind: 'text', cell: ({ rule }) => rule },
  { title: 'Count', kind: 'count', cell: ({ count }) => count }
]

/** 90 of one rule, then 3 of another. */
const rows = Array.from({ length: 93 }, (_, at): Row => ({ name: `n${at}`, rule: at < 90 ? 'many' : 'few', count: at }))

function read({ words, cells }: PackedColumn): unknown[] {
  return cells.map((cell) => (words === undefined || cell === null ? cell : words[cell as number]))
}

void t.test('every cell comes back, and what is unknown stays so', async (t) => {
  const some: Row[] = [...rows, { name: 'x', rule: null, count: null }]
  const packed = pack(columns, some, 1_000_000)
  t.equal(packed.perGroup, undefined)
  t.strictSame(packed.columns.map(read), [
    some.map(({ name }) => name),
    some.map(({ rule }) => rule),
    some.map(({ count }) => count)
  ])
  t.strictSame(packed.columns[1]?.words, ['many', 'few'], 'what repeats is written once')
  t.equal(packed.columns[0]?.words, undefined, 'what does not is written as it is')
})

void t.test('all rows are in at the budget, and not all of them one byte below', async (t) => {
  const all = Buffer.byteLength(dataText(pack(columns, rows, 1_000_000).columns))
  t.equal(pack(columns, rows, all).rows.length, rows.length)
  const less = pack(columns, rows, all - 1)
  t.ok(less.rows.length < rows.length)
  t.ok(Buffer.byteLength(dataText(less.columns)) < all)
})

void t.test('a rule with many findings does not push out those of another', async (t) => {
  const { rows: kept, perGroup } = pack(columns, rows, 700, ({ rule }) => rule ?? '')
  t.equal(kept.filter(({ rule }) => rule === 'few').length, 3)
  t.equal(kept.filter(({ rule }) => rule === 'many').length, perGroup)
  t.strictSame(
    kept.map(({ name }) => name),
    kept.toSorted((a, b) => rows.indexOf(a) - rows.indexOf(b)).map(({ name }) => name),
    'in the order they came'
  )
})

void t.test('a budget for nothing leaves every row out', async (t) => {
  t.strictSame(pack(columns, rows, 1).rows, [])
})
