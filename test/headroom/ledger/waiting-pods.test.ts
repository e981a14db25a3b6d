import t from 'tap'
import { WaitingPods } from '../../../src/headroom/ledger/waiting-pods.ts'
import { anyNode } from '../../../src/kubernetes/placement.ts'
import { plain } from '../../support/headroom.ts'

t.test('pods alike are one group, and the sums follow', async (t) => {
  const waiting = new WaitingPods()
  for (let i = 0; i < 1_000; i++) waiting.add(plain, 50)
  waiting.add(anyNode, 50)
  waiting.add(plain, 400)
  t.equal([...waiting.groups].length, 3)
  t.strictSame([waiting.pods, waiting.pids, waiting.largest], [1_002, 50_450, 400])
  waiting.delete(plain, 400)
  t.strictSame([waiting.pods, waiting.pids, waiting.largest], [1_001, 50_050, 50])
  waiting.delete(plain, 400)
  t.equal(waiting.pods, 1_001, 'one that is not there is not taken out')
  for (let i = 0; i < 1_000; i++) waiting.delete(plain, 50)
  waiting.delete(anyNode, 50)
  t.strictSame([waiting.pods, waiting.pids, waiting.largest, [...waiting.groups].length], [0, 0, 0, 0])
})
