import t from 'tap'
import type { ReadOptions } from '../../src/ports/readings.ts'
import { startRounds } from '../../src/readings/reading-loop.ts'
import { until } from '../support/fake-api.ts'
import { memorySink } from '../support/fake-kubelet.ts'

const target = { name: 'a', address: undefined, kubeletPort: 1 }

t.test('a round per interval, whether or not the one before is through; the first is quick', async (t) => {
  const options: ReadOptions[] = []
  const rounds = startRounds({
    readings: {
      read(_targets, _sink, given) {
        options.push(given)
        return new Promise((resolve) => given.signal.addEventListener('abort', () => resolve()))
      }
    },
    targets: () => [target],
    sink: memorySink(),
    interval: 50,
    onFault: () => t.fail()
  })
  await until('three rounds', () => options.length === 3)
  t.equal(options[0]?.spread, 40)
  await rounds.stop()
  t.ok(options[0]?.signal.aborted)
  const count = options.length
  await new Promise((resolve) => setTimeout(resolve, 120))
  t.equal(options.length, count)
})

t.test('the nodes are those there are when a round begins; a fault does not end it', async (t) => {
  const seen: string[][] = []
  let faults = 0
  let names = ['a']
  const rounds = startRounds({
    readings: {
      async read(targets) {
        seen.push(targets.map(({ name }) => name))
        names = ['a', 'b']
        throw new Error('fault')
      }
    },
    targets: () => names.map((name) => ({ ...target, name })),
    sink: memorySink(),
    interval: 20,
    onFault: () => faults++
  })
  await until('two rounds', () => seen.length >= 2)
  await rounds.stop()
  t.strictSame(seen.slice(0, 2), [['a'], ['a', 'b']])
  t.equal(faults, seen.length)
})
