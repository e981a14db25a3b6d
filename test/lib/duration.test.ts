import t from 'tap'
import { readDuration } from '../../src/lib/duration.ts'

const spans: readonly (readonly [string, number | undefined])[] = [
  ['90d', 90 * 86_400_000],
  ['12h', 12 * 3_600_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['500ms', 500],
  ['1d12h', 36 * 3_600_000],
  ['0s', 0],
  ['', undefined],
  ['90', undefined],
  ['-1s', undefined],
  ['1w', undefined],
  ['1h ', undefined],
  ['1h 30m', undefined],
  ['s', undefined],
  ['1_000s', undefined]
]
for (const [text, want] of spans) {
  void t.test(`${JSON.stringify(text)} is ${want === undefined ? 'no span' : `${want} ms`}`, async (t) => {
    t.equal(readDuration(text), want)
  })
}
