import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { NodeNames } from '../../../src/readings/prometheus/node-of-series.ts'
import { PrometheusReadings, prometheusDefaults } from '../../../src/readings/prometheus/prometheus-readings.ts'
import { sendJson, startFakeApi, systemClock } from '../../support/fake-api.ts'
import { memorySink } from '../../support/fake-kubelet.ts'

const evaluated = 1_000

interface Sample {
  readonly labels: Record<string, string>
  readonly value: number
}

/** Answers each query by what it asks for. */
async function start(
  t: Test,
  samples: Record<string, Sample[]>,
  fault?: (query: string, response: ServerResponse) => boolean
) {
  const asked: string[] = []
  const api = await startFakeApi(async (request, response) => {
    const query = new URLSearchParams(await text(request)).get('query') ?? ''
    asked.push(query)
    if (fault?.(query, response)) return
    const counted = Object.keys(samples).find((each) => each.startsWith('twice ') && query.includes(each.slice(6)))
    const asking = Object.keys(samples).find((each) => query.includes(each))
    const name = query.startsWith('count by') ? counted : asking
    const result = (samples[name ?? ''] ?? []).map(({ labels, value }) => ({
      metric: labels,
      value: [evaluated, String(value)]
    }))
    sendJson(response, { status: 'success', data: { resultType: 'vector', result } })
  })
  t.teardown(() => api.stop())
  const readings = new PrometheusReadings({
    ...prometheusDefaults,
    url: `${api.url}/`,
    credentials: undefined,
    clock: { ...systemClock, now: () => 500_000 }
  })
  t.teardown(() => readings.close())
  return { readings, asked }
}

const once = { signal: new AbortController().signal, spread: 0 }
const target = (name: string, address?: string) => ({ name, address, kubeletPort: 10250 })
const a = { node: 'node-a' }
const exporter = { instance: '10.0.0.1:9100' }

const whole: Record<string, Sample[]> = {
  'timestamp(node_processes_threads)': [{ labels: exporter, value: evaluated - 20 }],
  node_processes_max: [{ labels: exporter, value: 32768 }],
  node_processes_threads: [{ labels: exporter, value: 1209 }],
  'id) (timestamp(container_threads{id=~".*kubepods"': [{ labels: { ...a, id: '/kubepods' }, value: evaluated - 30 }],
  container_threads_max: [{ labels: { ...a, id: '/kubepods' }, value: 0 }],
  last_over_time: [
    { labels: { ...a, id: '/kubepods/burstable/podu-1' }, value: 502 },
    { labels: { node: 'gone', id: '/kubepods/podu-2' }, value: 1 }
  ],
  container_threads: [
    { labels: { ...a, id: '/docker/x/kubelet/kubepods' }, value: 7 },
    { labels: { ...a, id: '/kubepods' }, value: 1006 },
    { labels: { ...a, id: '/x/my-kubepods' }, value: 9 }
  ]
}

t.test('host, kubepods and pods of a node, from series under different labels', async (t) => {
  const { readings } = await start(t, whole)
  const sink = memorySink()
  await readings.read([target('node-a', '10.0.0.1'), target('node-b')], sink, once)
  t.strictSame(sink.readings.get('node-a'), {
    node: 'node-a',
    at: 500_000 - 30_000,
    host: { limit: 32768, inUse: 1209 },
    kubepods: { limit: Number.POSITIVE_INFINITY, inUse: 1006 },
    pods: new Map([['u-1', 502]]),
    podLimits: undefined,
    nearLimits: [],
    gaps: []
  })
  t.match(sink.failures.get('node-b'), { reason: 'not-reported', detail: /InternalIP/ })
})

t.test('what Prometheus does not have is unknown and named', async (t) => {
  const { readings, asked } = await start(t, {
    last_over_time: whole['last_over_time'] ?? [],
    'group by': [{ labels: a, value: 1 }]
  })
  const sink = memorySink()
  await readings.read([target('node-a')], sink, once)
  t.match(sink.readings.get('node-a'), {
    at: 500_000 - 120_000,
    host: { limit: undefined, inUse: undefined },
    kubepods: { limit: undefined, inUse: undefined },
    gaps: [{ detail: /--collector.processes/ }, { detail: /no container_threads of kubepods; its scrape .* drops it/ }]
  })
  t.equal(sink.readings.get('node-a')?.pods?.get('u-1'), 502)
  t.match(
    asked.find((query) => query.includes('last_over_time')),
    /container="",node=~"node-a"/
  )
})

