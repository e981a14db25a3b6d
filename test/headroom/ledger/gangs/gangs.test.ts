import t from 'tap'
import type { LedgerPod } from '../../../../src/headroom/ledger/ledger-inputs.ts'
import type { PodGroup } from '../../../../src/kubernetes/pods/pod-groups.ts'
import { demand, fleetOf, placementOf, plain, podFacts } from '../../../support/headroom.ts'

/** Milliseconds: how long others of a gang are waited for, and an admitted pod that nobody shows. */
const [comingTime, assumedTime] = [10_000, 5_000]

/** Six pods of 100; nobody has said yet how many there have to be. */
const gang: PodGroup = { key: 'scheduling.k8s.io shop/gang', size: undefined, startsWhole: true }
/** The same by Kueue: each pod says it, and starts as soon as its gate is gone. */
const kueue: PodGroup = { key: 'kueue.x-k8s.io shop/gang', size: 6, startsWhole: false }

function books() {
  const { ledger, headroom, clock } = fleetOf({ n1: {}, n2: {} })
  const show = (uid: string, change: Partial<LedgerPod> = {}, group = gang) =>
    ledger.observePod(podFacts(uid, { namespace: 'shop', phase: 'Pending', estimated: 100, group, ...change }))
  const admit = (uid: string, group = gang) =>
    ledger.assume({ uid, namespace: 'shop', workload: { kind: 'Pod', name: uid }, pids: 100, placement: plain, group })
  return {
    ledger,
    show,
    admit,
    /** Admits a pod, and then the API server shows it. */
    make: (uid: string) => {
      admit(uid)
      show(uid)
    },
    wait: (span: number) => {
      clock.advance(span)
      ledger.expire()
    },
    needed: (uid?: string, group = gang) => {
      const need = headroom.neededAtOnce(group, uid)
      return need && need.pods + need.idle
    },
    /** Pods that wait for room, those that are to come among them. */
    get waiting() {
      return ledger.waiting.pods
    },
    state: (uid: string) => ledger.pod(uid)?.state
  }
}

t.test('while nobody says how many there have to be, each pod counts by itself', async (t) => {
  const b = books()
  t.equal(b.needed(), undefined)
  b.make('a')
  t.equal(b.needed(), undefined)
  t.equal(b.waiting, 1)
  b.wait(comingTime)
  t.equal(b.state('a'), 'waiting', 'unknown is not too few')
})

t.test('the first is asked for all of them, and keeps room for those to come', async (t) => {
  const b = books()
  b.ledger.gangs.setSize(gang.key, 6)
  t.equal(b.needed('a'), 6)
  b.admit('a')
  t.equal(b.waiting, 6)
  t.equal(b.needed('a'), 6, 'asked again, it is the same pod')
  t.equal(b.needed('b'), 5)
  b.show('a')
  t.equal(b.waiting, 6, 'shown, it is still one')
  for (const uid of ['b', 'c', 'd', 'e', 'f']) b.make(uid)
  t.equal(b.waiting, 6, 'whole: nobody is to come')
  t.equal(b.needed('g'), 1, 'one more than there have to be is asked for alone')
})

t.test('what is half there holds room for a moment only', async (t) => {
  const b = books()
  b.ledger.gangs.setSize(gang.key, 6)
  b.make('a')
  b.make('b')
  b.wait(comingTime - 1)
  t.equal(b.waiting, 6)
  b.wait(1)
  t.equal(b.waiting, 0)
  t.strictSame([b.state('a'), b.state('b')], ['stalled', 'stalled'])
  t.equal(b.needed('c'), 6, 'those that are there take no room, so they are asked for too')
  b.show('a', { declared: 7 })
  t.equal(b.state('a'), 'stalled', 'a change of it is no new pod')
  b.make('c')
  t.equal(b.waiting, 6)
  t.strictSame([b.state('a'), b.state('b')], ['waiting', 'waiting'])
})

t.test('each that comes gives the others their time again', async (t) => {
  const b = books()
  b.ledger.gangs.setSize(gang.key, 6)
  for (const uid of ['a', 'b', 'c', 'd', 'e']) {
    b.make(uid)
    b.wait(comingTime - 1)
  }
  t.equal(b.waiting, 6)
  b.make('f')
  b.wait(10 * comingTime)
  t.equal(b.waiting, 6, 'all are there: they wait like any pod')
})

