import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { Headroom } from '../../src/headroom/assess/headroom.ts'
import { KubeError } from '../../src/kube/kube-error.ts'
import type { AwaitingPods } from '../../src/leader/awaited-room.ts'
import { NodeTainter, type TainterDeps } from '../../src/leader/node-tainter.ts'
import { lowPids } from '../../src/leader/taint-plan.ts'
import { memoryLog, until } from '../support/fake-api.ts'
import { type Fleet, fleetOf, type NodeSketch, nodeFacts, reading } from '../support/headroom.ts'
import { Looks } from '../support/looks.ts'
import { type SettingsChange, settings } from '../support/settings.ts'
import { endTimersOf } from '../support/timers.ts'

const low: NodeSketch = { kubepods: [1000, 900] }
const wide: NodeSketch = { kubepods: [1000, 100] }

/** A tainter over a fleet whose nodes show at once what is written to them; and everything it told. */
function leading(
  t: Test,
  nodes: Readonly<Record<string, NodeSketch>>,
  change: SettingsChange['headroom'] = {},
  synced = true,
  isQuick = true
) {
  const fleet: Fleet = fleetOf(nodes)
  const { clock, ledger, headroom } = fleet
  const told: string[] = []
  const state = {
    settings: settings({ headroom: { taintNodes: true, ...change } }),
    synced,
    waiting: [] as AwaitingPods[],
    /** Thrown by the next writes, by node; '*' for all. */
    faults: new Map<string, KubeError>(),
    eventFault: undefined as KubeError | undefined,
    /** Whether writes hang until the lead is lost; whether one does now. */
    hangs: false,
    isWriting: false,
    hung: 0,
    /** Whether the cache shows what is written. */
    lagging: false,
    /** Nodes written in each look that wrote any. */
    written: [] as string[][]
  }
  const show = (node: string, tainted: boolean): void => {
    const facts = ledger.node(node)?.facts
    const others = facts?.taints.filter((taint) => taint !== lowPids) ?? []
    ledger.observeNode({ ...nodeFacts(node), ...facts, taints: tainted ? [...others, lowPids] : others })
  }
  const log = memoryLog()
  const looks = new Looks()
  let sums = 0
  const deps: TainterDeps = {
    rooms: (...args: Parameters<Headroom['rooms']>) => headroom.rooms(...args),
    isSynced() {
      looks.began()
      if (state.written.at(-1)?.length !== 0) state.written.push([])
      return state.synced
    },
    waiting: () => state.waiting,
    // Another one each time, so that every look is due.
    waitingSum: () => ({ pods: state.waiting.length, pids: sums++ }),
    settings: () => state.settings,
    taints: {
      async write(node, tainted, signal) {
        if (state.hangs) {
          state.isWriting = true
          state.hung++
          await once(signal, 'abort')
          throw new KubeError('aborted', 'stopped')
        }
        const fault = state.faults.get(node) ?? state.faults.get('*')
        if (fault !== undefined) throw fault
        told.push(`${tainted ? '+' : '-'}${node}`)
        state.written.at(-1)?.push(node)
        if (!state.lagging) show(node, tainted)
        return 'written'
      }
    },
    events: {
      async post(node, { type, reason, message }) {
        if (state.eventFault !== undefined) throw state.eventFault
        told.push(`${type} ${reason} ${node}: ${message}`)
      }
    },
    clock,
    random: looks.random,
    log,
    meter: { countTaint: (kind, result) => told.push(`${kind} ${result}`) },
    ...(isQuick ? { every: 1 } : {})
  }
  const tainter = new NodeTainter(deps)
  const quiet = () => looks.quiet()
  const abort = new AbortController()
  let running = tainter.run(abort.signal)
  t.teardown(async () => {
    abort.abort()
    await running
  })
  return {
    ...fleet,
    state,
    show,
    tainter,
    log,
    /** What was told since the last time, once it is there. */
    next: (lines: number) => looks.take(told, lines),
    quiet,
    looks,
    told,
    read: (node: string, inUse: number) =>
      ledger.observeReading(reading(node, clock.now(), { kubepods: { limit: 1000, inUse } })),
    async stop() {
      abort.abort()
      await running
    },
    async again() {
      running = tainter.run(abort.signal)
      await running
    }
  }
}

