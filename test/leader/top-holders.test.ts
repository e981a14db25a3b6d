import t from 'tap'
import { type HeldNode, holdersOn } from '../../src/leader/top-holders.ts'
import { podFacts } from '../support/headroom.ts'

const of = (uid: string, name: string, node: string | undefined = 'a') =>
  podFacts(uid, { node, workload: { kind: 'Deployment', name } })

function node(change: Partial<HeldNode> = {}): HeldNode {
  const ceiling = (inUse: number | undefined) => ({ limit: 40_000, inUse })
  return { name: 'a', host: ceiling(1200), kubepods: ceiling(600), unclaimed: undefined, ...change }
}

const underKubepods = { ceiling: 'kubepods', inUse: 600 } as const
const underNode = { ceiling: 'node', inUse: 1200 } as const

void t.test('workloads by what their pods hold there, where that is a tenth of what is in use', async (t) => {
  const observed: Record<string, number> = { w1: 40, w2: 25, b1: 500, other: 900, lone: 12 }
  const pods = [of('w1', 'web'), of('b1', 'boom'), of('w2', 'web'), of('other', 'big', 'b'), of('idle', 'idle')]
  const all = [...pods, podFacts('lone', { node: 'a' }), podFacts('waiting')]
  t.strictSame(
    holdersOn(node(), underKubepods, all, (uid) => observed[uid], 0.1),
    {
      holders: [
        {
          place: 'workload',
          kind: 'Deployment',
          namespace: 'default',
          name: 'boom',
          pids: 500,
          pods: 1,
          terminating: 0
        },
        { place: 'workload', kind: 'Deployment', namespace: 'default', name: 'web', pids: 65, pods: 2, terminating: 0 }
      ],
      others: { workloads: 3, biggest: 500 }
    }
  )
})

void t.test(
  'tasks outside of pods, in a leftover cgroup, or unexplained are named as such, not as Calico',
  async (t) => {
    const calico = [podFacts('c', { node: 'a', workload: { kind: 'DaemonSet', name: 'calico-node' } })]
    const placesAt = (change: Partial<HeldNode>, ceiling: typeof underKubepods | typeof underNode) =>
      holdersOn(node(change), ceiling, calico, () => 83, 0.1).holders.map(({ place, pids }) => `${place} ${pids}`)
    t.strictSame(placesAt({}, underNode), ['outside 600', 'unexplained 517'])
    t.strictSame(placesAt({}, underKubepods), ['unexplained 517', 'workload 83'])
    t.strictSame(placesAt({ unclaimed: new Map([['3333', 500]]) }, underNode), ['outside 600', 'unknown-pod 500'])
  }
)

void t.test('more in pods than was read under kubepods a moment before leaves nothing unexplained', async (t) => {
  const pods = [of('w1', 'web'), of('w2', 'shop')]
  const { holders, others } = holdersOn(node(), underKubepods, pods, (uid) => (uid === 'w1' ? 400 : 201), 0)
  t.strictSame(
    holders.map(({ place, pids }) => `${place} ${pids}`),
    ['workload 400', 'workload 201']
  )
  t.strictSame(others, { workloads: 2, biggest: 400 })
})

void t.test('pods that are being deleted and still hold tasks are counted among those of their workload', async (t) => {
  const pods = ['w1', 'w2', 'w3'].map((uid) => ({ ...of(uid, 'web'), deleting: uid !== 'w3' }))
  t.match(holdersOn(node(), underKubepods, pods, () => 200, 0.1).holders, [
    { name: 'web', pids: 600, pods: 3, terminating: 2 }
  ])
})

void t.test('pods that were not seen hold nothing that could be reported', async (t) => {
  const unread = node({ kubepods: { limit: 40_000, inUse: undefined } })
  t.strictSame(
    holdersOn(unread, underNode, [of('w1', 'web')], () => undefined, 0.1),
    { holders: [], others: { workloads: 0, biggest: 0 } }
  )
})