t.test('one that was admitted and never stored is missing again', async (t) => {
  const b = books()
  b.ledger.gangs.setSize(gang.key, 6)
  b.admit('a')
  b.wait(assumedTime - 1)
  t.equal(b.waiting, 6)
  b.wait(1)
  t.equal(b.waiting, 0)
  t.equal(b.ledger.gangs.get(gang.key), undefined, 'nothing is left of it')
  t.strictSame([...b.ledger.gangs.holding], [])
})

t.test('members on nodes count, ended ones do not, and unschedulable ones are asked for too', async (t) => {
  const b = books()
  b.ledger.gangs.setSize(gang.key, 6)
  b.show('a', { node: 'n1' })
  t.equal(b.waiting, 0, 'one that has its node is no sign that others come')
  b.show('b', { node: 'n1' })
  b.show('c', { isUnschedulable: true })
  b.show('d', { phase: 'Failed', node: 'n1' })
  t.equal(b.needed('e'), 4)
})

t.test('the size comes later, changes, and goes', async (t) => {
  const b = books()
  b.make('a')
  t.equal(b.waiting, 1)
  b.ledger.gangs.setSize(gang.key, 6)
  t.equal(b.waiting, 0, 'what was checked by itself is no promise to the others')
  t.equal(b.needed('b'), 6)
  b.make('b')
  t.equal(b.waiting, 6)
  b.ledger.gangs.setSize(gang.key, 3)
  t.equal(b.waiting, 3)
  b.ledger.removePod('b')
  t.equal(b.waiting, 3, 'another is to come for the one that is gone')
  b.wait(comingTime)
  t.equal(b.state('a'), 'stalled')
  b.ledger.gangs.setSize(gang.key, 1)
  t.equal(b.state('a'), 'waiting', 'there are enough now')
  b.ledger.gangs.setSize(gang.key, 2)
  t.equal(b.state('a'), 'stalled')
  b.ledger.gangs.setSize(gang.key, undefined)
  t.equal(b.state('a'), 'waiting', 'unknown again')
  t.equal(b.needed('b'), undefined)
})

t.test('gated pods take no room, and the first whose gate goes is asked for all', async (t) => {
  const b = books()
  const uids = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const uid of uids) b.show(uid, { isGated: true }, kueue)
  t.equal(b.waiting, 0)
  t.equal(b.needed('a', kueue), 6)
  b.admit('a', kueue)
  t.equal(b.waiting, 6)
  t.equal(b.needed('b', kueue), 5)
  for (const uid of uids) b.admit(uid, kueue)
  t.equal(b.waiting, 6)
  for (const uid of uids) b.show(uid, {}, kueue)
  for (const uid of uids) b.show(uid, { phase: 'Succeeded', node: 'n1' }, kueue)
  t.equal(b.needed('g', kueue), 1, 'one that is replaced starts alone')
})

t.test('a pod whose gate is gone starts alone: it is never stalled', async (t) => {
  const b = books()
  b.show('a', {}, kueue)
  b.wait(comingTime)
  t.equal(b.state('a'), 'waiting')
  t.equal(b.waiting, 1)
})

t.test('a member that can land on one node only: the others go elsewhere', async (t) => {
  const b = books()
  b.ledger.gangs.setSize(gang.key, 3)
  b.ledger.assume({
    uid: 'a',
    namespace: 'shop',
    workload: { kind: 'Pod', name: 'a' },
    pids: 100,
    placement: { ...plain, signature: 'n1', pinned: 'n1' },
    group: gang
  })
  t.equal(b.waiting, 2)
  t.equal(b.ledger.node('n1')?.pending, 100)
  b.show('a', { placement: { ...plain, signature: 'n1', pinned: 'n1' } })
  b.wait(comingTime)
  t.equal(b.ledger.node('n1')?.pending, 0, 'stalled, it does not take room on its node either')
})

