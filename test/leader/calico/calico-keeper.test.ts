import t from 'tap'
import { KubeError } from '../../../src/kube/kube-error.ts'
import {
  type CalicoCheck,
  CalicoKeeper,
  type KeptDaemonSet,
  type RepairResult
} from '../../../src/leader/calico/calico-keeper.ts'
import type { RuleFinding } from '../../../src/model/finding.ts'
import type { NodeEvent } from '../../../src/ports/node-actions.ts'
import { memoryLog, until } from '../../support/fake-api.ts'
import { Looks } from '../../support/looks.ts'
import { endTimersOf } from '../../support/timers.ts'

type State = 'as-policy' | 'no-strategy' | 'no-variable'

const finding = (ruleId: string): RuleFinding => ({
  ruleId,
  pointer: '/spec',
  reason: 'is wrong',
  detail: 'x',
  remedy: 'Do this.'
})

/** A cluster of one DaemonSet of Felix, whose state is what a repair or another writer makes of it. */
function cluster(
  change: {
    isWanted?: boolean
    /** Whether DaemonSets are known from the start. */
    isSynced?: boolean
    isOwned?: boolean
    onWrite?: () => void
    eventError?: KubeError
    /** Pods of an old revision, of each DaemonSet there is. */
    oldPods?: readonly (number | undefined)[]
    every?: undefined
  } = {}
) {
  const world = {
    state: 'as-policy' as State,
    isSynced: change.isSynced ?? true,
    looks: 0,
    events: [] as NodeEvent[],
    writes: [] as string[],
    results: [] as RepairResult[],
    writeError: undefined as KubeError | undefined,
    now: 0
  }
  const daemonSets = (change.oldPods ?? [2]).map(
    (oldPods, at): KeptDaemonSet => ({
      namespace: 'kube-system',
      name: 'calico-node',
      uid: `u${at}`,
      resourceVersion: '1',
      oldPods,
      object: {}
    })
  )
  const looks = new Looks()
  const log = memoryLog()
  const keeper = new CalicoKeeper({
    watch: () => ({
      get isSynced() {
        world.looks++
        looks.began()
        return world.isSynced
      },
      felixConfigurations: [],
      values: () => daemonSets
    }),
    check(): CalicoCheck {
      const { state } = world
      if (state === 'as-policy') return { findings: [], repair: undefined }
      const ruleId = state === 'no-strategy' ? 'calico-update-strategy' : 'calico-iptables-backend'
      const repair = change.isOwned === true ? undefined : { ruleId, operations: [] }
      return { findings: [finding(ruleId)], repair }
    },
    isRepairWanted: () => change.isWanted ?? true,
    async write() {
      if (world.writeError !== undefined) throw world.writeError
      world.writes.push(world.state)
      world.state = world.state === 'no-strategy' ? 'no-variable' : 'as-policy'
      change.onWrite?.()
    },
    async postEvent(_daemonSet, event) {
      if (change.eventError !== undefined) throw change.eventError
      world.events.push(event)
    },
    clock: { monotonic: () => world.now },
    random: looks.random,
    log,
    meter: { countCalicoRepair: (result) => world.results.push(result) },
    ...('every' in change ? {} : { every: 1 })
  })
  const abort = new AbortController()
  const running = keeper.run(abort.signal)
  t.teardown(async () => {
    abort.abort()
    await running
  })
  const looked = async (times = 3) => {
    const from = world.looks
    await until(
      `${times} looks`,
      () => world.looks >= from + times,
      () => world.looks
    )
  }
  return { world, keeper, log, looked, looks, abort, running, reasons: () => world.events.map(({ reason }) => reason) }
}

t.test('the strategy first, then the variable, and an Event for each', async (t) => {
  const { world, keeper, looked, reasons } = cluster()
  await looked()
  t.strictSame(keeper.counts, { asPolicy: 1, outOfPolicy: 0, stopped: 0, oldPods: 2 })
  t.strictSame(reasons(), [], 'nothing to say')
  world.state = 'no-strategy'
  await until(
    'repaired',
    () => world.state === 'as-policy',
    () => world.state
  )
  t.strictSame(world.writes, ['no-strategy', 'no-variable'])
  await looked()
  t.strictSame(reasons(), ['CalicoOutOfPolicy', 'CalicoRepaired', 'CalicoOutOfPolicy', 'CalicoRepaired'])
  t.strictSame(world.results, ['written', 'written'])
  t.match(world.events[0]?.message, 'calico-update-strategy: is wrong (x). Do this.')
})

t.test('without the switch it is reported once, and not touched', async (t) => {
  const { world, keeper, looked, reasons } = cluster({ isWanted: false })
  world.state = 'no-variable'
  await looked(5)
  t.strictSame(reasons(), ['CalicoOutOfPolicy'])
  t.strictSame(world.writes, [])
  t.strictSame(keeper.counts, { asPolicy: 0, outOfPolicy: 1, stopped: 0, oldPods: 2 })
})

t.test('what an operator owns is reported, and not touched', async (t) => {
  const { world, looked, reasons } = cluster({ isOwned: true })
  world.state = 'no-variable'
  await looked(5)
  t.strictSame(reasons(), ['CalicoOutOfPolicy'])
  t.strictSame(world.writes, [])
})

