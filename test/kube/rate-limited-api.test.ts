import { Readable } from 'node:stream'
import t from 'tap'
import type { KubeApi } from '../../src/kube/client.ts'
import { PacedApi } from '../../src/kube/rate-limited-api.ts'
import type { Millis } from '../../src/lib/units.ts'
import { fakeClock } from '../support/fakes.ts'

const api: KubeApi = {
  open: async (path) => Readable.from([path]),
  call: async <T>(path: string) => path as T
}

void t.test('calls are spread evenly, in the order they were made, whoever makes them', async (t) => {
  const clock = fakeClock()
  const waited: Millis[] = []
  const paced = new PacedApi(api, 4, clock, async (span) => void waited.push(span))
  t.strictSame(await Promise.all([paced.call('a'), paced.call('b'), paced.call('c')]), ['a', 'b', 'c'])
  t.strictSame(waited, [250, 500])
  await (await paced.open('d')).toArray()
  t.strictSame(waited, [250, 500, 750])
})

void t.test('after a while of silence nothing waits, and no burst is saved up', async (t) => {
  const clock = fakeClock()
  const waited: Millis[] = []
  const paced = new PacedApi(api, 10, clock, async (span) => void waited.push(span))
  await paced.call('a')
  clock.advance(60_000)
  await paced.call('b')
  t.strictSame(waited, [])
  await paced.call('c')
  t.strictSame(waited, [100])
})

void t.test('an aborted call does not wait for its turn', async (t) => {
  const paced = new PacedApi(api, 0.001, fakeClock())
  await paced.call('a')
  const abort = new AbortController()
  const call = paced.call('b', { signal: abort.signal })
  abort.abort()
  t.equal(await call, 'b', 'the call itself says that it was aborted')
})
