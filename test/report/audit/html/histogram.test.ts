import t from 'tap'
import { histogram, short } from '../../../../src/report/audit/html/histogram.ts'

void t.test('counts above the columns are short, and never more than there are', async (t) => {
  t.strictSame([0, 999, 1000, 1999, 9_999, 10_000, 149_999, 1_000_000, 1_290_000].map(short), [
    ...['0', '999', '1k', '1.9k', '9.9k', '10k', '149k', '1M', '1.2M']
  ])
})

void t.test('one among very many can be seen, none is not drawn, and words tell the exact numbers', async (t) => {
  const bin = { tick: '1', name: '1 to 9', look: 'use' }
  const { text } = histogram('Things', 'size', [
    { ...bin, count: 150_000 },
    { ...bin, name: '10 to 99', count: 0 },
    { ...bin, name: '100', count: 1 }
  ])
  t.strictSame(
    [...text.matchAll(/<rect [^>]*height="(\d+)"/g)].map(([, height]) => height),
    ['120', '0', '2']
  )
  t.match(text, 'aria-label="Things. 1 to 9: 150,000; 100: 1."')
})
