import fc from 'fast-check'
import t from 'tap'
import { compareQuantities, parseQuantity } from '../../../src/kubernetes/qos/quantity.ts'

const unit = 1_000_000_000n

// What resource.ParseQuantity of Kubernetes v1.20.2 made of these texts (and of 50,000 others, once compared).
const cases: readonly { text: string | number; want: bigint | undefined }[] = [
  { text: '0', want: 0n },
  { text: '1', want: unit },
  { text: 2, want: 2n * unit },
  { text: 0.5, want: unit / 2n },
  { text: 1e21, want: 10n ** 21n * unit },
  { text: 1e-7, want: 100n },
  { text: '+1', want: unit },
  { text: '-1', want: -unit },
  { text: '007', want: 7n * unit },
  { text: '1.', want: unit },
  { text: '.5', want: unit / 2n },
  { text: '1n', want: 1n },
  { text: '1u', want: 1000n },
  { text: '100m', want: unit / 10n },
  { text: '1k', want: 10n ** 3n * unit },
  { text: '1M', want: 10n ** 6n * unit },
  { text: '1G', want: 10n ** 9n * unit },
  { text: '1T', want: 10n ** 12n * unit },
  { text: '1P', want: 10n ** 15n * unit },
  { text: '1E', want: 10n ** 18n * unit },
  { text: '1Ki', want: 2n ** 10n * unit },
  { text: '1Mi', want: 2n ** 20n * unit },
  { text: '1Gi', want: 2n ** 30n * unit },
  { text: '1Ti', want: 2n ** 40n * unit },
  { text: '1Pi', want: 2n ** 50n * unit },
  { text: '1Ei', want: 2n ** 60n * unit },
  { text: '1.5Gi', want: 3n * 2n ** 29n * unit },
  { text: '1e3', want: 1000n * unit },
  { text: '1E3', want: 1000n * unit },
  { text: '1e+03', want: 1000n * unit },
  { text: '1e-3', want: unit / 1000n },
  { text: '0.0000000001', want: 1n },
  { text: '-0.1n', want: -1n },
  { text: '1.0000000001', want: unit + 1n },
  { text: '0.0000000001Ki', want: 103n },
  { text: '7Ei', want: 7n * 2n ** 60n * unit },
  { text: '8Ei', want: (2n ** 63n - 1n) * unit },
  { text: '-8Ei', want: -(2n ** 63n - 1n) * unit },
  { text: '10E', want: 10n ** 19n * unit },
  { text: '.', want: 0n },
  { text: '+', want: 0n },
  { text: 'm', want: 0n },
  { text: 'Ti', want: 0n },
  { text: 'Pi', want: undefined },
  { text: 'e3', want: 0n },
  { text: 'e-10', want: undefined },
  { text: '', want: undefined },
  { text: ' 1', want: undefined },
  { text: '1 ', want: undefined },
  { text: '1\n', want: undefined },
  { text: '1ki', want: undefined },
  { text: '1K', want: undefined },
  { text: '1mi', want: undefined },
  { text: '1i', want: undefined },
  { text: '1.1.M', want: undefined },
  { text: '1+1.0M', want: undefined },
  { text: '--1', want: undefined },
  { text: '1e', want: undefined },
  { text: '1e+', want: undefined },
  { text: '1e1.5', want: undefined },
  { text: '1_000', want: undefined },
  { text: '0x10', want: undefined },
  { text: '1constructor', want: undefined },
  { text: Number.NaN, want: undefined },
  { text: Number.POSITIVE_INFINITY, want: undefined },
  { text: '١', want: undefined }
]
for (const { text, want } of cases) {
  t.equal(parseQuantity(text), want, JSON.stringify(text))
}

t.test('compares by value, not by spelling', async (t) => {
  t.equal(compareQuantities('1000m', '1'), 0)
  t.equal(compareQuantities('1Ki', 1000), 1)
  t.equal(compareQuantities('1k', '1Ki'), -1)
  t.equal(compareQuantities('1', 'one'), undefined)
  t.equal(compareQuantities('one', '1'), undefined)
})

t.test('any count of billionths is read back', async () => {
  const nanos = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
  fc.assert(fc.property(nanos, (n) => parseQuantity(`${n}n`) === n))
  fc.assert(fc.property(nanos, (n) => parseQuantity(`${n}e-9`) === n))
})

t.test('hostile texts cost little', async (t) => {
  const long = 1_000_000
  const huge = parseQuantity('1e2147483647')
  t.equal(parseQuantity('9'.repeat(long)), huge, 'too many digits count as the largest quantity')
  t.equal(parseQuantity('1e99999999999999999999'), huge)
  t.equal(parseQuantity(`${'1'.repeat(long)}x`), undefined)
  t.equal(parseQuantity('9'.repeat(101)), parseQuantity('9'.repeat(102)))
  t.not(parseQuantity('9'.repeat(99)), parseQuantity('9'.repeat(100)))
  t.equal(parseQuantity(`${'0'.repeat(long)}1`), unit)
  t.equal(parseQuantity(`1${'0'.repeat(long)}e-${long}`), unit)
  t.equal(parseQuantity(`.${'0'.repeat(long)}1e${long + 1}`), unit)
  t.equal(parseQuantity(`0.${'0'.repeat(long)}1`), 1n)
  t.equal(parseQuantity(`1.${'0'.repeat(long)}1Ki`), 1024n * unit + 1n)
  t.equal(parseQuantity(`${'9'.repeat(101)}Ki`), (2n ** 63n - 1n) * unit)
})
