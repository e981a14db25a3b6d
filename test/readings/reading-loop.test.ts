import t from 'tap'
import type { ReadOptions } from '../../src/ports/readings.ts'
import { isDueNow, startRounds } from '../../src/readings/reading-loop.ts'
import { until } from '../support/fake-api.ts'
import { memorySink } from '../support/fake-kubelet.ts'
import { afterTimersOf } from '../support/until.ts'

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
    interval: 20,
    onFault: () => t.fail()
  })
  await until(
    'three rounds',
    () => options.length === 3,
    () => options
  )
  t.equal(options[0]?.spread, 16)
  await rounds.stop()
  t.ok(options[0]?.signal.aborted)
  const count = options.length
  await afterTimersOf(20)
  t.equal(options.length, count)
})

t.test('the first round is over soon, whatever the interval: until then headroom is unknown', async (t) => {
  for (const [interval, want] of [
    [15_000, 2_000],
    [2_500, 2_000],
    [2_499, 1_999.2],
    [1_000, 800]
  ] as const) {
    let spread: number | undefined
    const rounds = startRounds({
      readings: {
        async read(_targets, _sink, given) {
          spread = given.spread
        }
      },
      targets: () => [target],
      sink: memorySink(),
      interval,
      onFault: () => t.fail()
    })
    await until(
      'the first round',
      () => spread !== undefined,
      () => spread
    )
    await rounds.stop()
    t.ok(Math.abs((spread ?? 0) - want) < 0.001, `${interval}: ${spread}`)
  }
})

t.test(
  'nodes that are added in one turn are read at once, and a slow node among the others stays known as slow',
  async (t) => {
    const parts: string[][] = []
    const rounds = startRounds({
      readings: {
        async read(targets, _sink, { isPart, spread }) {
          if (isPart) parts.push([...targets.map(({ name }) => name), `${spread}`])
        }
      },
      targets: () => [target],
      sink: memorySink(),
      interval: 600_000,
      onFault: () => t.fail()
    })
    for (const name of ['b', 'c']) rounds.readSoon({ ...target, name })
    await until(
      'both',
      () => parts.length === 1,
      () => parts
    )
    rounds.readSoon({ ...target, name: 'd' })
    await until(
      'the third',
      () => parts.length === 2,
      () => parts
    )
    await rounds.stop()
    t.strictSame(parts, [
      ['b', 'c', '0'],
      ['d', '0']
    ])
  }
)

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
  await until(
    'two rounds',
    () => seen.length >= 2,
    () => seen
  )
  await rounds.stop()
  t.strictSame(seen.slice(0, 2), [['a'], ['a', 'b']])
  t.equal(faults, seen.length)
})

t.test(
  'a node without all figures is asked again before its next round; one that is gone by then is not',
  async (t) => {
    const seen: string[] = []
    let names = ['a', 'b', 'c']
    const unknown = { limit: undefined, inUse: undefined }
    const sink = memorySink()
    const rounds = startRounds({
      readings: {
        async read(targets, sink) {
          for (const { name } of targets) {
            const times = seen.push(name)
            if (name === 'b') sink.observeFailure(name, { reason: 'unreachable', detail: 'no answer' })
            else {
              const kubepods = name === 'a' && times < 4 ? unknown : { limit: 10, inUse: 1 }
              const rest = { pods: undefined, podLimits: undefined, gaps: [] }
              sink.observeReading({ node: name, at: 0, host: { limit: 10, inUse: 1 }, kubepods, ...rest })
            }
          }
          names = ['a', 'c']
        }
      },
      targets: () => names.map((name) => ({ ...target, name })),
      sink,
      interval: 600_000,
      onFault: () => t.fail()
    })
    await until(
      'the second look',
      () => seen.length >= 4,
      () => seen
    )
    await rounds.stop()
    t.strictSame(seen, ['a', 'b', 'c', 'a'])
    t.strictSame(sink.readings.get('a')?.kubepods, { limit: 10, inUse: 1 }, 'the sink hears all of them')
    t.ok(sink.failures.has('b'))
  }
)

t.test('a node is read at once when it is added, when it has an address, and when it becomes ready', async (t) => {
  const taint = (name: string) => ({ key: `node.kubernetes.io/${name}`, value: '', effect: 'NoSchedule' })
  const address = '10.0.0.1'
  const ready = { address, taints: [] }
  const starting = { address, taints: [taint('not-ready'), taint('unreachable')] }
  const unaddressed = { ...starting, address: undefined }
  t.ok(isDueNow(starting, undefined))
  t.ok(isDueNow(ready, undefined))
  t.ok(isDueNow(ready, starting))
  t.ok(isDueNow({ address, taints: [taint('disk-pressure')] }, starting), 'whatever else it has')
  t.ok(isDueNow(starting, unaddressed), 'its address is known')
  t.notOk(isDueNow(unaddressed, unaddressed))
  t.notOk(isDueNow(unaddressed, starting), 'its address is gone')
  t.notOk(isDueNow(starting, ready))
  t.notOk(isDueNow(starting, starting))
  t.notOk(isDueNow(ready, ready))
  t.notOk(isDueNow(ready, { address, taints: [taint('unschedulable')] }))
})
