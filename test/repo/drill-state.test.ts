import t from 'tap'
import { type ClusterState, longestState, renderState, type SeenPod } from '../drill/cluster-state.ts'

const at = Date.parse('2026-01-01T10:00:00Z')

function stateOf(change: Partial<ClusterState> = {}): ClusterState {
  return { at, namespace: 'drill-1', pods: [], replicaSets: [], nodes: [], events: [], processes: [], ...change }
}

function podOf(name: string, app: string, change: Partial<SeenPod['status']> = {}, nodeName?: string): SeenPod {
  return {
    metadata: { name, labels: { app } },
    spec: nodeName === undefined ? {} : { nodeName },
    status: { phase: 'Pending', ...change }
  }
}

/** The lines below the title that begins so, without their indent. */
function linesOf(text: string, title: string): string[] {
  const lines = text.split('\n')
  const from = lines.findIndex((line) => line.startsWith(title)) + 1
  const to = lines.findIndex((line, i) => i >= from && !line.startsWith(' '))
  return lines.slice(from, to === -1 ? undefined : to).map((line) => line.slice(2))
}

void t.test('pods that are alike in app, phase, node and state are one line', async (t) => {
  const running = { phase: 'Running', containerStatuses: [{ ready: true, restartCount: 0 }] }
  const crashing = {
    phase: 'Running',
    containerStatuses: [{ ready: false, restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }]
  }
  const leaving = podOf('e', 'first', running, 'node-a')
  const pods = [
    podOf('a', 'second', running, 'node-a'),
    podOf('b', 'second', running, 'node-a'),
    podOf('c', 'second', crashing, 'node-a'),
    podOf('d', 'second', { phase: 'Failed', reason: 'OutOfpids' }, 'node-b'),
    { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T10:00:00Z' } },
    podOf('f', 'second')
  ]
  t.strictSame(linesOf(renderState(stateOf({ pods })), 'Pods in drill-1'), [
    '1 of first: Running, on node-a, ready, being deleted',
    '1 of second: Failed, on node-b, not ready, OutOfpids',
    '1 of second: Pending, on no node, not ready',
    '1 of second: Running, on node-a, not ready, CrashLoopBackOff, was restarted',
    '2 of second: Running, on node-a, ready'
  ])
})

void t.test('five pods say why they are not scheduled, and the others are counted', async (t) => {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }]
  const pods = [
    ...Array.from({ length: 7 }, (_, i) => podOf(`p${i}`, 'a', { conditions })),
    podOf('bound', 'a', { conditions: [{ type: 'PodScheduled', status: 'True' }] }, 'node-a')
  ]
  const lines = linesOf(renderState(stateOf({ pods })), 'Not scheduled')
  t.equal(lines.length, 6)
  t.equal(lines[0], 'p0: Unschedulable: 0/1 nodes')
  t.equal(lines.at(-1), 'and 2 more')
})

void t.test('a ReplicaSet says what it could not make; one that nothing is left of is not shown', async (t) => {
  const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'denied the request' }]
  const replicaSets = [
    { metadata: { name: 'new' }, spec: { replicas: 3 }, status: { replicas: 1, conditions } },
    { metadata: { name: 'old' }, spec: { replicas: 0 }, status: { replicas: 0 } }
  ]
  t.strictSame(linesOf(renderState(stateOf({ replicaSets })), 'ReplicaSets'), [
    'new: 3 wanted, 1 made, 0 ready',
    'new: ReplicaFailure=True, FailedCreate: denied the request'
  ])
})

void t.test('nodes say their taints, and what they are short of', async (t) => {
  const nodes = [
    {
      metadata: { name: 'node-a' },
      spec: { unschedulable: true, taints: [{ key: 'pidguard.io/pid-headroom', effect: 'NoSchedule' }] },
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'PIDPressure', status: 'True' }
        ]
      }
    },
    { metadata: { name: 'node-b' }, spec: {}, status: {} }
  ]
  t.strictSame(linesOf(renderState(stateOf({ nodes })), 'Nodes'), [
    'node-a: Ready=True, PIDPressure=True, cordoned, taints pidguard.io/pid-headroom:NoSchedule',
    'node-b: Ready=unknown, no taints'
  ])
})

