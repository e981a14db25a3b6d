import t from 'tap'
import { ownWaiting, without } from '../../../src/headroom/assess/own-waiting.ts'
import { fleetOf, plain, podFacts } from '../../support/headroom.ts'

const group = { key: 'scheduling.k8s.io shop/gang', size: 6, startsWhole: true }

function admitted(...uids: string[]) {
  const { ledger } = fleetOf({ n1: {} })
  for (const uid of uids) {
    const workload = { kind: 'Pod', name: uid }
    ledger.assume({
      uid,
      namespace: 'shop',
      workload,
      pids: 100,
      placement: plain,
      group: uid === 'x' ? undefined : group
    })
  }
  return ledger
}

const counts = (groups: readonly { count: number }[]) => groups.map(({ count }) => count)

t.test('a pod that is not on the ledger owns nothing of what waits', async (t) => {
  t.strictSame(ownWaiting({ uid: undefined }, admitted('x'), 2), { known: [], unseen: [], idle: [] })
  t.strictSame(ownWaiting({ uid: 'new' }, admitted('x'), 2), { known: [], unseen: [], idle: [] })
})

t.test('a pod itself', async (t) => {
  const own = ownWaiting({ uid: 'x' }, admitted('x', 'a'), 2)
  t.strictSame([counts(own.known), counts(own.unseen)], [[1], [1]])
  t.strictSame(ownWaiting({ uid: 'x' }, admitted('x'), 0).unseen, [], 'without other replicas')
})

t.test('a new pod of a gang: what is kept for those to come, and members that others may not have seen', async (t) => {
  const own = ownWaiting({ uid: 'new', group }, admitted('x', 'a', 'b'), 2)
  t.strictSame([counts(own.known), counts(own.unseen)], [[4], [1, 1]])
})

t.test('a pod of a gang that is on the ledger: itself besides', async (t) => {
  const own = ownWaiting({ uid: 'a', group }, admitted('x', 'a', 'b'), 2)
  t.strictSame(
    [counts(own.known), counts(own.unseen)],
    [
      [1, 4],
      [1, 1]
    ]
  )
})

t.test('waiting pods without these', async (t) => {
  const one = { namespace: 'shop', isStored: true, placement: plain, pids: 100, count: 5 }
  const groups = [one, { ...one, pids: 200 }, { ...one, isStored: false }, { ...one, namespace: 'other' }]
  t.equal(without(groups, []), groups)
  t.strictSame(
    counts(
      without(groups, [
        { ...one, count: 1 },
        { ...one, count: 2 }
      ])
    ),
    [2, 5, 5, 5]
  )
})

t.test('members that are there and take no room, as many as the gang needs', async (t) => {
  const ledger = admitted('a')
  for (const uid of ['g1', 'g2', 'g3', 'g4', 'g5', 'g6']) {
    ledger.observePod(podFacts(uid, { namespace: 'shop', estimated: 70, placement: plain, isGated: true, group }))
  }
  const own = ownWaiting({ uid: 'new', group }, ledger, 0)
  t.match(own.known, Array(5).fill({ pids: 70, count: 1 }), 'of what is kept')
  t.match(own.idle, Array(4).fill({ pids: 70, count: 1 }))
  t.equal(own.idle.length, 4)
})
