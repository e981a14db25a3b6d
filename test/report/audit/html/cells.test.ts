import t from 'tap'
import {
  type Cell,
  type CellKind,
  cellClass,
  full,
  near,
  shareOf,
  shownCell,
  sortKey,
  toneOf
} from '../../../../src/report/audit/html/cells.ts'

void t.test('what is not known is said in every column, and is never 0', async (t) => {
  const kinds: CellKind[] = ['text', 'name', 'count', 'limit', 'share', 'ceiling', 'age', 'flag', 'level']
  for (const kind of kinds) {
    t.strictSame(shownCell(kind, null), { text: 'unknown', tone: 'unknown' })
    t.equal(sortKey(kind, null), null)
  }
  t.strictSame(shownCell('ceiling', [null, null]), { text: 'unknown', tone: 'unknown' })
  t.strictSame(shownCell('ceiling', [null, 1500]), { text: 'unknown of 1,500', tone: 'unknown' })
  t.strictSame(shownCell('ceiling', [7, null]), { text: '7 of unknown', tone: 'unknown' })
  t.strictSame(shownCell('ceiling', [null, 'unlimited']), { text: 'unknown, no limit', tone: 'unknown' })
})

void t.test('each kind of cell in words', async (t) => {
  const cases: readonly (readonly [CellKind, Cell, string])[] = [
    ['text', 'unlimited', 'unlimited'],
    ['limit', 'unlimited', 'no limit'],
    ['limit', -5, '-5'],
    ['count', 32_768, '32,768'],
    ['share', 0.335, '33%'],
    ['age', 6087, '6s'],
    ['flag', true, 'yes'],
    ['flag', false, 'no'],
    ['level', 'deny', 'would be denied'],
    ['level', 'other', 'other'],
    ['ceiling', [1006, 1500], '1,006 of 1,500 (67%)'],
    ['ceiling', [300, 'unlimited'], '300, no limit'],
    ['ceiling', [0, 0], '0 of 0 (100%)']
  ]
  for (const [kind, cell, text] of cases) t.equal(shownCell(kind, cell).text, text, `${kind} ${String(cell)}`)
})

void t.test('colours begin at their shares, not below', async (t) => {
  t.strictSame([near - 0.001, near, full - 0.001, full].map(toneOf), ['', 'near', 'near', 'full'])
  t.equal(cellClass('ceiling', [1400, 1500]), 'c-ceiling t-full')
  t.equal(cellClass('limit', -1), 'c-limit t-full')
  t.equal(cellClass('limit', 0), 'c-limit')
  t.equal(cellClass('level', 'deny'), 'c-level l-deny')
})

void t.test('columns are sorted by what they mean', async (t) => {
  t.strictSame(
    ['deny', 'warn', 'change', 'audit'].map((level) => sortKey('level', level)),
    [0, 1, 2, 3]
  )
  t.equal(sortKey('ceiling', [750, 1500]), 0.5)
  t.equal(sortKey('flag', true), 1)
  t.ok((sortKey('limit', 'unlimited') as number) > (sortKey('limit', 4_194_304) as number))
  t.equal(sortKey('name', 'unlimited'), 'unlimited')
})

void t.test('a ceiling without a limit is empty, one of 0 is full', async (t) => {
  t.equal(shareOf(300, 'unlimited'), 0)
  t.equal(shareOf(0, 0), 1)
  t.equal(shareOf(null, 'unlimited'), null)
})
