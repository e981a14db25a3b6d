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

type State = 'as-policy' | 'no-strategy' | 'no-variable'

const finding = (ruleId: string): RuleFinding => ({
  ruleId,
  pointer: '/spec',
  reason: 'is wrong',
  detail: 'x',
  remedy: 'Do this.'
})

/** A cluster of one DaemonSet of Felix, whose state is what a repair or another writer makes of it. */
function cluster(change: { isWanted?: boolean; isOwned?: boolean; onWrite?: () => void; eventError?: KubeError } = {}) {
  const world = {
    state: 'as-policy' as State,
    isSynced: true,
    looks: 0,
    events: [] as NodeEvent[],
    writes: [] as string[],
    results: [] as RepairResult[],
    writeError: undefined as KubeError | undefined,
    now: 0
  }
  const daemonSet: KeptDaemonSet = {
    namespace: 'kube-system',
    name: 'calico-node',
    uid: 'u',
    resourceVersion: '1',
    oldPods: 2,
    object: {}
  }
  const log = memoryLog()
  const keeper = new CalicoKeeper({
    watch: () => ({
      get isSynced() {
        world.looks++
        return world.isSynced
      },
      felixConfigurations: [],
      values: () => [daemonSet]
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
    random: () => 0,
    log,
    meter: { countCalicoRepair: (result) => world.results.push(result) },
    every: 1
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
  return { world, keeper, log, looked, abort, running, reasons: () => world.events.map(({ reason }) => reason) }
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

t.test('before DaemonSets are known there are no figures, and after leading none', async (t) => {
  const { world, keeper, looked, abort, running } = cluster()
  world.isSynced = false
  const before = cluster()
  before.world.isSynced = true
  await looked()
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
