import t from 'tap'
import { withKubepods } from '../../src/readings/host-ceiling.ts'

void t.test('a node holds at least what its pods hold; what is unknown stays unknown', async (t) => {
  const of = (host: number | undefined, kubepods: number | undefined) =>
    withKubepods({ limit: 70_000, inUse: host }, { limit: 68_000, inUse: kubepods })
  t.strictSame(of(2964, 68_500), { limit: 70_000, inUse: 68_500 })
  t.strictSame(of(500, 500), { limit: 70_000, inUse: 500 })
  t.strictSame(of(501, 500), { limit: 70_000, inUse: 501 })
  t.strictSame(of(undefined, 500), { limit: 70_000, inUse: undefined })
  t.strictSame(of(500, undefined), { limit: 70_000, inUse: 500 })
})
