import t from 'tap'
import { pageRows } from '../../../../src/report/audit/html/cells.ts'
import { type TableSpec, table } from '../../../../src/report/audit/html/table.ts'

function spec(count: number, change: Partial<TableSpec<number>> = {}): TableSpec<number> {
  return {
    id: 'x-table',
    caption: 'All of them',
    noun: ['thing', 'things'],
    columns: [
      { title: 'Name', kind: 'name', cell: (at) => `<${at}>` },
      { title: 'Kind', kind: 'text', choose: true, cell: () => 'one' }
    ],
    rows: Array.from({ length: count }, (_, at) => at),
    budget: 1_000_000,
    ...change
  }
}

void t.test('a table without rows is a line', async (t) => {
  t.equal(table(spec(0)).text, '<p class="none">All of them: none.</p>')
})

void t.test('a table has its caption, heads with a scope, and a name for each row', async (t) => {
  const { text } = table(spec(1))
  t.match(text, '<caption id="x-table-caption">All of them</caption>')
  t.equal(text.match(/<th role="columnheader" scope="col"/g)?.length, 2)
  t.match(text, '<th role="rowheader" scope="row" class="c-name" data-label="Name"><bdi>&lt;0&gt;</bdi></th>')
  t.notMatch(text, 'application/json', 'one row needs no sorting')
})

void t.test('as many rows stand in the page as one of its pages has; the rest is data', async (t) => {
  const rowsOf = (count: number) => table(spec(count)).text.match(/<tr role="row"><th role="rowheader"/g)?.length
  t.equal(rowsOf(pageRows), pageRows)
  t.equal(rowsOf(pageRows + 1), pageRows)
  t.notMatch(table(spec(pageRows)).text, 'data-plain')
  t.match(table(spec(pageRows + 1)).text, 'data-plain')
  t.match(table(spec(pageRows + 1)).text, `${pageRows} of ${pageRows + 1} things.`)
})

void t.test('rows beyond the budget are told of', async (t) => {
  const { text } = table(spec(2000, { budget: 5000, groupOf: (at) => String(at % 2), group: 'rule' }))
  const [, held, left, each] =
    /holds ([\d,]+) of 2,000 things, at most (\d+) of each rule: and ([\d,]+) more, see the JSON/
      .exec(text)
      ?.map((digits) => Number(digits.replaceAll(',', ''))) ?? [0, 0, 0, 0]
  t.ok((held ?? 0) > 0)
  t.equal((held ?? 0) + (each ?? 0), 2000)
  t.equal(held, 2 * (left ?? 0))
  t.notMatch(table(spec(2000)).text, 'see the JSON report (')
})
