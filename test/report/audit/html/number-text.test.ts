import t from 'tap'
import { counted, grouped, span } from '../../../../src/report/audit/html/number-text.ts'

void t.test('thousands are told apart', async (t) => {
  t.strictSame([0, 999, 1000, 32_768, 4_194_304, -123, -1260].map(grouped), [
    ...['0', '999', '1,000', '32,768', '4,194,304', '-123', '-1,260']
  ])
})

void t.test('a span is as coarse as it is long', async (t) => {
  t.strictSame([0, 6087, 119_000, 120_000, 7_199_000, 7_200_000, 172_800_000].map(span), [
    ...['0s', '6s', '119s', '2m', '120m', '2h', '2d']
  ])
})

void t.test('one and many are told apart', async (t) => {
  t.strictSame(
    [counted(1, 'node'), counted(5000, 'node'), counted(0, 'entry', 'entries')],
    [...['1 node', '5,000 nodes', '0 entries']]
  )
})