t.test('undone twice, it stops, and says so once', async (t) => {
  const { world, keeper, looked, reasons, log } = cluster()
  for (let i = 0; i < 5; i++) {
    world.state = 'no-variable'
    await looked(5)
  }
  t.strictSame(world.writes, ['no-variable', 'no-variable'], 'at most one write for each of theirs')
  t.equal(reasons().filter((reason) => reason === 'CalicoRepairStopped').length, 1)
  t.equal(keeper.counts?.stopped, 1)
  t.equal(log.lines.filter(({ level }) => level === 'error').length, 1)
})

t.test('another writer that answers at once is no endless loop either', async (t) => {
  const fight = cluster({
    onWrite: () => {
      fight.world.state = 'no-variable'
    }
  })
  fight.world.state = 'no-variable'
  await until(
    'it stops',
    () => fight.reasons().includes('CalicoRepairStopped'),
    () => fight.reasons()
  )
  await fight.looked(5)
  t.ok(fight.world.writes.length <= 3, `${fight.world.writes.length} writes`)
})

t.test('a conflict is another writer: the next look sees what it wrote', async (t) => {
  const { world, looked } = cluster()
  world.writeError = new KubeError('conflict', 'changed')
  world.state = 'no-variable'
  await looked()
  world.writeError = undefined
  await until(
    'repaired',
    () => world.state === 'as-policy',
    () => world.state
  )
  t.equal(world.results[0], 'conflict')
  t.equal(world.results.at(-1), 'written')
})

t.test('without the right to repair or to write Events, the log says what to add, once', async (t) => {
  const forbidden = new KubeError('forbidden', 'no')
  const { world, looked, log, keeper } = cluster({ eventError: forbidden })
  world.writeError = forbidden
  world.state = 'no-variable'
  await until(
    'forbidden',
    () => world.results.includes('forbidden'),
    () => world.results
  )
  await looked(1)
  const hints = log.lines.filter(({ fields }) => 'hint' in fields)
  t.equal(hints.length, 1)
  t.match(hints[0]?.fields, { hint: /components\/calico-repair/ })
  t.equal(keeper.counts?.outOfPolicy, 1, 'the metric says it all the same')
})

t.test('pods of an old revision are those of all DaemonSets that say so; unknown where none does', async (t) => {
  for (const { oldPods, want } of [
    { oldPods: [], want: 0 },
    { oldPods: [undefined], want: undefined },
    { oldPods: [undefined, 0], want: 0 },
    { oldPods: [2, undefined, 3], want: 5 }
  ]) {
    const { keeper, looked } = cluster({ oldPods })
    await looked()
    t.equal(keeper.counts?.oldPods, want, JSON.stringify(oldPods))
  }
})

t.test('each kind of failure is logged once, and again after a repair that was written', async (t) => {
  const { world, log, looked, looks } = cluster()
  const failures = () => log.lines.filter(({ message }) => message === 'calico not repaired')
  const refusedOnce = async (want: number) => {
    world.writeError = new KubeError('refused', 'no')
    world.state = 'no-variable'
    await until(
      'refused',
      () => looks.hasFailed,
      () => world
    )
    t.equal(failures().length, want)
    world.writeError = undefined
    await until(
      'repaired',
      () => world.state === 'as-policy',
      () => world
    )
    await looked()
  }
  await refusedOnce(1)
  t.strictSame(world.results, ['failed', 'written'], 'after a failure it waits longer')
  t.match(failures()[0]?.fields, { failure: 'refused', error: 'no', hint: undefined })
  await refusedOnce(2)
})

t.test('a DaemonSet that is gone is one with whose repair nothing is wrong', async (t) => {
  const { world, log, looked, looks } = cluster()
  world.writeError = new KubeError('not-found', 'gone')
  world.state = 'no-variable'
  await looked()
  t.equal(world.results[0], 'conflict')
  t.equal(looks.hasFailed, false)
  t.notOk(log.lines.some(({ message }) => message === 'calico not repaired'))
})

t.test('an Event that cannot be written keeps neither the repair nor the next look', async (t) => {
  const { world, log, looked, looks } = cluster({ eventError: new KubeError('server-error', 'no') })
  world.state = 'no-variable'
  await looked()
  t.strictSame(world.results, ['written'])
  t.equal(looks.hasFailed, false)
  t.equal(log.lines.filter(({ message }) => message === 'event not written').length, 2, 'before and after the repair')
})

t.test('it looks every two seconds', async (t) => {
  const ended = endTimersOf(t, 2_000)
  const { looked } = cluster({ every: undefined })
  await looked()
  t.ok(ended() > 0)
})

t.test('before DaemonSets are known there are no figures, and after leading none', async (t) => {
  const { world, keeper, looked, looks, abort, running } = cluster({ isSynced: false })
  await looked()
  t.equal(keeper.counts, undefined)
  t.equal(looks.hasFailed, false, 'and the next look is not put off')
  world.isSynced = true
  await until(
    'counted',
    () => keeper.counts !== undefined,
    () => keeper.counts
  )
  abort.abort()
  await running
  t.equal(keeper.counts, undefined)
})
