import t from 'tap'
import { percentText } from '../../src/lib/percent.ts'

const cases = [
  [0, '0%'],
  [0.0001, '<1%'],
  [0.00999, '<1%'],
  [0.01, '1%'],
  [0.29, '29%'],
  [0.7999, '79%'],
  [0.8, '80%'],
  [49_150 / 49_152, '99%'],
  [1, '100%'],
  [1.239, '123%']
] as const
for (const [share, want] of cases) {
  void t.test(`${share} is shown as ${want}`, async (t) => {
    t.equal(percentText(share), want)
  })
}