t.test('a large fleet is asked in parts, so that no answer is too much at once', async (t) => {
  const nodes = Array.from({ length: 501 }, (_, n) => `n${n}`)
  const { readings, asked } = await start(t, {
    container_threads_max: [],
    last_over_time: [],
    container_threads: nodes.map((node) => ({ labels: { node, id: '/kubepods' }, value: 7 }))
  })
  await readings.read(
    nodes.map((node) => target(node)),
    memorySink(),
    once
  )
  const parts = asked.filter((query) => query.includes('last_over_time'))
  const listed = parts.map((query) => /node=~"([^"]*)"/.exec(query)?.[1]?.split('|') ?? [])
  t.strictSame(
    listed.map(({ length }) => length),
    [250, 250, 1]
  )
  t.strictSame(listed.flat(), nodes)
})

t.test('pods are asked for by the labels that tell their nodes, taken as texts', async (t) => {
  const series = (labels: Record<string, string>): Sample => ({ labels: { ...labels, id: '/kubepods' }, value: 7 })
  const { readings, asked } = await start(t, {
    container_threads_max: [],
    last_over_time: [],
    container_threads: [
      series({ instance: '10.0.0.1:10250' }),
      series({ instance: '10.0.0.1:10250', node: 'else' }),
      series({ instance: '[fd00::1]:10250' }),
      series({ node: 'node-c' })
    ]
  })
  const targets = [target('node-a', '10.0.0.1'), target('node-b', 'fd00::1'), target('node-c')]
  await readings.read(targets, memorySink(), once)
  t.strictSame(
    asked.filter((query) => query.includes('last_over_time')).map((query) => /\{(.*)\}/.exec(query)?.[1]),
    [String.raw`container="",instance=~"10\\.0\\.0\\.1:10250|\\[fd00::1\\]:10250"`, 'container="",node=~"node-c"']
  )
})

t.test('failures', async (t) => {
  const answer = (status: number, body: string) => (_query: string, response: ServerResponse) => {
    response.writeHead(status).end(body)
    return true
  }
  const cases: [reason: string, detail: RegExp, fault: (query: string, response: ServerResponse) => boolean][] = [
    ['http-error', /HTTP 422: parse error/, answer(422, '{"error":"parse error"}')],
    ['http-error', /HTTP 502$/, answer(502, '<html>')],
    ['unauthorized', /401/, answer(401, '')],
    ['forbidden', /403/, answer(403, '')],
    ['malformed', /no vector/, answer(200, '{}')],
    ['malformed', /no vector/, answer(200, '{')],
    ['unreachable', /./, (_query, response) => Boolean(response.socket?.resetAndDestroy())]
  ]
  for (const [reason, detail, fault] of cases) {
    const { readings } = await start(t, whole, fault)
    const sink = memorySink()
    await readings.read([target('node-a')], sink, once)
    t.match(sink.failures.get('node-a'), { reason, detail })
  }
})

t.test('without the pods there are still the ceilings', async (t) => {
  const { readings } = await start(t, whole, (query, response) => {
    if (!query.includes('last_over_time')) return false
    response.writeHead(503).end()
    return true
  })
  const sink = memorySink()
  await readings.read([target('node-a', '10.0.0.1')], sink, once)
  t.match(sink.readings.get('node-a'), { kubepods: { inUse: 1006 }, pods: undefined, gaps: [{ reason: 'http-error' }] })
})