void t.test(
  'of the Events ten that warn are shown, the newest first, with time and count as each writer has them',
  async (t) => {
    const involvedObject = { kind: 'Pod', name: 'p' }
    const warning = { type: 'Warning', reason: 'FailedCreate', message: 'denied', involvedObject }
    const events = [
      ...Array.from({ length: 10 }, (_, i) => ({
        ...warning,
        message: `denied ${'abcdefghij'[i]}`,
        lastTimestamp: `2026-01-01T09:${10 + i}:00Z`,
        count: 4
      })),
      {
        ...warning,
        reason: 'FailedScheduling',
        eventTime: '2026-01-01T09:00:00.000000Z',
        series: { count: 7, lastObservedTime: '2026-01-01T09:59:00.000000Z' }
      },
      { ...warning, type: 'Normal', reason: 'Started', lastTimestamp: '2026-01-01T09:59:59Z' }
    ]
    const text = renderState(stateOf({ events }))
    const warnings = linesOf(text, 'Events, the last ten')
    t.equal(warnings.length, 10)
    t.equal(warnings[0], '60 s ago, Warning FailedScheduling of Pod p, 7 times: denied')
    t.equal(warnings[1], '41 min ago, Warning FailedCreate of Pod p, 4 times: denied j')
    t.strictSame(linesOf(text, 'Events, the last five'), ['1 s ago, Normal Started of Pod p: denied'])
  }
)

void t.test('what could not be read is unknown, and what is not there is none', async (t) => {
  const unread = { unread: 'no answer within 20 s' }
  const unknown = ['unknown, could not be read: no answer within 20 s']
  const text = renderState(stateOf({ pods: unread, events: unread, processes: unread }))
  for (const title of ['Pods in', 'Not scheduled', 'Events, the last ten', 'Logs']) {
    t.strictSame(linesOf(text, title), unknown, title)
  }
  t.strictSame(linesOf(text, 'Nodes'), ['none'])
  t.strictSame(linesOf(renderState(stateOf()), 'Logs'), ['no process of pidguard runs'])
})

void t.test('Events that say the same of several objects are one line; another message is another line', async (t) => {
  const uid = '6ba38fc4-678b-4ec7-a3bc-f8077965ffb8'
  const event = (name: string, message: string, second: number) => ({
    type: 'Warning',
    reason: 'Failed',
    message,
    count: 2,
    involvedObject: { kind: 'Pod', name },
    lastTimestamp: `2026-01-01T09:59:0${second}Z`
  })
  const events = [
    event('pod-1', `pod-1_${uid} waits`, 1),
    event('pod-2', `pod-2_${uid} waits`, 3),
    event('pod-2', 'gone', 2)
  ]
  t.strictSame(linesOf(renderState(stateOf({ events })), 'Events, the last ten'), [
    `57 s ago, Warning Failed of Pod pod-2 and 1 more, 4 times: pod-2_${uid} waits`,
    '58 s ago, Warning Failed of Pod pod-2, 2 times: gone'
  ])
})

void t.test('denials of the pods that one ReplicaSet makes are one line, of one object', async (t) => {
  const events = ['x7k2p', 'mjwgf', 'dqklz'].map((pod, i) => ({
    type: 'Warning',
    reason: 'FailedCreate',
    message: `denied the request: Pod drill-1/second-6c5df954cd-${pod}: no room, read ${i} s ago`,
    involvedObject: { kind: 'ReplicaSet', name: 'second-6c5df954cd' },
    lastTimestamp: `2026-01-01T09:59:0${i}Z`
  }))
  t.strictSame(linesOf(renderState(stateOf({ events })), 'Events, the last ten'), [
    '58 s ago, Warning FailedCreate of ReplicaSet second-6c5df954cd, 3 times: ' +
      'denied the request: Pod drill-1/second-6c5df954cd-dqklz: no room, read 2 s ago'
  ])
})

void t.test('lines of a log that differ in their time alone are one', async (t) => {
  const at = (time: string, msg: string) => JSON.stringify({ level: 30, time: `2026-01-01T${time}.000Z`, msg })
  const lines = [at('09:00:00', 'a'), at('09:00:01', 'a'), at('09:00:02', 'b'), at('09:00:03', 'a')]
  t.strictSame(linesOf(renderState(stateOf({ processes: [{ name: 'serve-1', lines }] })), 'Log of serve-1'), [
    '09:00:01 a (2 times)',
    '09:00:02 b',
    '09:00:03 a'
  ])
})

