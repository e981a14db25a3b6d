import t from 'tap'
import { holdersOn } from '../../src/leader/top-holders.ts'
import { podFacts } from '../support/headroom.ts'

const of = (uid: string, name: string, node: string | undefined = 'a') =>
  podFacts(uid, { node, workload: { kind: 'Deployment', name } })

void t.test('workloads by what their pods hold there, the biggest first', async (t) => {
  const observed: Record<string, number> = { w1: 10, w2: 5, b1: 500, other: 900, lone: 12 }
  const pods = [of('w1', 'web'), of('b1', 'boom'), of('w2', 'web'), of('other', 'big', 'b'), of('idle', 'idle')]
  const all = [...pods, podFacts('lone', { node: 'a' }), podFacts('waiting')]
  t.strictSame(
    holdersOn('a', all, (uid) => observed[uid], 3),
    [
      { kind: 'Deployment', namespace: 'default', name: 'boom', pids: 500, pods: 1 },
      { kind: 'Deployment', namespace: 'default', name: 'web', pids: 15, pods: 2 },
      { kind: 'Pod', namespace: 'default', name: 'lone', pids: 12, pods: 1 }
    ]
  )
  t.equal(holdersOn('a', all, (uid) => observed[uid], 1).length, 1)
})

void t.test('pods that were not seen hold nothing that could be told', async (t) => {
  t.strictSame(
    holdersOn('a', [of('w1', 'web')], () => undefined, 3),
    []
  )
})
