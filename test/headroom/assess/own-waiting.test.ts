import t from 'tap'
import { ownWaiting, without } from '../../../src/headroom/assess/own-waiting.ts'
import { fleetOf, plain } from '../../support/headroom.ts'

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
  t.strictSame(ownWaiting({ uid: undefined }, admitted('x'), 2), { known: [], unseen: [] })
  t.strictSame(ownWaiting({ uid: 'new' }, admitted('x'), 2), { known: [], unseen: [] })
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
