import t from 'tap'
import type { ReadingTarget } from '../../src/model/node-reading.ts'
import { askingWhereLimited } from '../../src/readings/without-ceiling.ts'
import { memorySink } from '../support/fake-kubelet.ts'

t.test('a node without a ceiling is not asked, and known to have none', async (t) => {
  const asked: string[] = []
  const source = {
    read: async (targets: readonly ReadingTarget[]) => void asked.push(...targets.map(({ name }) => name))
  }
  const of = (name: string, os: string) => ({
    name,
    address: undefined,
    kubeletPort: 1,
    labels: { 'kubernetes.io/os': os }
  })
  const sink = memorySink()
  const readings = askingWhereLimited(source, { now: () => 77 })
  await readings.read([of('lin', 'linux'), of('win', 'windows')], sink, {
    signal: new AbortController().signal,
    spread: 0
  })
  t.strictSame(asked, ['lin'])
  const unlimited = { limit: Number.POSITIVE_INFINITY, inUse: undefined }
  t.match(
    [...sink.readings],
    [['win', { at: 77, withoutCeiling: 'windows', host: unlimited, kubepods: unlimited, gaps: [] }]]
  )
  t.equal(sink.failures.size, 0)
})
