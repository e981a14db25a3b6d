import { readFileSync } from 'node:fs'
import t from 'tap'
import { FleetSums } from '../../../src/audit/fleet/fleet-sums.ts'
import type { ClusterSnapshot } from '../../../src/snapshot/snapshot.ts'
import { readSnapshot } from '../../../src/snapshot/snapshot-document.ts'
import { renderTop } from '../../../src/top/top.ts'

const load = (name: string) =>
  readSnapshot(name, readFileSync(new URL(`../../fixtures/snapshots/${name}`, import.meta.url), 'utf8'))

const floor = { share: 0.1 }
const policy = { defaultEstimate: () => 50, floor, holderShare: 0.1 }

function sumsOf(snapshot: ClusterSnapshot): FleetSums {
  const sums = new FleetSums(snapshot.readings, snapshot.takenAt, policy)
  for (const pod of snapshot.pods) {
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed') sums.addEnded(pod)
    else sums.add(pod)
  }
  return sums
}

t.test('incident 000: the tightest ceiling is found, with what pods have not shown yet', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  const [node] = sumsOf(snapshot).nodes(snapshot.nodes, snapshot.failures, true)
  t.match(node, {
    node: 'node-a',
    tightest: 'kubepods',
    used: 1006 / 1500,
    // Two pods of the template hold 502, so the two that have just started are expected to.
    committed: 2008,
    floor: 150,
    free: -658,
    kubepods: { limit: 1500, inUse: 1006 },
    biggest: { namespace: 'default', pids: 502 },
    missing: []
  })
  t.match(sumsOf(snapshot).workloads(), [{ namespace: 'default', name: 'boom', peak: 502, pids: 1006, pods: 4 }])
})

t.test('a node that nobody read has no figures, which are not zeros', async (t) => {
  const snapshot = { ...load('kubepods-full.yaml'), readings: new Map() }
  const failures = new Map([['node-a', { reason: 'timeout', detail: 'no answer' } as const]])
  const [node] = sumsOf(snapshot).nodes(snapshot.nodes, failures, true)
  t.match(node, { pods: snapshot.pods.length, missing: ['timeout: no answer'] })
  t.strictSame([node?.used, node?.free, node?.committed, node?.floor, node?.biggest], [null, null, null, null, null])
  t.strictSame(sumsOf(snapshot).workloads(), [])
})

t.test('its figures are those of pidguard top, and so of admission', async (t) => {
  for (const name of ['kubepods-full.yaml', 'thread-leak.yaml']) {
    const loaded = load(name)
    // Also of pods without a figure: some of their workload have been ready for long, others only for a minute.
    const pods = loaded.pods.map((pod, i) => ({
      ...pod,
      declared: i % 3 === 0 ? pod.declared : undefined,
      estimated: undefined,
      readySince: loaded.takenAt - (i % 2) * 3_600_000 - 60_000
    }))
    const snapshot = { ...loaded, pods }
    const shown = (subject: 'nodes' | 'workloads') => {
      const options = { subject, format: 'json', namespace: undefined, node: undefined, limit: undefined } as const
      return JSON.parse(renderTop(snapshot, { estimateOf: () => 50, floor, holderShare: 0.1 }, options))[subject]
    }
    const sums = sumsOf(snapshot)
    const nodes = sums.nodes(snapshot.nodes, snapshot.failures, true)
    const fields = [
      'node',
      'tightest',
      'used',
      'committed',
      'floor',
      'free',
      'pods',
      'biggest',
      'missing',
      'age'
    ] as const
    const cut = (rows: readonly object[]) =>
      rows.map((row) => fields.map((field) => (row as Record<string, unknown>)[field] ?? null))
    t.strictSame(cut(nodes), cut(shown('nodes')), `${name}: nodes`)
    const known = shown('workloads').filter(({ pids }: { pids?: number }) => pids !== undefined)
    t.strictSame(
      sums.workloads().map(({ name, pids, peak, pods }) => [name, pids, peak, pods]),
      known.map((row: { workload: { name: string }; pids: number; peak: number; pods: number }) => [
        row.workload.name,
        row.pids,
        row.peak,
        row.pods
      ]),
      `${name}: workloads`
    )
  }
})