void t.test('a line of a log of pidguard begins with its time and its message, and keeps what it found', async (t) => {
  const fields = {
    level: 40,
    time: '2026-01-01T09:59:58.123Z',
    uid: 'u',
    node: 'node-a',
    free: 48,
    msg: 'near its floor'
  }
  const review = {
    level: 30,
    time: '2026-01-01T09:59:59.123Z',
    result: 'denied',
    findings: [{ ruleId: 'x' }],
    msg: 'review'
  }
  const processes = [
    { name: 'guard-1', lines: [...[fields, review].map((each) => JSON.stringify(each)), '"text"', 'null'] }
  ]
  t.strictSame(linesOf(renderState(stateOf({ processes })), 'Log of guard-1'), [
    '09:59:58 WARN near its floor: node=node-a free=48',
    '09:59:59 review: result=denied findings=[{"ruleId":"x"}]',
    '"text"',
    'null'
  ])
})

void t.test('what one log needs less, another may use; the newest lines stay', async (t) => {
  const long = Array.from({ length: 20 }, (_, i) => `${i} ${'x'.repeat(500)}`)
  const text = renderState(
    stateOf({
      processes: [
        { name: 'a', lines: long },
        { name: 'b', lines: ['one'] }
      ]
    })
  )
  const shown = linesOf(text, 'Log of a')
  t.equal(shown.at(-1), long.at(-1))
  t.ok(shown.length > 10, 'more than its half of the text')
  t.strictSame(linesOf(text, 'Log of b'), ['one'])
})

void t.test('a long line lacks its middle: a denial ends with what it found', async (t) => {
  const message = `denied: ${'x'.repeat(2_000)} Found: needs 62; free 48`
  const pods = [
    podOf('p', 'a', { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Rejected', message }] })
  ]
  const [line = ''] = linesOf(renderState(stateOf({ pods })), 'Not scheduled')
  t.match(line, /^p: Rejected: denied: x+ … x+ Found: needs 62; free 48$/)
  t.equal(line.length, 700)
})

void t.test('each process has its newest lines, and says whether it runs', async (t) => {
  const processes = [
    { name: 'serve-1', lines: ['old', 'new'] },
    { name: 'guard-2', exit: { code: null, signal: 'SIGKILL' }, lines: [] },
    { name: 'controller-3', exit: { code: 1, signal: null }, lines: ['Error: no'] }
  ]
  const text = renderState(stateOf({ processes }))
  t.strictSame(linesOf(text, 'Log of serve-1, which runs:'), ['old', 'new'])
  t.strictSame(linesOf(text, 'Log of guard-2, which ended with SIGKILL:'), ['none'])
  t.strictSame(linesOf(text, 'Log of controller-3, which ended with code 1:'), ['Error: no'])
})

void t.test('the text is bounded and has no control characters, however much there is to say', async (t) => {
  const message = `\u001b[2J\u0000first\r\nsecond\u2028${'x'.repeat(5_000)}`
  const conditions = ['PodScheduled', 'ReplicaFailure'].map((type) => ({ type, status: 'False', message }))
  const many = Array.from({ length: 50 }, (_, i) => i)
  const text = renderState({
    at,
    namespace: 'drill-1',
    pods: many.map((i) => podOf(`p${i}`, `app-${i}`, { conditions })),
    replicaSets: many.map((i) => ({ metadata: { name: `r${i}` }, spec: { replicas: 1 }, status: { conditions } })),
    nodes: many.map((i) => ({
      metadata: { name: `n${i}` },
      spec: { taints: [{ key: message, effect: 'x' }] },
      status: {}
    })),
    events: many.map(() => ({ type: 'Warning', message, involvedObject: {} })),
    processes: many
      .slice(0, 3)
      .map((i) => ({ name: `serve-${i}`, lines: many.map((i) => `${i} ${message} ${i} newest`) }))
  })
  t.ok(text.length <= longestState, `${text.length}`)
  t.match(text, '49 newest')
  t.notMatch(text, /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u)
  for (let i = 0; i < 3; i++) t.match(text, `Log of serve-${i}, which runs:\n  `)
})