t.test('those that are to come go where the one that came may go', async (t) => {
  const { ledger, headroom } = fleetOf({
    n1: { labels: { zone: 'a' }, kubepods: [300, 0] },
    n2: { labels: { zone: 'b' } }
  })
  const placement = placementOf({ nodeSelector: { zone: 'a' } })
  ledger.gangs.setSize(gang.key, 6)
  ledger.assume({
    uid: 'a',
    namespace: 'shop',
    workload: { kind: 'Pod', name: 'a' },
    pids: 100,
    placement,
    group: gang
  })
  const fits = (zone: string, pids: number) =>
    headroom.assess(demand({ pids, placement: placementOf({ nodeSelector: { zone } }) })).verdict
  t.strictSame([fits('a', 1), fits('b', 1000)], ['full', 'fits'])
})

t.test('a pod that moves to another group is missing in the one it leaves', async (t) => {
  const b = books()
  const other: PodGroup = { ...gang, key: 'scheduling.x-k8s.io shop/other' }
  b.ledger.gangs.setSize(gang.key, 2)
  b.make('a')
  b.make('b')
  b.show('a', {}, other)
  t.match(b.ledger.gangs.get(gang.key), { present: 1, counted: 1, missing: 1 })
  t.match(b.ledger.gangs.get(other.key), { present: 1, counted: 1 })
})

t.test('a label that moves a pod to another group', async (t) => {
  const b = books()
  const other: PodGroup = { ...gang, key: 'scheduling.x-k8s.io shop/other' }
  b.ledger.gangs.setSize(gang.key, 2)
  b.ledger.gangs.setSize(other.key, 2)
  b.make('a')
  b.show('a', {}, other)
  t.equal(b.ledger.gangs.get(gang.key), undefined)
  t.equal(b.ledger.gangs.get(other.key)?.present, 1)
  b.show('a', { group: undefined })
  t.equal(b.ledger.gangs.get(other.key), undefined)
  t.equal(b.waiting, 1)
  t.equal(b.state('a'), 'waiting')
})

t.test('in any order of events the sums go back to nothing', async (t) => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  const b = books()
  for (let step = 0; step < 5_000; step++) {
    const uid = `p${random(8)}`
    const group = random(2) === 0 ? gang : kueue
    const states = [{}, { isGated: true }, { isUnschedulable: true }, { node: 'n1' }, { phase: 'Failed' }]
    const events = [
      () => b.admit(uid, group),
      () => b.show(uid, states[random(states.length)], group),
      () => b.ledger.confirm(uid, 'n2'),
      () => b.ledger.removePod(uid),
      () => b.ledger.gangs.setSize(gang.key, [undefined, 1, 3, 6][random(4)]),
      () => b.wait(random(comingTime))
    ]
    events[random(events.length)]?.()
    const coming = [...b.ledger.gangs.holding].reduce(
      (sum, { held }) => sum + held.reduce((all, { count }) => all + count, 0),
      0
    )
    const there = Array.from({ length: 8 }, (_, i) => b.ledger.pod(`p${i}`)).filter(
      (pod) => pod?.node === undefined && (pod?.state === 'waiting' || pod?.state === 'assumed')
    )
    if (b.waiting !== coming + there.length) t.fail(`step ${step}: ${b.waiting} of ${coming} and ${there.length}`)
    for (const each of [gang, kueue]) {
      const found = b.ledger.gangs.get(each.key)
      const members = [...(found?.members ?? [])]
      const counted = members.filter((pod) => found?.counts(pod))
      if ((found?.counted ?? 0) !== counted.length) t.fail(`step ${step}: counted ${found?.counted}`)
    }
  }
  for (let i = 0; i < 8; i++) b.ledger.removePod(`p${i}`)
  t.strictSame([b.waiting, b.ledger.waiting.pids, b.ledger.waiting.largest], [0, 0, 0])
  t.strictSame([...b.ledger.gangs.holding], [])
  t.equal(b.ledger.namespace('shop'), undefined)
})

t.test('a gang whose size nothing says is asked about once', async (t) => {
  const b = books()
  const asked: string[] = []
  b.ledger.gangs.whenUnknown(({ key }) => void asked.push(key))
  b.make('a')
  b.make('b')
  b.admit('c', kueue)
  t.strictSame(asked, [gang.key])
})