t.test('a static pod is found under the uid its node counts it by', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  const pods = snapshot.pods.map((pod) => ({ ...pod, uid: `${pod.name} in the API`, cgroup: pod.uid }))
  const asStatic = sumsOf({ ...snapshot, pods })
  t.strictSame(asStatic.nodes(snapshot.nodes, new Map(), true), sumsOf(snapshot).nodes(snapshot.nodes, new Map(), true))
  t.strictSame(asStatic.workloads(), sumsOf(snapshot).workloads())
})

t.test('the pods of a workload count together, on each node for itself', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  const [first] = snapshot.pods
  if (first === undefined) throw new Error('expected a pod')
  const pods = [
    { node: 'node-a', name: 'leak', pids: 300 },
    { node: 'node-a', name: 'leak', pids: 300 },
    { node: 'node-a', name: 'leak', pids: undefined },
    { node: 'node-a', name: 'db', pids: 500 },
    { node: 'node-b', name: 'leak', pids: 100 },
    { node: 'node-b', name: 'db', pids: 500 },
    { node: 'node-c', name: 'db', pids: undefined },
    { node: undefined, name: 'db', pids: 9 }
  ].map((pod, at) => ({ ...pod, uid: `u${at}` }))
  const reading = [...snapshot.readings.values()][0]
  if (reading === undefined) throw new Error('expected a reading')
  const readings = new Map(
    ['node-a', 'node-b', 'node-c'].map((node) => {
      const own = pods.filter((pod) => pod.node === node && pod.pids !== undefined)
      return [node, { ...reading, node, pods: new Map(own.map(({ uid, pids = 0 }) => [uid, pids])) }]
    })
  )
  const sums = new FleetSums(readings, snapshot.takenAt, policy)
  for (const { node, name, uid } of pods) {
    sums.add({
      ...first,
      uid,
      node,
      name: `${name}-${uid}`,
      namespace: 'shop',
      workload: { kind: 'Deployment', name }
    })
  }
  const rows = sums.nodes(
    [...readings.keys()].map((name) => ({ ...snapshot.nodes[0], name }) as never),
    new Map(),
    true
  )
  t.strictSame(
    new Map(rows.map(({ node, biggestWorkload }) => [node, biggestWorkload])),
    new Map([
      ['node-a', { namespace: 'shop', kind: 'Deployment', name: 'leak', pids: 600, pods: 2 }],
      ['node-b', { namespace: 'shop', kind: 'Deployment', name: 'db', pids: 500, pods: 1 }],
      ['node-c', null]
    ])
  )
  t.match(
    sums.workloads().find(({ name }) => name === 'leak'),
    { pids: 700, peak: 300, pods: 4, read: 3, nodes: 2 }
  )
})

t.test('every task has a place: known pods, pods nobody knows, the rest of kubepods, outside', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  const [reading] = snapshot.readings.values()
  const [first] = snapshot.pods
  if (reading === undefined || first === undefined) throw new Error('expected a reading and a pod')
  const ended = { ...first, uid: 'ended', phase: 'Succeeded' }
  const pods = new Map([...(reading.pods ?? []), ['gone', 300] as const, ['ended', 5] as const])
  const kubepods = { limit: 1500, inUse: 1400 }
  const host = { limit: 32_768, inUse: 1650 }
  const readings = new Map([[reading.node, { ...reading, pods, kubepods, host }]])
  const sums = sumsOf({ ...snapshot, readings })
  sums.addEnded(ended)
  const known = [...(reading.pods?.values() ?? [])].reduce((sum, pids) => sum + pids, 0) + 5
  const [node] = sums.nodes(snapshot.nodes, new Map(), true)
  t.strictSame(node?.places, { pods: known, unknownPods: 300, unexplained: 1400 - known - 300, outside: 250 })
  t.match(node?.holders, [
    { place: 'workload', workload: { kind: 'Deployment', name: 'boom' } },
    { place: 'unknown-pod', cgroup: 'gone', pids: 300 }
  ])
  const [unlisted] = sums.nodes(snapshot.nodes, new Map(), false)
  t.match(unlisted?.places, { pods: null, unknownPods: null, outside: 250 }, 'without a list of pods none is unknown')
})
