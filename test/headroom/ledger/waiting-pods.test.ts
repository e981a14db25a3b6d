import t from 'tap'
import { WaitingPods } from '../../../src/headroom/ledger/waiting-pods.ts'
import { anyNode } from '../../../src/kubernetes/placement/placement.ts'
import { plain } from '../../support/headroom.ts'

const own = { namespace: 'default', isStored: true }

t.test('pods alike are one group, and the sums follow', async (t) => {
  const waiting = new WaitingPods()
  for (let i = 0; i < 1_000; i++) waiting.add(plain, 50, own)
  waiting.add(anyNode, 50, own)
  waiting.add(plain, 400, own)
  t.equal([...waiting.groups].length, 3)
  t.strictSame([waiting.pods, waiting.pids, waiting.largest], [1_002, 50_450, 400])
  waiting.delete(plain, 400, own)
  t.strictSame([waiting.pods, waiting.pids, waiting.largest], [1_001, 50_050, 50])
  waiting.delete(plain, 400, own)
  t.equal(waiting.pods, 1_001, 'one that is not there is not taken out')
  for (let i = 0; i < 1_000; i++) waiting.delete(plain, 50, own)
  waiting.delete(anyNode, 50, own)
  t.strictSame([waiting.pods, waiting.pids, waiting.largest, [...waiting.groups].length], [0, 0, 0, 0])
})

t.test('pods of another namespace, or not stored yet, are a group of their own', async (t) => {
  const waiting = new WaitingPods()
  for (const namespace of ['a', 'b'])
    for (const isStored of [true, false]) waiting.add(plain, 50, { namespace, isStored })
  t.equal([...waiting.groups].length, 4)
  waiting.delete(plain, 50, { namespace: 'a', isStored: false })
  t.equal([...waiting.groups].length, 3)
  t.equal(waiting.largest, 50)
})

t.test('the largest is found again whichever goes, and 200,000 sizes cost no more than their number', async (t) => {
  const waiting = new WaitingPods()
  const sizes = Array.from({ length: 200_000 }, (_, i) => i + 1)
  for (const pids of sizes) waiting.add(plain, pids, own)
  for (const pids of [200_000, 199_998, 199_999]) waiting.delete(plain, pids, own)
  t.equal(waiting.largest, 199_997)
  // Recomputed over all groups, this would take 20,000,000,000 steps.
  for (const pids of sizes.toReversed()) waiting.delete(plain, pids, own)
  t.strictSame([waiting.pods, waiting.pids, waiting.largest], [0, 0, 0])
})