t.test('which node a series speaks of', async (t) => {
  const names = new NodeNames([
    target('node-a', '10.0.0.1'),
    target('node-b', 'fd00::1'),
    target('10.0.0.9', '10.0.0.8')
  ])
  const cases: [labels: Record<string, string>, want: string | undefined][] = [
    [{ node: 'node-a', instance: '10.0.0.9:10250' }, 'node-a'],
    [{ kubernetes_node: 'node-b' }, 'node-b'],
    [{ nodename: 'node-b' }, 'node-b'],
    [{ instance: '10.0.0.1:10250' }, 'node-a'],
    [{ instance: '10.0.0.1' }, 'node-a'],
    [{ instance: '[fd00::1]:9100' }, 'node-b'],
    [{ instance: 'node-a:9100' }, 'node-a'],
    [{ instance: '10.0.0.9:9100' }, '10.0.0.9'],
    [{ node: 'unknown', instance: '10.0.0.1:9100' }, 'node-a'],
    [{ node: '' }, undefined],
    [{}, undefined]
  ]
  for (const [labels, want] of cases) t.equal(names.nodeOf(labels), want, JSON.stringify(labels))
})

t.test('limits of single cgroups that are half used are compared by Prometheus', async (t) => {
  const pod = '/kubepods/burstable/podu-1'
  const at = (id: string, value: number, container = ''): Sample => ({ labels: { ...a, id, container }, value })
  const { readings, asked } = await start(t, {
    'group by (node, kubernetes_node, nodename, instance) (container_threads_max': [{ labels: a, value: 1 }],
    'id, container) (container_threads >= 0.5': [
      at(pod, 950),
      at(`${pod}/crio-1`, 90, 'app'),
      at('/x.service', 7),
      at('/kubepods', 9)
    ],
    'id, container) ((container_threads_max > 0)': [
      at(pod, 1000),
      at(`${pod}/crio-1`, 95, 'app'),
      at('/x.service', 10),
      at('/kubepods', 10),
      at('/', 10),
      at('/y.service', 10)
    ],
    ...whole
  })
  const sink = memorySink()
  await readings.read([target('node-a', '10.0.0.1')], sink, once)
  t.strictSame(sink.readings.get('node-a')?.nearLimits, [
    { of: 'pod', pod: 'u-1', name: '', limit: 1000, inUse: 950 },
    { of: 'container', pod: 'u-1', name: 'app', limit: 95, inUse: 90 },
    { of: 'unit', name: '/x.service', limit: 10, inUse: 7 }
  ])
  t.ok(asked.some((query) => query.includes('(container_threads_max > 0)')))
})

t.test('where a relabelling drops container_threads_max, limits are unknown, and that is said', async (t) => {
  const { container_threads_max: limits, ...without } = whole
  const { readings } = await start(t, { container_threads_max: [], ...without })
  const sink = memorySink()
  await readings.read([target('node-a', '10.0.0.1')], sink, once)
  const reading = sink.readings.get('node-a')
  t.equal(reading?.nearLimits, undefined)
  t.match(reading?.gaps, [
    { detail: /no container_threads_max, so limits of single pods are not known; .*docs.monitoring.md/ }
  ])
})

t.test('where Prometheus refuses to compare, limits are unknown and the rest is known', async (t) => {
  const { readings } = await start(t, whole, (query, response) => {
    if (!query.includes('0.5 *')) return false
    sendJson(response, { status: 'error', error: 'too many samples' }, 422)
    return true
  })
  const sink = memorySink()
  await readings.read([target('node-a', '10.0.0.1')], sink, once)
  t.equal(sink.readings.get('node-a')?.kubepods.inUse, 1006)
  t.equal(sink.readings.get('node-a')?.nearLimits, undefined)
})

