import { readFileSync } from 'node:fs'
import t from 'tap'
import { type ClusterSnapshot, snapshotReadings } from '../../src/snapshot/snapshot.ts'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { renderTop, type TopOptions, type TopPolicy } from '../../src/top/top.ts'
import { memorySink } from '../support/fake-kubelet.ts'

const load = (name: string) =>
  readSnapshot(name, readFileSync(new URL(`../fixtures/snapshots/${name}`, import.meta.url), 'utf8'))

const policy: TopPolicy = {
  estimateOf: () => 50,
  floor: { share: 0.1 },
  holderShare: 0.1
}

function top(snapshot: ClusterSnapshot, change: Partial<TopOptions> = {}): string[] {
  const options = { subject: 'nodes', format: 'text', namespace: undefined, node: undefined, limit: undefined } as const
  return renderTop(snapshot, policy, { ...options, ...change })
    .trimEnd()
    .split('\n')
}

t.test('incident 000 replayed: kubepods is the ceiling that decides, and who fills it', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  t.strictSame(top(snapshot), [
    'NODE          PIDS  USED   KUBEPODS  USED  COMMITTED  FLOOR  FREE  AGE  BIGGEST POD',
    'node-a  1197/32768    3%  1006/1500   67%       2008    150  -658   6s  default/boom-6fcc68489f-8htpj (502)'
  ])
  t.strictSame(top(snapshot, { subject: 'workloads' }), [
    'NAMESPACE  WORKLOAD         PIDS  PEAK POD  COMMITTED  PODS',
    'default    Deployment/boom  1006       502       2008     4'
  ])
})

const leak = load('thread-leak.yaml')

t.test('incidents 001 and 003: the first line of every list names the culprit', async (t) => {
  t.match(top(leak)[1], /^node-2 .* orders\/dotnet-7d9f-xk2lp \(21317\)$/)
  t.match(top(leak, { subject: 'pods' })[1], /^orders +dotnet-7d9f-xk2lp +21317 +65%/)
  t.match(top(leak, { subject: 'workloads' })[1], /^orders +Deployment\/dotnet +21317/)
})

t.test('fullest first, unknown last, and what is not known is a question mark and a reason', async (t) => {
  t.strictSame(top(leak), [
    'NODE           PIDS  USED         KUBEPODS  USED  COMMITTED  FLOOR   FREE  AGE  BIGGEST POD',
    'node-2  31900/32768   97%  21700/unlimited    0%      31900   3277  -2409  20s  orders/dotnet-7d9f-xk2lp (21317)',
    'node-1   2100/32768    6%        400/32768    1%       2300   3277  27191  10s  shop/web-1 (200)',
    'node-3            ?     ?                ?     ?          ?      ?      ?    ?  timeout: https://10.0.0.3:10250/stats/summary: no answer in time'
  ])
  t.match(top(leak, { format: 'wide' })[0], /TIGHTEST +PIDPRESSURE +NOT KNOWN$/)
})

t.test('pods that ended hold nothing; pods that are not read are unknown', async (t) => {
  t.strictSame(top(leak, { subject: 'pods', format: 'wide' }), [
    'NAMESPACE    POD                 PIDS  OF NODE  LIMIT  NODE    WORKLOAD               AGE  COMMITTED  DECLARED  ESTIMATE  FROM                                    PHASE',
    'orders       dotnet-7d9f-xk2lp  21317      65%      -  node-2  Deployment/dotnet      20s      21317         -      4096  observed on dotnet-7d9f-xk2lp 20 s ago  Running',
    'shop         web-1                200      <1%      -  node-1  Deployment/web         10s        300       300       300  declared                                Running',
    'shop         web-2                200      <1%      -  node-1  Deployment/web         10s        300       300       300  declared                                Running',
    'kube-system  calico-node-6sqwm     83      <1%      -  node-2  DaemonSet/calico-node  20s         83         -        83  observed on calico-node-6sqwm 20 s ago  Running',
    'shop         web-3                  ?        ?      -  node-2  Deployment/web           ?        300       300       300  declared                                Pending',
    'shop         web-4                  ?        ?      -  node-3  Deployment/web           ?        300       300       300  declared                                Running',
    'shop         web-5                  ?        ?      -  -       Deployment/web           ?        300       300       300  declared                                Pending'
  ])
  t.strictSame(top(leak, { subject: 'workloads', format: 'wide', namespace: 'shop' }), [
    'NAMESPACE  WORKLOAD        PIDS  PEAK POD  COMMITTED  PODS  READ  NODES  DECLARED',
    'shop       Deployment/web   400       200       1500     5     2      3       300'
  ])
})

