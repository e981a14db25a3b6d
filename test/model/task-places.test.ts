import t from 'tap'
import {
  biggestNamespace,
  type Holder,
  holdersOf,
  outsideOf,
  placesOf,
  type WorkloadShare
} from '../../src/model/task-places.ts'

const reading = (host: number | undefined, kubepods: number | undefined, pods?: Record<string, number>) => ({
  host: { limit: 32_768, inUse: host },
  kubepods: { limit: 32_768, inUse: kubepods },
  pods: pods === undefined ? undefined : new Map(Object.entries(pods))
})

const splits = [
  {
    name: 'every part is known',
    of: placesOf(
      reading(30_100, 29_200, { a: 100, gone: 29_000, idle: 0 }),
      new Map([
        ['gone', 29_000],
        ['idle', 0]
      ])
    ),
    want: { pods: 100, unknownPods: [{ cgroup: 'gone', pids: 29_000 }], unexplained: 100, outside: 900 }
  },
  {
    name: 'pods hold more by now than kubepods did: nothing is below zero',
    of: placesOf(reading(1000, 200, { a: 250 }), new Map()),
    want: { pods: 250, unknownPods: [], unexplained: 0, outside: 800 }
  },
  {
    name: 'the API server could not be asked for pods',
    of: placesOf(reading(1000, 200, { a: 150 }), undefined),
    want: { pods: undefined, unknownPods: undefined, unexplained: 50, outside: 800 }
  },
  {
    name: 'only the ceilings are known',
    of: placesOf(reading(1000, 200), new Map()),
    want: { pods: undefined, unknownPods: undefined, unexplained: undefined, outside: 800 }
  },
  {
    name: 'nothing is known',
    of: placesOf(undefined, new Map()),
    want: { pods: undefined, unknownPods: undefined, unexplained: undefined, outside: undefined }
  }
]
for (const { name, of, want } of splits) {
  void t.test(name, async (t) => {
    t.strictSame(of, want)
  })
}

void t.test(
  'a node without a task outside of pods does not exist: a figure is wrong, so nothing is known',
  async (t) => {
    t.equal(outsideOf(1000, 1000), undefined)
    t.equal(outsideOf(3464, 68_500), undefined)
    t.equal(outsideOf(1001, 1000), 1)
    t.equal(outsideOf(undefined, 1000), undefined)
  }
)

const web = (name: string, pids: number): WorkloadShare => ({
  kind: 'Deployment',
  namespace: 'shop',
  name,
  pids,
  pods: 1,
  terminating: 0
})
const nowhere = { pods: undefined, unknownPods: undefined, unexplained: undefined, outside: undefined }
const shown = (holders: readonly Holder[]) =>
  holders.map((holder) => `${holder.place === 'workload' ? holder.name : holder.place} ${holder.pids}`)

void t.test('a holder is named from a tenth of what is in use on', async (t) => {
  t.strictSame(shown(holdersOf('node', 1000, nowhere, [web('big', 100), web('small', 99)], 0.1)), ['big 100'])
  t.strictSame(shown(holdersOf('node', 1000, nowhere, [web('small', 99)], 0.1)), [])
  t.strictSame(shown(holdersOf('node', undefined, nowhere, [web('a', 50), web('b', 0)], 0.1)), ['a 50'])
})

void t.test('from another share where the policy says so', async (t) => {
  t.strictSame(shown(holdersOf('node', 1000, nowhere, [web('big', 100), web('small', 99)], 0.05)), [
    'big 100',
    'small 99'
  ])
  t.strictSame(shown(holdersOf('node', 1000, nowhere, [web('big', 100)], 0.2)), [])
})

void t.test('the biggest three places, whatever they are; what is outside does not count under kubepods', async (t) => {
  const places = {
    pods: 600,
    unknownPods: [{ cgroup: 'gone', pids: 2000 }],
    unexplained: 1500,
    outside: 3000
  }
  const workloads = [web('a', 1800), web('b', 1700)]
  t.strictSame(shown(holdersOf('node', 10_000, places, workloads, 0.1)), ['outside 3000', 'unknown-pod 2000', 'a 1800'])
  t.strictSame(shown(holdersOf('kubepods', 7000, places, workloads, 0.1)), ['unknown-pod 2000', 'a 1800', 'b 1700'])
})

void t.test('pods that are gone count together where none of them is large by itself', async (t) => {
  const gone = (count: number, pids: number) => Array.from({ length: count }, (_, at) => ({ cgroup: `g${at}`, pids }))
  const of = (unknownPods: { cgroup: string; pids: number }[]) =>
    holdersOf('node', 1000, { ...nowhere, unknownPods }, [], 0.1)
  t.strictSame(of(gone(20, 30)), [{ place: 'unknown-pods', pids: 600, pods: 20 }])
  t.strictSame(of(gone(3, 30)), [], 'all together are not worth naming')
  t.strictSame(of([...gone(20, 10), { cgroup: 'big', pids: 500 }]), [
    { place: 'unknown-pod', cgroup: 'big', pids: 500 },
    { place: 'unknown-pods', pids: 200, pods: 20 }
  ])
  t.strictSame(shown(of([{ cgroup: 'big', pids: 500 }])), ['unknown-pod 500'])
})

void t.test('a namespace is named where no holder is, and its workloads hold half of what is in use', async (t) => {
  const many = Array.from({ length: 10 }, (_, at) => web(`w${at}`, 50))
  t.strictSame(biggestNamespace([], many, 1000), { namespace: 'shop', pids: 500, workloads: 10 })
  t.equal(biggestNamespace([], many, 1001), undefined)
  t.equal(biggestNamespace([], [web('one', 900)], 1000), undefined, 'one workload is not a namespace')
  t.equal(biggestNamespace(holdersOf('node', 100, nowhere, [web('a', 90)], 0.1), many, 1000), undefined)
  t.equal(biggestNamespace([], many, undefined), undefined)
  t.equal(biggestNamespace([], [], 1000), undefined)
})