t.test('a node that fills up is tainted, told of, and freed when there is room again', async (t) => {
  const { next, read, clock, tainter, log } = leading(t, { a: low, b: wide, c: wide })
  t.strictSame(await next(3), [
    '+a',
    'taint done',
    'Warning LowPids a: a has 0 PIDs free under kubepods: limit 1000, floor 100, committed 900, in use 900; the next pod needs 50. New pods go elsewhere.'
  ])
  t.strictSame(tainter.counts, { tainted: 1, passedOver: 0 })
  t.match(log.lines.at(-1), {
    level: 'info',
    message: 'node tainted, low on PIDs',
    fields: { node: 'a', ceiling: 'kubepods', limit: 1000, committed: 900, floor: 100, free: 0, need: 50 }
  })
  clock.advance(30_000)
  for (const node of 'bc') read(node, 100)
  read('a', 801)
  t.strictSame(await next(0), [], 'within the hysteresis')
  read('a', 800)
  t.strictSame(await next(3), [
    '-a',
    'untaint done',
    'Normal PidsRecovered a: a has 100 PIDs free under kubepods: limit 1000, floor 100, committed 800, in use 800. Pods may land here again.'
  ])
  t.strictSame(tainter.counts, { tainted: 0, passedOver: 0 })
})

t.test(
  'for a large pod that waits every node without room for it is closed, and opened once it has landed',
  async (t) => {
    const { next, state, clock } = leading(t, { a: { kubepods: [1000, 600] }, b: { kubepods: [1000, 700] }, c: wide })
    t.strictSame(await next(0), [])
    state.waiting = [{ key: 'large', pids: 400, count: 1, nodes: ['a', 'b', 'c'].map((name) => ({ name })) }]
    const closed = await next(6)
    t.strictSame(
      closed.filter((line) => /^[-+]/.test(line)),
      ['+b', '+a']
    )
    t.match(closed.at(-1), /the next pod needs 400/)
    state.waiting = [{ key: 'small', pids: 300, count: 1, nodes: ['a', 'b', 'c'].map((name) => ({ name })) }]
    t.strictSame(await next(0), [], 'the next one fits on c too')
    clock.advance(2_000)
    t.match(await next(3), ['-a', 'untaint done', /PidsRecovered/], 'it may wait for something else than PIDs there')
  }
)

t.test('pods that fit nowhere close all nodes, so that the scheduler calls them unschedulable', async (t) => {
  const { next, state } = leading(t, { a: { kubepods: [1000, 600] }, b: { kubepods: [1000, 700] } })
  state.waiting = [{ key: 'x', pids: 800, count: 1, nodes: ['a', 'b'].map((name) => ({ name })) }]
  t.strictSame(
    (await next(6)).filter((line) => /^[-+]/.test(line)),
    ['+b', '+a']
  )
})

t.test('a fleet that is low everywhere is not tainted shut, and that is told once', async (t) => {
  const { next, tainter, log } = leading(t, { a: low, b: low, c: low, d: { kubepods: [1000, 950] } })
  t.match(
    (await next(3)).filter((line) => line.startsWith('+')),
    ['+d']
  )
  t.strictSame(tainter.counts, { tainted: 1, passedOver: 3 })
  const said = log.lines.filter(({ message }) => message.startsWith('nodes low on PIDs are not tainted'))
  t.match(said, [{ level: 'warn', fields: { nodes: 3 } }])
  t.equal(said.length, 1)
})

t.test('nothing is done before all nodes are known', async (t) => {
  const { state, next, tainter, looks } = leading(t, { a: low, b: wide }, {}, false)
  t.strictSame(await next(0), [])
  t.equal(tainter.counts, undefined)
  t.equal(looks.hasFailed, false, 'and the next look is not put off')
  state.synced = true
  t.match(await next(3), ['+a'])
})

t.test('nothing while the switch is off; switched off, every taint goes', async (t) => {
  const { state, next, tainter } = leading(t, { a: low, b: wide }, { taintNodes: false })
  t.strictSame(await next(0), [])
  t.strictSame(tainter.counts, { tainted: 0, passedOver: 0 })
  state.settings = settings({ headroom: { taintNodes: true } })
  t.match(await next(3), ['+a'])
  state.settings = settings({ headroom: { taintNodes: false } })
  t.match(await next(3), ['-a', 'untaint done', /^Normal PidsUnguarded a: The policy/])
})