t.test('one namespace, one node, some rows', async (t) => {
  t.equal(top(leak, { subject: 'pods', namespace: 'orders' }).length, 2)
  t.equal(top(leak, { subject: 'pods', node: 'node-1' }).length, 3)
  t.equal(top(leak, { node: 'node-3' }).length, 2)
  t.equal(top(leak, { subject: 'pods', limit: 2 }).at(-1), '… 5 more; --limit 0 shows all')
  t.strictSame(top(leak, { subject: 'pods', namespace: 'none' }), ['no pods'])
})

t.test('a reading without pods, without one ceiling, with a ceiling of nothing', async (t) => {
  const snapshot = readSnapshot(
    'x',
    `{apiVersion: pidguard.io/v1alpha1, kind: NodeSnapshot, takenAt: '2026-11-21T12:00:00Z', nodes: [
      {name: a, reading: {at: '2026-11-21T11:00:00Z', host: {limit: 100, inUse: 50}}},
      {name: b, reading: {at: '2026-11-21T09:00:00Z', host: {limit: 100, inUse: 50}, kubepods: {limit: 0, inUse: 0}}},
      {name: c, reading: {at: '2026-11-21T12:00:00Z', host: {inUse: 50}, kubepods: {limit: unlimited, inUse: 7}}}]}`
  )
  t.strictSame(top(snapshot), [
    'NODE    PIDS  USED     KUBEPODS  USED  COMMITTED  FLOOR  FREE  AGE  BIGGEST POD',
    'b     50/100   50%          0/0  100%          0      0     0   3h  -',
    'a     50/100   50%            ?     ?         50     10     ?  60m  -',
    'c       50/?     ?  7/unlimited    0%          ?      ?     ?   0s  -'
  ])
})

t.test('for programs: JSON and YAML without what is not known, and a snapshot that reads back', async (t) => {
  const json = JSON.parse(top(leak, { format: 'json', limit: 1 }).join('\n'))
  t.match(json, {
    takenAt: '2026-11-21T10:00:30.000Z',
    nodes: [{ node: 'node-2', kubepods: { limit: 'unlimited', inUse: 21700 }, free: -2409 }]
  })
  t.notOk('pidPressure' in json.nodes[0])
  t.match(top(leak, { format: 'yaml', node: 'node-3' }).join('\n'), /missing:\n +- "?timeout: /)
  const again = readSnapshot('again', top(leak, { format: 'snapshot' }).join('\n'))
  t.strictSame(top(again), top(leak))
  const sink = memorySink()
  const once = { signal: new AbortController().signal, spread: 0 }
  await snapshotReadings(again, { now: () => again.takenAt, monotonic: () => 0 }).read(
    again.nodes.map(({ name, address, kubeletPort }) => ({ name, address, kubeletPort })),
    sink,
    once
  )
  t.equal(sink.readings.get('node-2')?.pods?.get('u4'), 21317)
})

t.test('a static pod is found under the uid its node counts it by', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  const pods = snapshot.pods.map((pod) => ({ ...pod, uid: `${pod.name} in the API`, cgroup: pod.uid }))
  for (const subject of ['nodes', 'pods', 'workloads'] as const) {
    t.strictSame(top({ ...snapshot, pods }, { subject }), top(snapshot, { subject }), subject)
  }
})

t.test('every task has a place: wide shows it, and a leftover cgroup is a row of its own', async (t) => {
  const [reading] = leak.readings.values()
  const gone = '33333333-0000-4000-8000-000000000003'
  const readings = new Map(
    [...leak.readings].map(([node, held]) => [
      node,
      node === 'node-2' ? { ...held, pods: new Map([...(held.pods ?? []), [gone, 250] as const]) } : held
    ])
  )
  t.ok(reading)
  const wide = top({ ...leak, readings }, { format: 'wide', node: 'node-2' })
  t.match(wide[0], /IN PODS +UNKNOWN PODS +REST OF KUBEPODS +OUTSIDE +MOST/)
  t.match(
    wide[1],
    /21401 +250 +49 +10200 +Deployment orders\/dotnet holds 21317 PIDs in 1 pod; 10200 PIDs outside of pods/
  )
  const pods = top({ ...leak, readings }, { subject: 'pods' })
  t.match(
    pods.find((line) => line.includes(gone)),
    /^- +\(no such pod\) 33333333\S+ +250 +\S+ +- +node-2 +-\/-/
  )
  t.notOk(top({ ...leak, readings }, { subject: 'pods', namespace: 'shop' }).some((line) => line.includes(gone)))
  t.notOk(top(leak, { subject: 'pods' }).some((line) => line.includes('no such pod')))
})
