import { once } from 'node:events'
import t, { type Test } from 'tap'
import { KubeError } from '../../../src/kube/kube-error.ts'
import { maxPids } from '../../../src/kubernetes/qos/pids-limit.ts'
import {
  CapacityPublisher,
  mostWrites,
  type PublisherDeps,
  quietBeforeLeaving
} from '../../../src/leader/capacity/capacity-publisher.ts'
import { memoryLog, until } from '../../support/fake-api.ts'
import { fleetOf, type NodeSketch, nodeFacts, podFacts, reading } from '../../support/headroom.ts'
import { Looks } from '../../support/looks.ts'
import { settings } from '../../support/settings.ts'

/** A publisher over a fleet whose nodes show at once what is written to them; and everything it wrote. */
function leading(t: Test, nodes: Readonly<Record<string, NodeSketch>>, { isOn = true, synced = true } = {}) {
  const fleet = fleetOf(nodes)
  const { clock, ledger, headroom } = fleet
  const told: string[] = []
  const counted: string[] = []
  const state = {
    isOn,
    synced,
    waiting: [] as number[],
    faults: new Map<string, KubeError>(),
    hangs: false,
    isWriting: false,
    gone: new Set<string>()
  }
  const show = (node: string, offered: number | undefined): void => {
    const { offered: _, ...facts } = ledger.node(node)?.facts ?? nodeFacts(node)
    ledger.observeNode(offered === undefined ? facts : { ...facts, offered })
  }
  const log = memoryLog()
  const looks = new Looks()
  const deps: PublisherDeps = {
    offers: (...args) => headroom.offers(...args),
    waiting: () => state.waiting,
    isSynced() {
      looks.began()
      return state.synced
    },
    settings: () => settings({ headroom: { schedulePids: state.isOn } }),
    capacity: {
      async write(node, pids, signal) {
        if (state.hangs) {
          state.isWriting = true
          await once(signal, 'abort')
          throw new KubeError('aborted', 'stopped')
        }
        const fault = state.faults.get(node) ?? state.faults.get('*')
        if (fault !== undefined) throw fault
        if (state.gone.has(node)) return 'gone'
        told.push(`${node}=${pids ?? '-'}`)
        show(node, pids)
        return 'written'
      }
    },
    clock,
    random: looks.random,
    log,
    meter: { countCapacity: (reason, result) => counted.push(`${reason} ${result}`) },
    every: 1
  }
  const publisher = new CapacityPublisher(deps)
  const abort = new AbortController()
  const running = publisher.run(abort.signal)
  t.teardown(async () => {
    abort.abort()
    await running
  })
  return {
    ...fleet,
    state,
    show,
    publisher,
    log,
    counted,
    /** What was written since the last time, once it is there. */
    next: (lines: number) => looks.take(told, lines),
    read: (node: string, inUse: number) =>
      ledger.observeReading(reading(node, clock.now(), { kubepods: { limit: 1000, inUse } })),
    async stop() {
      abort.abort()
      await running
    }
  }
}

t.test('every node is published, lowered when others grow, raised when there is room again', async (t) => {
  const { next, read, clock, publisher, counted, log } = leading(t, { a: { kubepods: [1000, 100] }, b: {} })
  // A step of 1000 is 7; the floor is 100.
  t.strictSame(await next(2), ['a=798', 'b=896'])
  t.strictSame(publisher.counts, { offering: 2, overfull: 0 })
  t.strictSame(counted, ['new done', 'new done'])
  t.match(log.lines[0], { level: 'info', message: 'PIDs are published as a resource of the scheduler' })
  read('a', 300)
  t.strictSame(await next(1), ['a=595'])
  read('a', 100)
  t.strictSame(await next(0), [], 'it was lowered a moment ago')
  clock.advance(30_000)
  t.strictSame(await next(1), ['a=798'])
  read('a', 950)
  t.strictSame(await next(1), ['a=0'])
  t.strictSame(publisher.counts, { offering: 2, overfull: 1 })
})