const exporterTwice = { labels: exporter, value: 2 }
const kubepodsTwice = { labels: { ...a, id: '/kubepods' }, value: 2 }
const forged = { node: 'node-a', instance: 'tenant:8080' }
const forgeries: readonly {
  readonly name: string
  readonly change: Record<string, Sample[]>
  readonly lost: string
}[] = [
  {
    name: 'a limit of kubepods that another target exposes',
    change: {
      container_threads_max: [
        ...(whole['container_threads_max'] ?? []),
        { labels: { ...forged, id: '/kubepods' }, value: 9e6 }
      ]
    },
    lost: 'kubepods'
  },
  {
    name: 'the same under the name of the other cgroup driver',
    change: {
      container_threads: [
        ...(whole['container_threads'] ?? []),
        { labels: { ...forged, id: '/kubepods.slice' }, value: 1 }
      ]
    },
    lost: 'kubepods'
  },
  {
    name: 'tasks of kubepods with the very labels of the kubelet',
    change: { 'twice container_threads': [kubepodsTwice] },
    lost: 'kubepods'
  },
  {
    name: 'a limit of the node that another target exposes',
    change: { node_processes_max: [...(whole['node_processes_max'] ?? []), { labels: forged, value: 1 }] },
    lost: 'host'
  },
  {
    name: 'tasks of the node with the very labels of node_exporter',
    change: { 'twice node_processes_threads': [exporterTwice] },
    lost: 'host'
  }
]
for (const { name, change, lost } of forgeries) {
  t.test(`${name}: that ceiling is not known, and the other one stays`, async (t) => {
    const { readings } = await start(t, { ...whole, ...change })
    const sink = memorySink()
    await readings.read([target('node-a', '10.0.0.1')], sink, once)
    const { host, kubepods, gaps } = sink.readings.get('node-a') ?? {}
    const ceilings = { host, kubepods }
    t.strictSame(ceilings[lost as 'host'], { limit: undefined, inUse: undefined })
    t.ok(ceilings[lost === 'host' ? 'kubepods' : 'host']?.limit)
    t.match(gaps, [
      { reason: 'malformed', detail: /^two targets of Prometheus have .* name the right one by --prometheus-/ }
    ])
  })
}

t.test('pods that another target speaks of are not those of the node', async (t) => {
  const stranger = { labels: { ...forged, id: '/kubepods/burstable/podu-1' }, value: 1 }
  const { readings } = await start(t, { ...whole, last_over_time: [...(whole['last_over_time'] ?? []), stranger] })
  const sink = memorySink()
  await readings.read([target('node-a', '10.0.0.1')], sink, once)
  t.strictSame(sink.readings.get('node-a')?.pods, new Map([['u-1', 502]]))
})

t.test('what was at another moment is asked of that moment', async (t) => {
  const times: (string | null)[] = []
  const api = await startFakeApi(async (request, response) => {
    times.push(new URLSearchParams(await text(request)).get('time'))
    sendJson(response, { status: 'success', data: { resultType: 'vector', result: [] } })
  })
  t.teardown(() => api.stop())
  const readings = new PrometheusReadings({
    ...prometheusDefaults,
    url: api.url,
    credentials: undefined,
    evaluateAt: 1_795_000_000_500,
    clock: systemClock
  })
  t.teardown(() => readings.close())
  await readings.read([target('node-a')], memorySink(), once)
  t.ok(times.length > 5)
  t.strictSame([...new Set(times)], ['1795000000.5'])
})

t.test(
  'empty cgroups of pods are no pods without tasks: kubelet and runtime use different cgroup drivers',
  async (t) => {
    const empty = (pods: Sample[]) => ({
      ...whole,
      container_threads_max: [{ labels: { ...a, id: '/kubepods' }, value: 900 }],
      container_threads: [{ labels: { ...a, id: '/kubepods' }, value: 0 }],
      last_over_time: pods
    })
    const read = async (pods: Sample[]) => {
      const { readings } = await start(t, empty(pods))
      const sink = memorySink()
      await readings.read([target('node-a', '10.0.0.1')], sink, once)
      return sink.readings.get('node-a')
    }
    const pod = (value: number) => [{ labels: { ...a, id: '/kubepods/burstable/podu-1' }, value }]
    t.match(await read(pod(0)), {
      kubepods: { limit: Number.POSITIVE_INFINITY, inUse: undefined },
      pods: undefined,
      gaps: [{ reason: 'cgroup-drivers' }]
    })
    t.match(await read(pod(3)), { kubepods: { limit: 900, inUse: 0 }, pods: new Map([['u-1', 3]]) })
    t.match(await read([]), { kubepods: { limit: 900, inUse: 0 }, pods: new Map() }, 'a node without pods')
  }
)