t.test('a node whose data goes stale keeps its taint for a while', async (t) => {
  const { next, clock, read } = leading(t, { a: low, b: wide, c: wide })
  await next(3)
  clock.advance(60_001)
  t.strictSame(await next(0), [])
  clock.advance(599_999)
  for (const node of 'bc') read(node, 100)
  t.strictSame(await next(0), [])
  clock.advance(1)
  t.match(await next(3), ['-a', 'untaint done', /^Warning PidsUnknown a: No fresh reading/])
})

t.test('a taint that somebody else takes away is not fought over', async (t) => {
  const { next, show, clock, read, log } = leading(t, { a: low, b: wide, c: wide })
  await next(3)
  show('a', false)
  t.strictSame(await next(0), [])
  t.match(log.lines.at(-1), { level: 'warn', message: /^another client took the taint away/, fields: { node: 'a' } })
  clock.advance(60_000)
  read('a', 950)
  t.match(await next(3), ['+a', 'taint done'], 'but put back after a while, if it is still low')
})

t.test('a cache that lags makes no second write', async (t) => {
  const { next, state } = leading(t, { a: low, b: wide, c: wide })
  state.lagging = true
  t.equal((await next(3)).filter((line) => line === '+a').length, 1)
})

const rbac = new KubeError('forbidden', 'nodes "a" is forbidden: User "x" cannot get resource "nodes" in API group ""')
t.test('a right that is missing is told once, with the component that gives it', async (t) => {
  const { next, state, log, quiet } = leading(t, { a: wide, b: wide, c: wide })
  state.faults.set('*', rbac)
  await quiet()
  state.settings = settings({ headroom: { taintNodes: true, floor: { share: 0.9 }, maxTaintedShare: 1 } })
  t.ok((await next(2)).every((line) => line === 'taint forbidden'))
  const warnings = log.lines.filter(({ level, message }) => level === 'warn' && message === 'taint not written')
  t.equal(warnings.length, 1)
  t.match(warnings[0]?.fields, { failure: 'forbidden', hint: /components\/node-taints/ })
})

t.test(
  'a node that another webhook protects does not keep the others from it, nor hides a right that is there',
  async (t) => {
    const { next, state, log } = leading(
      t,
      { a: { kubepods: [1000, 990] }, b: low, c: wide, d: wide },
      { maxTaintedShare: 0.5 },
      false
    )
    state.faults.set('a', new KubeError('forbidden', 'admission webhook "x" denied the request: no'))
    state.synced = true
    t.match(await next(4), ['+b', 'taint forbidden', 'taint done', /^Warning LowPids b/], 'in one look')
    t.notOk(log.lines.some(({ fields }) => 'hint' in fields))
  }
)

t.test('a taint that cannot be removed keeps its place under the share', async (t) => {
  const { next, state, show, read, quiet, told } = leading(t, { a: wide, b: wide, c: wide, d: wide })
  state.faults.set('a', new KubeError('refused', 'no'))
  show('a', true)
  await quiet()
  read('b', 950)
  told.splice(0)
  t.ok((await next(2)).every((line) => line === 'untaint failed'))
})

t.test('without the API server it waits, and goes on when it is back', async (t) => {
  const { next, state, log, quiet } = leading(t, { a: wide, b: wide })
  await quiet()
  state.faults.set('*', new KubeError('unreachable', 'ECONNREFUSED'))
  state.settings = settings({ headroom: { taintNodes: true, floor: { share: 0.9 } } })
  t.strictSame(await next(1), ['taint failed'], 'one try, and then a longer wait')
  state.faults.clear()
  t.match(await next(2), ['+a'])
  t.equal(log.lines.filter(({ message }) => message === 'taint not written').length, 1)
})

t.test('a failure that is about no single node ends the look; one about a node is tried on two more', async (t) => {
  const nodes = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, low]))
  const { next, state } = leading(t, { ...nodes, wide }, { maxTaintedShare: 1 }, false)
  state.faults.set('*', new KubeError('unreachable', 'ECONNREFUSED'))
  state.synced = true
  t.strictSame(new Set(await next(6)), new Set(['taint failed']), 'those that were written at the same time')
  t.strictSame(await next(1), ['taint failed'], 'then one by one')
  state.faults.set('*', new KubeError('refused', 'no'))
  t.strictSame(await next(3), ['taint failed', 'taint failed', 'taint failed'])
  state.faults.clear()
  t.equal((await next(18)).filter((line) => line.startsWith('+')).length, 6, 'and all of them once it is over')
})