t.test('what a kubelet has set to zero is published again, and pods there keep what they request', async (t) => {
  const { next, show, ledger, clock } = leading(t, {
    a: { kubepods: [1000, 100], pods: { before: { estimate: 100, observed: 100 } } }
  })
  t.strictSame(await next(1), ['a=798'])
  ledger.observePod(podFacts('p', { node: 'a', requested: 300, estimated: 300 }))
  t.strictSame(await next(0), [])
  show('a', 0)
  t.strictSame(await next(1), ['a=798'])
  clock.advance(120_000)
  t.strictSame(await next(0), [], 'a silent node stays')
  show('a', 299)
  t.strictSame(await next(1), ['a=300'])
})

t.test('a few writes a look, the rest in the next ones', async (t) => {
  const many = Object.fromEntries(Array.from({ length: mostWrites + 5 }, (_, i) => [`n${i}`, {}]))
  const { next } = leading(t, many)
  const told = await next(mostWrites + 5)
  t.equal(new Set(told).size, mostWrites + 5)
})

t.test('before all nodes and pods are known nothing is written', async (t) => {
  const { next, state, publisher } = leading(t, { a: {} }, { synced: false })
  t.strictSame(await next(0), [])
  t.equal(publisher.counts, undefined)
  state.synced = true
  t.strictSame(await next(1), ['a=896'])
})

t.test('without the setting nothing is written, counted or said', async (t) => {
  const { next, publisher, log } = leading(t, { a: {} }, { isOn: false })
  t.strictSame(await next(0), [])
  t.equal(publisher.counts, undefined)
  t.strictSame(log.lines, [])
})

t.test('leaving: pods that wait find room, and when none has come for two minutes the resource goes', async (t) => {
  const { next, state, clock, publisher, log, read } = leading(t, { a: {}, b: {} })
  await next(2)
  state.isOn = false
  state.waiting = [5]
  t.strictSame(await next(2), [`a=${maxPids}`, `b=${maxPids}`])
  t.match(
    log.lines.find(({ level, message }) => level === 'info' && message.includes('no longer')),
    { fields: { nodes: 2 } }
  )
  state.waiting = []
  clock.advance(quietBeforeLeaving - 1)
  t.strictSame(await next(0), [], 'the policy may not have reached every replica')
  clock.advance(2)
  t.strictSame(await next(2), ['a=-', 'b=-'])
  await next(0)
  t.equal(publisher.counts, undefined, 'nothing is left behind')
  state.isOn = true
  for (const node of 'ab') read(node, 0)
  t.strictSame(await next(2), ['a=896', 'b=896'], 'and back')
})

t.test('a right that is missing is logged once, with what to do', async (t) => {
  const { next, state, log, counted } = leading(t, { a: {}, b: {} }, { synced: false })
  const denied = new KubeError('forbidden', 'User "x" cannot patch resource "nodes/status" in API group ""')
  state.faults.set('*', denied)
  state.synced = true
  await next(0)
  await until(
    'both were tried',
    () => counted.length >= 2,
    () => counted
  )
  t.equal(log.lines.filter(({ level }) => level === 'warn').length, 1)
  t.match(log.lines.at(-1)?.fields, { failure: 'forbidden', hint: /components\/scheduler/ })
  t.ok(counted.every((line) => line === 'new forbidden'))
  state.faults.clear()
  t.strictSame(await next(2), ['a=896', 'b=896'])
})

t.test('a node that cannot be written does not keep the others from it; one that is gone is none', async (t) => {
  const { next, state } = leading(t, { a: {}, b: {}, c: {} }, { synced: false })
  state.faults.set('a', new KubeError('refused', 'another webhook'))
  state.gone.add('b')
  state.synced = true
  t.strictSame(await next(1), ['c=896'])
})

t.test('at the end of the lead the nodes keep what they offer', async (t) => {
  const { next, state, stop, log } = leading(t, { a: {} })
  await next(1)
  state.hangs = true
  state.isOn = false
  state.waiting = [5]
  await until(
    'a write is on its way',
    () => state.isWriting,
    () => state
  )
  await stop()
  t.notOk(log.lines.some(({ level }) => level === 'warn'))
})
