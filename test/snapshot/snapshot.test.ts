import t from 'tap'
import { stringify } from 'yaml'
import { anyNode } from '../../src/kubernetes/placement/placement.ts'
import type { NodeFacts, PodFacts } from '../../src/model/cluster-objects.ts'
import { snapshotReadings } from '../../src/snapshot/snapshot.ts'
import { documentOf, readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { memorySink } from '../support/fake-kubelet.ts'

const text = `apiVersion: pidguard.io/v1alpha1
kind: NodeSnapshot
takenAt: 2026-11-21T10:55:30Z
nodes:
  - name: node-a
    labels: {zone: a}
    taints: [{key: k, effect: NoSchedule}]
    reading:
      at: 2026-11-21T10:55:20Z
      host: {limit: 32768, inUse: 1197}
      kubepods: {limit: unlimited, inUse: 502}
    pods:
      - {namespace: default, name: boom-1, uid: u1, workload: {kind: Deployment, name: boom}, threads: 502, limit: 600}
      - {namespace: default, name: new-1, uid: u2, phase: Pending, workload: {kind: Pod, name: new-1}, declared: 40, runtime: {runtime: dotnet, by: image x, isCapped: true}}
  - name: node-b
    failure: {reason: timeout, detail: no answer}
  - {name: node-c, address: 10.0.0.3, pidPressure: true, unschedulable: true}
unbound:
  - {namespace: shop, name: web-1, uid: u3, workload: {kind: Pod, name: web-1}}
namespaces:
  - {name: shop, labels: {team: a}, limitRanges: [{type: Container, default: {cpu: 1}}]}
`

t.test('what a snapshot says', async (t) => {
  const snapshot = readSnapshot('a.yaml', text)
  t.equal(snapshot.takenAt, Date.parse('2026-11-21T10:55:30Z'))
  t.strictSame(snapshot.nodes[0], {
    name: 'node-a',
    uid: '',
    labels: { zone: 'a' },
    taints: [{ key: 'k', value: '', effect: 'NoSchedule' }],
    unschedulable: false,
    pidPressure: undefined,
    address: undefined,
    kubeletPort: 10250
  })
  t.strictSame(snapshot.readings.get('node-a'), {
    node: 'node-a',
    at: Date.parse('2026-11-21T10:55:20Z'),
    host: { limit: 32768, inUse: 1197 },
    kubepods: { limit: Number.POSITIVE_INFINITY, inUse: 502 },
    pods: new Map([['u1', 502]]),
    podLimits: new Map([['u1', 600]]),
    nearLimits: [{ of: 'pod', pod: 'u1', name: '', limit: 600, inUse: 502 }],
    gaps: []
  })
  t.match(snapshot.pods, [
    { name: 'boom-1', node: 'node-a', phase: 'Running', deleting: false },
    { name: 'new-1', node: 'node-a', phase: 'Pending', declared: 40 },
    { name: 'web-1', node: undefined }
  ])
  t.strictSame([...snapshot.failures], [['node-b', { reason: 'timeout', detail: 'no answer' }]])
  t.strictSame(snapshot.limitRanges.get('shop'), [{ type: 'Container', default: { cpu: 1 } }])
})

t.test('written and read again it is the same, as YAML and as JSON', async (t) => {
  const snapshot = readSnapshot('a.yaml', text)
  t.strictSame(readSnapshot('b.yaml', stringify(documentOf(snapshot))), snapshot)
  t.strictSame(readSnapshot('b.json', JSON.stringify(documentOf(snapshot))), snapshot)
})

t.test(
  'gaps, leftover cgroups, limits of single cgroups, a ceiling above kubepods and memory are written and read again',
  async (t) => {
    const more = text
      .replace('host: {limit: 32768, inUse: 1197}', 'host: {limit: 2048, inUse: 1197}\n      hostCgroup: /')
      .replace(
        '    pods:',
        `      gaps: [{reason: cri-stats, detail: the runtime counts}]
      nearLimits:
        - {of: container, pod: u1, name: app, limit: 500, inUse: 490}
        - {of: unit, name: /system.slice/kubelet.service, limit: 100, inUse: 60}
    memory: 17179869184
    leftovers: [{cgroup: gone, threads: 290, limit: 300}]
    pods:`
      )
    const snapshot = readSnapshot('a.yaml', more)
    const reading = snapshot.readings.get('node-a')
    t.equal(snapshot.nodes[0]?.memory, 17_179_869_184)
    t.equal(reading?.hostCgroup, '/')
    t.strictSame(reading?.gaps, [{ reason: 'cri-stats', detail: 'the runtime counts' }], 'why a part is missing')
    t.strictSame(
      reading?.pods,
      new Map([
        ['u1', 502],
        ['gone', 290]
      ])
    )
    t.strictSame(
      reading?.nearLimits?.map(({ of, pod, inUse }) => [of, pod, inUse]),
      [
        ['container', 'u1', 490],
        ['pod', 'gone', 290],
        ['pod', 'u1', 502],
        ['unit', undefined, 60]
      ]
    )
    t.strictSame(readSnapshot('b.json', JSON.stringify(documentOf(snapshot))), snapshot)
  }
)

t.test('that there are no limits is another thing than that nobody looked', async (t) => {
  const without = text.replace(', limit: 600', '')
  t.equal(readSnapshot('a.yaml', without).readings.get('node-a')?.nearLimits, undefined)
  const looked = readSnapshot('a.yaml', without.replace('    pods:', '      nearLimits: []\n    pods:'))
  t.strictSame(looked.readings.get('node-a')?.nearLimits, [])
  t.strictSame(looked.readings.get('node-a')?.podLimits, new Map())
  t.strictSame(readSnapshot('b.json', JSON.stringify(documentOf(looked))), looked)
})

t.test('the tasks of a static pod stand under the uid its node counts it by', async (t) => {
  const snapshot = readSnapshot('a.yaml', text.replace('uid: u1,', 'uid: u1, cgroup: file,'))
  t.strictSame(snapshot.readings.get('node-a')?.pods, new Map([['file', 502]]))
  t.strictSame(snapshot.readings.get('node-a')?.podLimits, new Map([['file', 600]]))
  t.strictSame(readSnapshot('a.json', JSON.stringify(documentOf(snapshot))), snapshot, 'written and read again')
})

t.test('of a pod that no node holds the words of its scheduler are left out, which change by the minute', async (t) => {
  const snapshot = readSnapshot('a.yaml', text)
  const passing = { placement: anyNode, isGated: true, isUnschedulable: true, refusedBy: 'node-a' }
  const pods = snapshot.pods.map((pod) => (pod.node === undefined ? { ...pod, ...passing } : pod))
  t.strictSame(readSnapshot('a.json', JSON.stringify(documentOf({ ...snapshot, pods }))), snapshot)
})

/** Every member there is: the compiler wants a new one here too. */
const wholeNode: Required<NodeFacts> = {
  name: 'node-a',
  uid: 'n1',
  labels: { zone: 'a' },
  taints: [{ key: 'k', value: '', effect: 'NoSchedule' }],
  unschedulable: true,
  pidPressure: false,
  address: '10.0.0.1',
  kubeletPort: 10_250,
  memory: 1 << 30,
  offered: 900,
  createdAt: Date.parse('2026-11-20T00:00:00Z')
}
const wholePod: Required<PodFacts> = {
  uid: 'u1',
  cgroup: 'c1',
  namespace: 'shop',
  name: 'web-1',
  node: 'node-a',
  phase: 'Running',
  workload: { kind: 'ReplicaSet', name: 'web' },
  template: 'abc',
  group: { key: 'scheduling.k8s.io shop/gang', size: 3, startsWhole: true },
  declared: 40,
  estimated: 50,
  estimateSource: 'declared',
  deleting: true,
  requested: 50,
  isOutOfPids: false,
  runtime: { runtime: 'dotnet', by: 'image x', isCapped: true },
  readySince: Date.parse('2026-11-21T09:00:00Z'),
  placement: anyNode,
  isUnschedulable: false,
  priority: 7,
  isGated: false,
  refusedBy: 'node-b'
}

t.test('whatever is known of a node and a pod can be written and read again', async (t) => {
  const unbound = { ...wholePod, uid: 'u2', node: undefined }
  const whole = { ...readSnapshot('a.yaml', text), nodes: [wholeNode], pods: [wholePod, unbound], readings: new Map() }
  const read = readSnapshot('b.yaml', stringify(documentOf(whole)))
  t.strictSame(read.nodes, [wholeNode])
  const { group, isOutOfPids, placement, isUnschedulable, priority, isGated, refusedBy, ...kept } = wholePod
  t.strictSame(read.pods, [kept, { ...kept, uid: 'u2', node: undefined }], 'but for what changes by the minute')
})

t.test('what explains the figure of a pod is kept', async (t) => {
  const own = 'template: abc, estimateSource: observed, readySince: 2026-11-21T10:00:00Z,'
  const snapshot = readSnapshot('a.yaml', text.replace('uid: u1,', `uid: u1, ${own}`))
  t.match(snapshot.pods[0], { template: 'abc', estimateSource: 'observed', readySince: Date.UTC(2026, 10, 21, 10) })
  t.strictSame(readSnapshot('a.json', JSON.stringify(documentOf(snapshot))), snapshot, 'written and read again')
})

t.test('every mistake is told, with its line and column', async (t) => {
  const cases: [name: string, text: string, messages: string[]][] = [
    [
      'of values',
      text.replace('32768', 'many').replace('name: boom-1', 'nam: boom-1').replace('reason: timeout', 'reason: tired'),
      [
        'a.yaml:10:14: nodes[0].reading.host.limit: expected a count of tasks, or unlimited, found "many"',
        'a.yaml:13:9: nodes[0].pods[0].name: expected a text, which is missing',
        'a.yaml:13:30: nodes[0].pods[0].nam: no such field; did you mean name?',
        'a.yaml:16:15: nodes[1].failure.reason: expected a reason, found "tired"'
      ]
    ],
    [
      'of JSON',
      '{"apiVersion":"v1",\n "kind":"Pod","takenAt":"now","nodes":1}',
      [
        'a.yaml:1:2: apiVersion: expected pidguard.io/v1alpha1, found "v1"',
        'a.yaml:2:2: kind: expected NodeSnapshot, found "Pod"',
        'a.yaml:2:15: takenAt: expected an instant like 2026-11-21T10:55:30Z, found "now"',
        'a.yaml:2:31: nodes: expected a list, found 1'
      ]
    ],
    ['nothing', '', ['a.yaml:1:1: the document is empty; expected a NodeSnapshot']],
    [
      'not YAML',
      'nodes: [',
      ['a.yaml:1:9: Flow sequence in block collection must be sufficiently indented and end with a ]']
    ],
    ['a text', 'hello', ['a.yaml:1:1: expected a mapping, found "hello"']]
  ]
  for (const [name, broken, messages] of cases) {
    let error: unknown
    try {
      readSnapshot('a.yaml', broken)
    } catch (cause) {
      error = cause
    }
    t.match(error, { code: 'ERR_SNAPSHOT_INVALID' }, name)
    t.strictSame(String((error as Error).message).split('\n'), messages, name)
  }
})

t.test('its readings are as old as they were when it was taken', async (t) => {
  const readings = snapshotReadings(readSnapshot('a.yaml', text), { now: () => 5_000_000, monotonic: () => 0 })
  const sink = memorySink()
  const target = (name: string) => ({ name, address: undefined, kubeletPort: 1 })
  await readings.read(['node-a', 'node-b', 'node-c'].map(target), sink, {
    signal: new AbortController().signal,
    spread: 0
  })
  t.equal(sink.readings.get('node-a')?.at, 5_000_000 - 10_000)
  t.match(
    [...sink.failures],
    [
      ['node-b', { reason: 'timeout' }],
      ['node-c', { reason: 'not-reported' }]
    ]
  )
})