t.test('half a second has fifty writes, to those with the least room; the rest follows without a pause', async (t) => {
  const nodes = Array.from({ length: 120 }, (_, at): [string, NodeSketch] => [
    `n${at}`,
    { kubepods: [10_000, 9_000 + at] }
  ])
  const { next, state, looks, quiet, told, clock } = leading(
    t,
    { ...Object.fromEntries(nodes), wide },
    { maxTaintedShare: 1 },
    false
  )
  const tainted = (lines: readonly string[]) => lines.filter((line) => line.startsWith('+')).length
  state.synced = true
  const first = await next(3 * 50)
  await quiet()
  t.equal(tainted([...first, ...told.splice(0)]), 50)
  t.notOk(first.includes('+n0'), 'the one with the most room waits')
  clock.advance(499)
  await quiet()
  t.equal(tainted(told), 0)
  clock.advance(1)
  t.equal(tainted(await next(3 * 50)), 50)
  t.notOk(looks.hasFailed, 'a large change is no failure, after which it would wait longer and longer')
  clock.advance(500)
  t.equal(tainted(await next(3 * 20)), 20)
})

t.test('ten nodes are written at the same time', async (t) => {
  const nodes = Object.fromEntries(Array.from({ length: 12 }, (_, at): [string, NodeSketch] => [`n${at}`, low]))
  const { state, stop } = leading(t, { ...nodes, wide }, { maxTaintedShare: 1 }, false)
  state.hangs = true
  state.synced = true
  await until(
    'the first writes',
    () => state.isWriting,
    () => state.hung
  )
  await stop()
  t.equal(state.hung, 10)
})

t.test('a taint that cannot be removed takes the place of a new one, and one that was removed gives it', async (t) => {
  for (const isRefused of [true, false]) {
    const { next, state, show, told, quiet, clock, read } = leading(
      t,
      { a: wide, b: wide, c: wide, d: wide },
      {},
      false
    )
    show('a', true)
    if (isRefused) state.faults.set('a', new KubeError('refused', 'no'))
    read('b', 950)
    clock.advance(1)
    state.synced = true
    await next(isRefused ? 1 : 6)
    await quiet()
    t.equal(told.includes('+b') || state.written.flat().includes('b'), !isRefused, `refused: ${isRefused}`)
  }
})

t.test('a failure is logged once, and again after a write that succeeded', async (t) => {
  const { next, state, log, read } = leading(t, { a: wide, b: wide, c: wide, d: wide, e: wide }, { maxTaintedShare: 1 })
  const failures = () => log.lines.filter(({ message }) => message === 'taint not written').length
  const refused = new KubeError('refused', 'no')
  for (const [node, want] of [
    ['a', 1],
    ['b', 2]
  ] as const) {
    state.faults.set('*', refused)
    read(node, 950)
    await next(1)
    state.faults.clear()
    t.match((await next(2)).includes(`+${node}`), true)
    t.equal(failures(), want)
  }
})

t.test('it asks a hundred times a second who waits, so that the rest of a burst finds its nodes', async (t) => {
  const ended = endTimersOf(t, 10)
  const { looks } = leading(t, { a: wide }, {}, true, false)
  await looks.quiet()
  await looks.quiet()
  t.ok(ended() > 0)
})

t.test('a write that ends because the lead is lost is no failure', async (t) => {
  const { stop, told, state, log } = leading(t, { a: low, b: wide, c: wide }, {}, false)
  state.hangs = true
  state.synced = true
  await until(
    'a write is under way',
    () => state.isWriting,
    () => state
  )
  await stop()
  t.strictSame(told, [])
  t.strictSame(log.lines, [])
})

t.test('an event that cannot be written changes nothing about the taint', async (t) => {
  const { next, state, log } = leading(t, { a: low, b: low, c: wide, d: wide }, { maxTaintedShare: 0.5 })
  state.eventFault = new KubeError('forbidden', 'no')
  t.strictSame(
    (await next(4)).filter((line) => line.startsWith('+')),
    ['+a', '+b']
  )
  t.equal(log.lines.filter(({ message }) => message === 'event not written').length, 1)
})

t.test('on losing the lead it ends at once and leaves the taints to the next', async (t) => {
  const { next, stop, tainter, told, read, again } = leading(t, { a: low, b: wide, c: wide })
  await next(3)
  await stop()
  t.equal(tainter.counts, undefined)
  read('b', 990)
  await again()
  t.strictSame(told, [])
})
