import fc from 'fast-check'
import t from 'tap'
import { Headroom } from '../../../src/headroom/assess/headroom.ts'
import { Ledger } from '../../../src/headroom/ledger/ledger.ts'
import { UnseenByPeers, unseenTime } from '../../../src/headroom/ledger/unseen-by-peers.ts'
import { fakeClock } from '../../support/fakes.ts'
import { demand, nodeFacts, plain, podFacts, reading } from '../../support/headroom.ts'

t.test('a pod counts where it is, once, and for so long', async (t) => {
  const unseen = new UnseenByPeers()
  const sums = () => [unseen.size, unseen.waiting.pids, unseen.on('n1'), unseen.on('n2')]
  unseen.add({ uid: 'a', namespace: 'default', pids: 100, placement: plain, node: undefined }, 0)
  unseen.add({ uid: 'b', namespace: 'default', pids: 50, placement: plain, node: 'n1' }, 0)
  t.strictSame(sums(), [2, 100, 50, 0])
  unseen.add({ uid: 'a', namespace: 'default', pids: 100, placement: plain, node: 'n1' }, 10)
  t.strictSame(sums(), [2, 0, 150, 0], 'bound, it is no longer on its way')
  unseen.expire(unseenTime - 1)
  t.strictSame(sums(), [2, 0, 150, 0])
  unseen.expire(unseenTime)
  t.strictSame(sums(), [1, 0, 100, 0])
  unseen.delete('a')
  unseen.delete('a')
  t.strictSame(sums(), [0, 0, 0, 0])
})

/** Some processes that guard one node of so much room, as the API server shows it to them, late. */
function replicasOver(room: number, count: number) {
  const clock = fakeClock(0)
  const late: { at: number; tell: () => void }[] = []
  const replicas = Array.from({ length: count }, () => {
    const ledger = new Ledger(clock, () => 50)
    ledger.observeNode(nodeFacts('n1'))
    ledger.observeReading(reading('n1', 0, { host: { limit: room, inUse: 0 }, kubepods: { limit: room, inUse: 0 } }))
    const headroom = new Headroom(
      ledger,
      clock,
      () => true,
      () => count
    )
    return { ledger, headroom }
  })
  type Replica = (typeof replicas)[number]
  return {
    clock,
    replicas,
    /** Shows a pod to everybody after some time, and never before one that was stored earlier: a watch keeps the order. */
    show(uid: string, pids: number, node: string | undefined, lag = 0) {
      const facts = podFacts(uid, { estimated: pids, node, phase: 'Pending', placement: plain })
      const at = Math.max(late.at(-1)?.at ?? 0, clock.monotonic() + lag)
      for (const { ledger } of replicas) late.push({ at, tell: () => ledger.observePod(facts) })
    },
    wait(span: number) {
      clock.advance(span)
      for (const each of late.filter(({ at }) => at <= clock.monotonic())) {
        late.splice(late.indexOf(each), 1)
        each.tell()
      }
    },
    admit({ ledger, headroom }: Replica, uid: string, pids: number): boolean {
      if (headroom.assess(demand({ uid, pids })).verdict !== 'fits') return false
      ledger.assume({ uid, namespace: 'default', workload: { kind: 'Pod', name: uid }, pids, placement: plain })
      return true
    },
    bind({ ledger, headroom }: Replica, uid: string, pids: number): boolean {
      if (headroom.assessNode('n1', { uid, pids, floor: { pids: 0 }, maxAge: 1e9 }).verdict !== 'fits') return false
      ledger.confirm(uid, 'n1')
      return true
    }
  }
}

t.test('one of three replicas gives away a third at once, and the rest once the others have seen that', async (t) => {
  const { replicas, admit, show, wait, clock } = replicasOver(1000, 3)
  const [one] = replicas
  if (one === undefined) return
  const admitted = (): number => {
    const uids = Array.from({ length: 10 }, (_, i) => `${clock.monotonic()}-${i}`).filter((uid) => admit(one, uid, 100))
    for (const uid of uids) show(uid, 100, undefined, 20)
    return uids.length
  }
  t.equal(admitted(), 4, '3 of 3 × 100, and one that fits beside them')
  t.match(one.headroom.assess(demand({ pids: 100 })), {
    verdict: 'full',
    waiting: { pods: 4, pids: 400 },
    setAside: 800
  })
  for (const more of [2, 2, 1, 1, 0]) {
    wait(20)
    t.equal(admitted(), more)
  }
})

