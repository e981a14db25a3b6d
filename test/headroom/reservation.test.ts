import t from 'tap'
import { longestLine, type Reservation, readReservation, reservationLine } from '../../src/headroom/reservation.ts'
import { Placements } from '../../src/kubernetes/placement/placement.ts'
import { maxPids } from '../../src/kubernetes/qos/pids-limit.ts'
import type { PodSpec } from '../../src/kubernetes/types.ts'

const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] }

const spec: PodSpec = {
  nodeSelector: { disk: 'fast' },
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] }
  },
  tolerations: [{ key: 'gpu', operator: 'Exists', tolerationSeconds: 5 }],
  os: { name: 'windows' },
  containers: [{ name: 'app', image: 'example.com/app:1', env: [{ name: 'PASSWORD', value: 'secret' }] }]
}

const admitted = { uid: 'a', namespace: 'shop', workload: { kind: 'Deployment', name: 'web' }, pids: 60, podSpec: spec }

function lineOf(reservation: Reservation): string {
  return reservationLine(reservation) ?? ''
}

void t.test('what is written is read again, and makes the same placement', async (t) => {
  const placements = new Placements()
  for (const podSpec of [spec, {}, { nodeName: 'n1' }, { affinity: null, nodeSelector: null, os: null }] as PodSpec[]) {
    const read = readReservation(lineOf({ admitted: { ...admitted, podSpec } }))
    if (read === undefined || 'bound' in read) throw new Error('expected an admitted pod')
    t.strictSame(placements.of(read.admitted.podSpec), placements.of(podSpec))
    t.match(read.admitted, { uid: 'a', namespace: 'shop', workload: { kind: 'Deployment', name: 'web' }, pids: 60 })
  }
  t.strictSame(readReservation(lineOf({ bound: { uid: 'a', node: 'n1' } })), { bound: { uid: 'a', node: 'n1' } })
})

void t.test('a pod alone has a workload without a name, a gang its key and size', async (t) => {
  const groups = [
    { key: 'kueue.x-k8s.io shop/g', size: 3, startsWhole: false },
    { key: 'scheduling.k8s.io shop/g', size: undefined, startsWhole: true }
  ]
  for (const group of groups) {
    const read = readReservation(lineOf({ admitted: { ...admitted, workload: { kind: 'Pod', name: '' }, group } }))
    t.match(read, { admitted: { workload: { kind: 'Pod', name: '' }, group } })
  }
})

void t.test('nothing of the pod is written but what places it', async (t) => {
  const line = lineOf({ admitted: { ...admitted, podSpec: { ...spec, priorityClassName: 'high' } } })
  t.notMatch(line, /PASSWORD|secret|containers|podAntiAffinity|priorityClassName/)
  t.notMatch(line, /\n/)
})

void t.test('a line has a longest length, and beyond it there is none', async (t) => {
  const withNode = (length: number) => reservationLine({ bound: { uid: 'a', node: 'n'.repeat(length) } })
  const frame = Buffer.byteLength(withNode(0) ?? '')
  t.equal(withNode(longestLine - frame)?.length, longestLine)
  t.equal(withNode(longestLine - frame + 1), undefined)
})

void t.test('anything else is no reservation', async (t) => {
  const change = (more: object) => JSON.stringify({ admitted: { ...admitted, ...more } })
  const bound = (uid: unknown, node: unknown) => JSON.stringify({ bound: { uid, node } })
  const long = 'x'.repeat(254)
  const lines: Record<string, string> = {
    'not JSON': '{"admitted":',
    'an empty line': '',
    'a list': '[]',
    null: 'null',
    'another kind': '{"removed":{"uid":"a"}}',
    'no pod': '{"admitted":null}',
    'a uid of another type': change({ uid: 7 }),
    'an empty uid': change({ uid: '' }),
    'a long uid': change({ uid: long }),
    'a long namespace': change({ namespace: long }),
    'no workload': change({ workload: null }),
    'a workload without kind': change({ workload: { name: 'web' } }),
    'no PIDs': change({ pids: 0 }),
    'part of a PID': change({ pids: 1.5 }),
    'PIDs as text': change({ pids: '60' }),
    'more PIDs than a kernel has': change({ pids: maxPids + 1 }),
    'no spec': change({ podSpec: undefined }),
    'a spec of another type': change({ podSpec: [] }),
    'a selector of another type': change({ podSpec: { nodeSelector: 'fast' } }),
    'a node of another type': change({ podSpec: { nodeName: {} } }),
    'a long node': change({ podSpec: { nodeName: long } }),
    'a group without key': change({ group: { size: 2, startsWhole: true } }),
    'a group of no size': change({ group: { key: 'a b/c', size: 0, startsWhole: true } }),
    'a group of another type': change({ group: 'web' }),
    'a group that may start somehow': change({ group: { key: 'a b/c', startsWhole: 'yes' } }),
    'a binding to nothing': bound('a', undefined),
    'a binding to a long name': bound('a', long),
    'a binding of no pod': bound('', 'n1'),
    'a binding in a list': '{"bound":["a","n1"]}',
    'brackets without end': '['.repeat(60_000)
  }
  for (const [what, line] of Object.entries(lines)) t.equal(readReservation(line), undefined, what)
  t.match(readReservation(change({ pids: maxPids, uid: 'x'.repeat(253) })), { admitted: { pids: maxPids } })
  t.match(readReservation(bound('x'.repeat(253), 'x'.repeat(253))), { bound: {} })
})
