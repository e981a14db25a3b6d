import t from 'tap'
import { expectedOf, figureOf, sayOrigin } from '../../src/headroom/estimate.ts'

const assumed = { pids: 50, source: 'default' } as const
const peak = (pids: number, isSettled: boolean) => ({ pids, isSettled, pod: 'web-1', age: 5_000 })

t.test('a pod without a figure counts with what is observed once that means something', async (t) => {
  t.equal(expectedOf(undefined, assumed), assumed)
  t.equal(expectedOf(peak(50, false), assumed), assumed)
  t.match(expectedOf(peak(51, false), assumed), { pids: 51, source: 'observed', seen: { pod: 'web-1', age: 5_000 } })
  t.match(expectedOf(peak(3, true), assumed), { pids: 3, source: 'observed' })
})

t.test('a pod carries what it was admitted with, or else what it declares', async (t) => {
  const of = (estimated?: number, declared?: number, estimateSource?: string) =>
    figureOf({ estimated, declared, estimateSource })
  t.equal(of(), undefined)
  t.strictSame(of(undefined, 7), { pids: 7, source: 'declared' })
  t.strictSame(of(9, 7, 'observed'), { pids: 9, source: 'observed' })
  t.strictSame(of(9, 7, 'anything'), { pids: 9, source: undefined }, 'whoever wrote that')
})

t.test('where a figure comes from, in a few words', async (t) => {
  const seen = (age: number) => sayOrigin({ pids: 9, source: 'observed', seen: { pod: 'web-1', age } })
  t.equal(seen(119_499), 'observed on web-1 119 s ago')
  t.equal(seen(119_500), 'observed on web-1 2 min ago')
  t.equal(seen(7_200_000), 'observed on web-1 2 h ago')
  t.equal(sayOrigin({ pids: 9, source: 'observed' }), 'observed, when it was admitted')
  t.equal(sayOrigin({ pids: 9, source: undefined }), 'admitted with it')
  for (const source of ['declared', 'profile', 'default'] as const) t.match(sayOrigin({ pids: 9, source }), source)
})
