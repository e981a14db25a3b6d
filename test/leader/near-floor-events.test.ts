import t, { type Test } from 'tap'
import { KubeError } from '../../src/kube/kube-error.ts'
import { type NearFloorDeps, NearFloorEvents } from '../../src/leader/near-floor-events.ts'
import type { Holder } from '../../src/model/task-places.ts'
import { memoryLog, until } from '../support/fake-api.ts'
import { fleetOf, type NodeSketch, reading } from '../support/headroom.ts'
import { Looks } from '../support/looks.ts'
import { settings } from '../support/settings.ts'
import { endTimersOf } from '../support/timers.ts'

const near: NodeSketch = { kubepods: [1000, 870] }
const wide: NodeSketch = { kubepods: [1000, 100] }
const mostPerMinute = 20

/** A teller over a fleet, and everything it told. Looks come as fast as they may. */
function leading(
  t: Test,
  nodes: Readonly<Record<string, NodeSketch>>,
  change: Partial<NearFloorDeps> = {},
  isQuick = true
) {
  const { clock, ledger, headroom } = fleetOf(nodes)
  const told: string[] = []
  const state = {
    /** Events that are kept. */
    kept: new Set<string>(),
    fault: undefined as KubeError | undefined,
    holders: [] as Holder[],
    others: { workloads: 0, biggest: 0 }
  }
  const log = memoryLog()
  const looks = new Looks()
  const teller = new NearFloorEvents({
    rooms: (floor, maxAge) => headroom.rooms(floor, maxAge),
    holders: () => ({ holders: state.holders, others: state.others }),
    isSynced: () => true,
    settings: () => settings(),
    events: {
      async post(node, { type, reason, message }) {
        if (state.fault !== undefined) throw state.fault
        told.push(`${type} ${reason} ${node}: ${message}`)
      },
      async postOnce(node, key, { type, reason, message }) {
        if (state.fault !== undefined) throw state.fault
        if (state.kept.has(`${node}.${key}`)) return 'already there'
        state.kept.add(`${node}.${key}`)
        told.push(`${type} ${reason} ${node}: ${message}`)
        return 'posted'
      }
    },
    clock,
    random: looks.random,
    log,
    meter: { countNearFloor: (result) => told.push(result) },
    ...(isQuick ? { every: 1 } : {}),
    ...change,
    isWanted() {
      looks.began()
      return change.isWanted?.() ?? true
    }
  })
  const quiet = () => looks.quiet()
  let abort = new AbortController()
  let running = teller.run(abort.signal)
  t.teardown(async () => {
    abort.abort()
    await running
  })
  return {
    state,
    teller,
    log,
    clock,
    looks,
    quiet,
    read: (node: string, inUse: number) =>
      ledger.observeReading(reading(node, clock.now(), { kubepods: { limit: 1000, inUse } })),
    async next(lines: number): Promise<string[]> {
      await until(
        `${lines} lines`,
        () => told.length >= lines,
        () => told
      )
      await quiet()
      return told.splice(0)
    },
    async handOver() {
      abort.abort()
      await running
      abort = new AbortController()
      running = teller.run(abort.signal)
    }
  }
}

t.test(
  'a node that comes near its floor is told of once, with the figures, who holds them and what to do',
  async (t) => {
    const { next, read, state, teller } = leading(t, { a: wide, b: wide })
    t.strictSame(await next(0), [])
    t.equal(teller.near, 0)
    state.holders = [
      { place: 'workload', kind: 'Deployment', namespace: 'shop', name: 'boom', pids: 502, pods: 1, terminating: 0 },
      { place: 'unexplained', pids: 100 }
    ]
    read('a', 870)
    t.strictSame(await next(2), [
      'Warning PIDsNearFloor a: a has 30 PIDs free under kubepods: limit 1000, floor 100, committed 870, in use 870. Where they are: Deployment shop/boom holds 502 PIDs in 1 pod; 100 PIDs under kubepods, but in none of its pods. See pidguard top nodes -o wide and top pods --node a; stop what leaks, before pods are refused here.',
      'posted'
    ])
    t.equal(teller.near, 1)
    read('a', 990)
    t.strictSame(await next(0), [], 'once')
  }
)

t.test('another episode is another Event, though that of the first is still kept', async (t) => {
  const { next, read } = leading(t, { a: wide })
  await next(0)
  for (const episode of ['first', 'second']) {
    read('a', 870)
    t.match(await next(2), [/PIDsNearFloor a/, 'posted'], episode)
    read('a', 100)
    t.strictSame(await next(0), [])
  }
})

t.test('who leads anew does not tell of what the one before has told of, as long as that is kept', async (t) => {
  const { next, handOver, state, teller } = leading(t, { a: near })
  t.match(await next(2), [/PIDsNearFloor a.*no pod there is known to hold any/, 'posted'])
  await handOver()
  t.strictSame(await next(0), [])
  t.equal(teller.near, 1)
  state.kept.clear()
  await handOver()
  t.match(await next(2), [/PIDsNearFloor a/, 'posted'], 'once it is gone, it says so again')
})