t.test('what the API server never shows is no longer kept free after a while', async (t) => {
  const { replicas, admit, wait } = replicasOver(1000, 3)
  const [one] = replicas
  if (one === undefined) return
  t.ok(admit(one, 'a', 300))
  t.notOk(admit(one, 'b', 200))
  wait(unseenTime)
  t.ok(admit(one, 'b', 200))
})

t.test('an event from before a binding does not show it bound', async (t) => {
  const { replicas, bind } = replicasOver(1000, 3)
  const [one] = replicas
  if (one === undefined) return
  one.ledger.observePod(podFacts('a', { estimated: 300, phase: 'Pending', placement: plain }))
  t.ok(bind(one, 'a', 300))
  one.ledger.observePod(podFacts('a', { estimated: 300, phase: 'Pending', placement: plain, deleting: false }))
  t.equal(one.ledger.unseen.on('n1'), 300)
  one.ledger.observePod(podFacts('a', { estimated: 300, phase: 'Pending', node: 'n1' }))
  t.equal(one.ledger.unseen.on('n1'), 0)
})

t.test('alone it gives away all of it', async (t) => {
  const { replicas, admit } = replicasOver(1000, 1)
  const [one] = replicas
  if (one === undefined) return
  t.equal(Array.from({ length: 20 }, (_, i) => admit(one, `${i}`, 100)).filter(Boolean).length, 10)
})

t.test('a pod that is asked for again is not counted against itself', async (t) => {
  const { replicas, admit, bind } = replicasOver(1000, 3)
  const [one] = replicas
  if (one === undefined) return
  t.ok(admit(one, 'a', 900))
  t.ok(admit(one, 'a', 900))
  t.ok(bind(one, 'a', 900))
  t.ok(bind(one, 'a', 900))
})

t.test('a pod that asks again has nothing set aside for itself, only for the others', async (t) => {
  const { replicas, admit } = replicasOver(1000, 3)
  const [one] = replicas
  if (one === undefined) return
  t.ok(admit(one, 'a', 300))
  t.ok(admit(one, 'b', 100))
  const again = demand({ uid: 'a', pids: 1001 })
  t.match(one.headroom.assess(again), { verdict: 'full', setAside: 200, waiting: { pods: 1, pids: 100 } })
  t.match(one.headroom.assess({ ...again, uid: 'c' }), {
    verdict: 'full',
    setAside: 800,
    waiting: { pods: 2, pids: 400 }
  })
  one.ledger.confirm('a', 'n1')
  t.match(one.headroom.assess(again), { verdict: 'full', setAside: 200 }, 'bound')
})

const wishes = fc.array(
  fc.record({
    replica: fc.nat(2),
    pids: fc.constantFrom(10, 50, 90, 200),
    lag: fc.integer({ min: 0, max: unseenTime - 1 }),
    wait: fc.constantFrom(0, 0, 0, 1, 500, 1_999, 2_000)
  }),
  { maxLength: 60, size: 'max' }
)

for (const step of ['admission', 'binding'] as const) {
  t.test(
    `in any order, replicas together give away all there is, and two pods for each of the others at most: ${step}`,
    async (t) => {
      fc.assert(
        fc.property(wishes, fc.constantFrom(1, 2, 3), (wanted, count) => {
          const { replicas, show, wait, admit, bind } = replicasOver(1000, count)
          let given = 0
          let largest = 0
          for (const [i, { replica, pids, lag, wait: span }] of wanted.entries()) {
            const asked = replicas[replica % count]
            if (asked === undefined) continue
            const uid = `p${i}`
            if (step === 'binding')
              for (const { ledger } of replicas)
                ledger.observePod(podFacts(uid, { estimated: pids, phase: 'Pending', placement: plain }))
            if (step === 'admission' ? admit(asked, uid, pids) : bind(asked, uid, pids)) {
              given += pids
              largest = Math.max(largest, pids)
              show(uid, pids, step === 'binding' ? 'n1' : undefined, lag)
            }
            wait(span)
          }
          return given <= 1000 + 2 * (count - 1) * largest
        }),
        { numRuns: 1000, seed: 11 }
      )
      t.pass()
    }
  )
}
