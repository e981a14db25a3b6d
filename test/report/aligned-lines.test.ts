import t from 'tap'
import { alignedLines } from '../../src/report/aligned-lines.ts'

void t.test('columns are as wide as their longest cell, and lines end with their last cell', async (t) => {
  const rows = [
    ['NODE', 'PIDS', 'POD'],
    ['a', '7', '-'],
    ['node-b', '12345', '']
  ]
  t.strictSame(alignedLines(rows), ['NODE    PIDS   POD', 'a       7      -', 'node-b  12345'])
  t.strictSame(
    alignedLines(rows, (column) => column === 1),
    ['NODE     PIDS  POD', 'a           7  -', 'node-b  12345']
  )
})

void t.test('no rows are no lines', async (t) => {
  t.strictSame(alignedLines([]), [])
})