t.test('of a whole fleet that is low no more than some are told in a minute, the worst first', async (t) => {
  const nodes = Array.from(
    { length: mostPerMinute + 5 },
    (_, at) => [`n${at}`, { kubepods: [1000, 870 + at] }] as const
  )
  const { next, clock, read, log } = leading(t, Object.fromEntries(nodes))
  const first = await next(mostPerMinute + 5)
  t.equal(first.filter((line) => line === 'posted').length, mostPerMinute)
  t.equal(first.filter((line) => line === 'held-back').length, 5, 'each counted once')
  t.match(
    first.find((line) => line.startsWith('Warning')),
    `n${mostPerMinute + 4}`
  )
  t.match(
    log.lines.filter(({ message }) => message.startsWith('more nodes near')),
    [{ level: 'warn', fields: { nodes: 5, mostPerMinute } }]
  )
  clock.advance(3_000)
  t.match(await next(2), [/Warning PIDsNearFloor n4:/, 'posted'], 'one every three seconds')
  for (const [name] of nodes) read(name, 100)
  clock.advance(60_000)
  for (const [name] of nodes) read(name, 100)
  t.strictSame(await next(0), [], 'a node that is well again when its turn comes gets no Event')
  for (const [name] of nodes) read(name, 890)
  const second = await next(mostPerMinute + 5)
  t.equal(second.filter((line) => line === 'held-back').length, 5, 'what was held back before is held back anew')
  t.equal(log.lines.filter(({ message }) => message.startsWith('more nodes near')).length, 2, 'and said once more')
})

t.test(
  'a right that is missing is told with the components that bring it; the node is told of once it is there',
  async (t) => {
    const { next, state, log, read, quiet } = leading(t, { a: wide })
    await quiet()
    state.fault = new KubeError('forbidden', 'events is forbidden')
    read('a', 870)
    t.strictSame(await next(1), ['forbidden'], 'one try, and then a longer wait')
    t.match(log.lines.at(-1), { level: 'warn', message: 'event not written', fields: { hint: /components\/audit/ } })
    state.fault = undefined
    t.match(await next(2), [/PIDsNearFloor a/, 'posted'])
  }
)

t.test('nothing before all is known, nothing where nobody wants to know, and nothing of what is stale', async (t) => {
  const { next, teller, looks } = leading(t, { a: near }, { isSynced: () => false })
  t.strictSame(await next(0), [])
  t.equal(teller.near, undefined)
  t.equal(looks.hasFailed, false, 'and the next look is not put off')
  const other = leading(t, { a: near }, { isWanted: () => false })
  t.strictSame(await other.next(0), [])
  t.equal(other.teller.near, undefined)
  t.equal(other.looks.hasFailed, false)
  const old = leading(t, { a: { ...near, age: 60_001 } })
  t.strictSame(await old.next(0), [])
  t.equal(old.teller.near, 0)
})

t.test('what a quiet time leaves over is a minute’s worth of Events, not more', async (t) => {
  const nodes = Array.from({ length: mostPerMinute + 1 }, (_, at): [string, NodeSketch] => [`n${at}`, wide])
  const { next, clock, read } = leading(t, Object.fromEntries(nodes))
  await next(0)
  clock.advance(3_600_000)
  for (const [name] of nodes) read(name, 900)
  const told = await next(mostPerMinute * 2 + 1)
  t.equal(told.filter((line) => line === 'posted').length, mostPerMinute)
  clock.advance(2_990)
  t.strictSame(await next(0), [])
  clock.advance(20)
  t.match(await next(2), [/PIDsNearFloor/, 'posted'])
})

t.test('a failure is logged once, and again after an Event that was posted', async (t) => {
  const { next, state, log, read, quiet } = leading(t, { a: wide, b: wide })
  await quiet()
  for (const [node, want] of [
    ['a', 1],
    ['b', 2]
  ] as const) {
    state.fault = new KubeError('server-error', 'no')
    read(node, 870)
    t.strictSame(await next(1), ['failed'])
    state.fault = undefined
    t.match(await next(2), [/PIDsNearFloor/, 'posted'])
    t.equal(log.lines.filter(({ message }) => message === 'event not written').length, want)
  }
  t.notOk(
    log.lines.some(({ fields }) => 'hint' in fields),
    'no right is missing'
  )
})

t.test('switched off and on again, it begins anew: what is near then may be known already', async (t) => {
  let isWanted = true
  const { next, teller, quiet } = leading(t, { a: near }, { isWanted: () => isWanted })
  await next(2)
  isWanted = false
  await quiet()
  t.equal(teller.near, undefined)
  isWanted = true
  t.strictSame(await next(0), [], 'its Event is still kept')
  t.equal(teller.near, 1)
})

t.test('it looks every five seconds', async (t) => {
  const ended = endTimersOf(t, 5_000)
  const { quiet } = leading(t, { a: wide }, {}, false)
  await quiet()
  await quiet()
  t.ok(ended() > 0)
})
