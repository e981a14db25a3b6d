import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { issueAuthority } from '../../../src/certs/issue.ts'
import {
  type KubeletOptions,
  KubeletReadings,
  kubeletDefaults
} from '../../../src/readings/kubelet/kubelet-readings.ts'
import { systemClock, until } from '../../support/fake-api.ts'
import { type KubeletAnswer, kubeletAuthority, memorySink, startFakeKubelet } from '../../support/fake-kubelet.ts'
import { fakeClock } from '../../support/fakes.ts'

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/kubelet/${name}`, import.meta.url))
const summary = fixture('incident-stats-summary.json')
const cadvisor = fixture('incident-metrics-cadvisor.txt')

type Part = (response: ServerResponse) => void
const send =
  (body: Buffer | string, status = 200, headers: Record<string, string> = {}): Part =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }

/** Answers of one node; by default those recorded in the incident. */
function node(change: { summary?: Part; cadvisor?: Part } = {}): KubeletAnswer {
  return (request, response) => {
    if (request.url === '/stats/summary') (change.summary ?? send(summary))(response)
    else if (request.url === '/metrics/cadvisor') (change.cadvisor ?? send(cadvisor))(response)
    else send('no such path', 404)(response)
  }
}

function source(t: Test, change: Partial<KubeletOptions> & { token?: () => string; renew?: () => void } = {}) {
  const { token = () => 'good', renew = () => {}, ...options } = change
  const readings = new KubeletReadings({
    ...kubeletDefaults,
    credentials: {
      next: async () => ({
        headers: { authorization: `Bearer ${token()}` },
        tls: { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
      }),
      renew
    },
    ca: async () => kubeletAuthority.cert,
    insecure: false,
    port: undefined,
    clock: systemClock,
    random: Math.random,
    ...options
  })
  t.teardown(() => readings.close())
  return readings
}

const once = { signal: new AbortController().signal, spread: 0 }

t.test('a node in the incident: both ceilings and its pods, over one connection', async (t) => {
  const kubelet = await startFakeKubelet(t, node())
  const sink = memorySink()
  await source(t).read([kubelet.target('node-a')], sink, once)
  const reading = sink.readings.get('node-a')
  t.strictSame(reading?.host, { limit: 32768, inUse: 1197 })
  t.strictSame(reading?.kubepods, { limit: 1500, inUse: 1006 })
  t.equal(reading?.pods?.get('6d6a6def-66fb-4cd2-bc02-7939fe811e4d'), 502)
  t.strictSame(reading?.gaps, [])
  t.equal(kubelet.state.connections, 1)
})

t.test('a token that was renewed is used within 5 s, and not read for every node', async (t) => {
  const used: (string | undefined)[] = []
  const kubelet = await startFakeKubelet(t, (request, response) => {
    if (request.url === '/stats/summary') used.push(request.headers.authorization)
    node()(request, response)
  })
  const clock = fakeClock()
  let token = 1
  let reads = 0
  const readings = source(t, {
    clock,
    token() {
      reads++
      return String(token)
    }
  })
  const round = () => readings.read([kubelet.target('a'), kubelet.target('b')], memorySink(), once)
  await round()
  const first = reads
  token = 2
  clock.advance(4_999)
  await round()
  t.equal(reads, first, 'not read again so soon')
  clock.advance(1)
  await round()
  t.strictSame(
    used,
    ['1', '1', '1', '1', '2', '2'].map((each) => `Bearer ${each}`)
  )
})

t.test('compressed or not, the reading is the same', async (t) => {
  const zipped = { 'content-encoding': 'gzip' }
  const kubelet = await startFakeKubelet(
    t,
    node({ summary: send(gzipSync(summary), 200, zipped), cadvisor: send(gzipSync(cadvisor), 200, zipped) })
  )
  const sink = memorySink()
  await source(t).read([kubelet.target('node-a')], sink, once)
  t.strictSame(sink.readings.get('node-a')?.kubepods, { limit: 1500, inUse: 1006 })
})

t.test('a reading is as old as its oldest figure, whatever the clock of the node says', async (t) => {
  // Recorded at 10:55:29 and 10:55:23.913; the node answers at 10:55:34 of its own clock, a day off ours.
  const headers = { date: 'Sat, 21 Nov 2026 10:55:34 GMT' }
  const kubelet = await startFakeKubelet(
    t,
    node({ summary: send(summary, 200, headers), cadvisor: send(cadvisor, 200, headers) })
  )
  const sink = memorySink()
  await source(t, { clock: { ...systemClock, now: () => 1_000_000 } }).read([kubelet.target('node-a')], sink, once)
  t.equal(sink.readings.get('node-a')?.at, 1_000_000 - 10_087)
})

t.test('what is missing is unknown and named', async (t) => {
  const cases: [name: string, answer: KubeletAnswer, want: object][] = [
    [
      'no rlimit',
      node({ summary: send('{"node":{}}') }),
      { host: { limit: undefined, inUse: undefined }, kubepods: { limit: 1500 }, gaps: [{ reason: 'not-reported' }] }
    ],
    [
      'half a ceiling',
      node({ summary: send('{"node":{"rlimit":{"time":"2026-11-21T10:00:00Z","curproc":900}}}') }),
      {
        host: { limit: undefined, inUse: 1006 },
        gaps: [{ reason: 'not-reported', detail: '/stats/summary has node.rlimit without maxpid' }]
      }
    ],
    [
      'a count that wrapped: at least what kubepods holds',
      node({ summary: send('{"node":{"rlimit":{"maxpid":70000,"curproc":12}}}') }),
      { host: { limit: 70_000, inUse: 1006 }, gaps: [] }
    ],
    [
      'a cgroup above kubepods with less free than the node',
      node({
        cadvisor: send(
          Buffer.concat([
            cadvisor,
            Buffer.from(
              'container_threads{id="/"} 2046 1795258523913\ncontainer_threads_max{id="/"} 2048 1795258523913\n'
            )
          ])
        )
      }),
      { host: { limit: 2048, inUse: 2046 }, hostCgroup: '/', kubepods: { limit: 1500 }, gaps: [] }
    ],
    [
      'containers that run outside of the cgroups of their pods',
      node({
        cadvisor: send(
          'container_threads{id="/kubepods.slice"} 0\n' +
            'container_threads{id="/system.slice/containerd.service/kubepods-pod1_2.slice:cri-containerd:3"} 21\n'
        )
      }),
      {
        kubepods: { limit: Number.POSITIVE_INFINITY, inUse: 21 },
        pods: new Map([['1-2', 21]]),
        gaps: [{ reason: 'cgroup-drivers', detail: /node-cgroup-driver/ }]
      }
    ],
    [
      'some containers that do, from before a driver was changed: kubepods keeps its limit',
      node({
        cadvisor: send(
          'container_threads{id="/kubepods.slice"} 30\ncontainer_threads_max{id="/kubepods.slice"} 900\n' +
            'container_threads{id="/kubepods.slice/kubepods-pod9.slice"} 29\n' +
            'container_threads{id="/kubepods.slice/kubepods-pod1_2.slice"} 0\n' +
            'container_threads{id="/system.slice/containerd.service/kubepods-pod1_2.slice:cri-containerd:3"} 21\n'
        )
      }),
      {
        kubepods: { limit: 900, inUse: 30 },
        pods: new Map([
          ['9', 29],
          ['1-2', 21]
        ]),
        gaps: [{ reason: 'cgroup-drivers' }]
      }
    ],
    [
      'no kubepods',
      node({ cadvisor: send('# nothing\n') }),
      {
        host: { limit: 32768 },
        kubepods: { limit: undefined, inUse: undefined },
        pods: undefined,
        gaps: [{ reason: 'not-reported' }]
      }
    ],
    [
      'no right to metrics',
      node({ cadvisor: send('Forbidden', 403) }),
      { host: { limit: 32768 }, pods: undefined, gaps: [{ reason: 'forbidden', detail: /nodes\/metrics/ }] }
    ],
    [
      'no right to stats',
      node({ summary: send('Forbidden', 403) }),
      { host: { limit: undefined }, kubepods: { inUse: 1006 }, gaps: [{ reason: 'forbidden' }] }
    ],
    [
      'metrics cut off',
      node({
        cadvisor: (response) =>
          void response.writeHead(200, { 'content-length': '1000' }).write('x', () => response.socket?.destroy())
      }),
      { host: { limit: 32768 }, kubepods: { limit: undefined }, gaps: [{ reason: 'unreachable' }] }
    ],
    [
      'metrics not gzip',
      node({ cadvisor: send('plain', 200, { 'content-encoding': 'gzip' }) }),
      { host: { limit: 32768 }, gaps: [{ reason: 'malformed' }] }
    ],
    [
      'metrics too large, unpacked',
      node({ cadvisor: send(gzipSync(Buffer.alloc(300_000, '\n')), 200, { 'content-encoding': 'gzip' }) }),
      { host: { limit: 32768 }, gaps: [{ reason: 'too-large', detail: /more than 200000 bytes/ }] }
    ]
  ]
  for (const [name, answer, want] of cases) {
    const kubelet = await startFakeKubelet(t, answer)
    const sink = memorySink()
    await source(t, { bodyLimit: 200_000 }).read([kubelet.target('node-a')], sink, once)
    t.match(sink.readings.get('node-a'), want, name)
    t.equal(sink.failures.size, 0, name)
  }
})

t.test('a node of which nothing can be read is a failure with its reason', async (t) => {
  const otherAuthority = (await issueAuthority('other', { from: Date.now(), days: 1 })).cert
  const cases: [reason: string, answer: KubeletAnswer, change?: Partial<KubeletOptions>][] = [
    ['unauthorized', node({ summary: send('', 401), cadvisor: send('', 401) })],
    ['forbidden', node({ summary: send('', 403), cadvisor: send('', 403) })],
    ['http-error', node({ summary: send('', 500), cadvisor: send('', 500) })],
    ['timeout', () => {}, { timeout: 100 }],
    ['unreachable', (request) => void request.socket.destroy()],
    ['tls', node(), { ca: async () => otherAuthority }]
  ]
  for (const [reason, answer, change] of cases) {
    const kubelet = await startFakeKubelet(t, answer)
    const sink = memorySink()
    await source(t, change).read([kubelet.target('node-a')], sink, once)
    t.equal(sink.failures.get('node-a')?.reason, reason)
    t.equal(sink.readings.size, 0)
  }
})

t.test('a certificate nobody vouches for is read only when told so', async (t) => {
  const kubelet = await startFakeKubelet(t, node())
  const sink = memorySink()
  await source(t, { ca: undefined }).read([kubelet.target('strict')], sink, once)
  await source(t, { ca: undefined, insecure: true }).read([kubelet.target('insecure')], sink, once)
  t.match(sink.failures.get('strict'), { reason: 'tls', detail: /the certificate is not trusted \(/ })
  t.ok(sink.readings.has('insecure'))
})

t.test('a token rotated meanwhile is read again', async (t) => {
  let token = 'old'
  const kubelet = await startFakeKubelet(t, (request, response) => {
    if (request.headers.authorization !== 'Bearer new') send('', 401)(response)
    else node()(request, response)
  })
  const sink = memorySink()
  const readings = source(t, {
    token: () => token,
    renew: () => {
      token = 'new'
    }
  })
  await readings.read([kubelet.target('node-a')], sink, once)
  t.ok(sink.readings.has('node-a'))
})

t.test('another authority and another key are used within 5 s, and the old ones when they are back', async (t) => {
  const kubelet = await startFakeKubelet(t, node())
  const other = (await issueAuthority('other', { from: Date.now(), days: 1 })).cert
  const clock = fakeClock()
  let [authority, key] = [kubeletAuthority.cert, undefined as string | undefined]
  const readings = source(t, {
    clock,
    ca: async () => authority,
    credentials: {
      next: async () => ({
        headers: {},
        tls: { ca: undefined, cert: undefined, key, rejectUnauthorized: true, servername: undefined }
      }),
      renew: () => {}
    }
  })
  const failure = async (): Promise<string | undefined> => {
    clock.advance(5_000)
    const sink = memorySink()
    await readings.read([kubelet.target('a')], sink, once)
    t.equal(sink.readings.size + sink.failures.size, 1)
    return sink.failures.get('a')?.reason
  }
  t.equal(await failure(), undefined)
  authority = other
  t.equal(await failure(), 'tls')
  authority = kubeletAuthority.cert
  t.equal(await failure(), undefined)
  key = 'half of a file that is being written'
  t.type(await failure(), 'string')
  key = undefined
  t.equal(await failure(), undefined)
})

t.test('a node without an address is not asked', async (t) => {
  const sink = memorySink()
  await source(t).read([{ name: 'node-a', address: undefined, kubeletPort: 1 }], sink, once)
  t.equal(sink.failures.get('node-a')?.reason, 'no-address')
})

t.test('nodes that hang delay no other, not in this round and not in the next', async (t) => {
  const hanging = await startFakeKubelet(t, () => {})
  const healthy = await startFakeKubelet(t, node())
  const readings = source(t, { concurrency: 4, timeout: 5_000 })
  const hung = Array.from({ length: 4 }, (_, n) => hanging.target(`hung-${n}`))
  const good = Array.from({ length: 20 }, (_, n) => healthy.target(`good-${n}`))
  const first = memorySink()
  await readings.read([...good, ...hung], first, once)
  t.equal(first.readings.size, 20)
  t.equal(first.failures.size, 4)
  // From now on the hung ones are known: they wait for each other, whatever their place in the list.
  const second = memorySink()
  const round = readings.read([...hung, ...good], second, once)
  const third = memorySink()
  await readings.read(hung, third, once)
  t.equal(third.failures.size, 0, 'what is being asked is not asked once more')
  await until(
    'all others read',
    () => second.readings.size === 20,
    () => second.readings
  )
  t.equal(second.failures.size, 0, 'before the first that hangs has run out of time')
  await round
  t.equal(second.failures.size, 4)
  t.ok(hanging.state.requests <= 8)
})

t.test('never more connections than allowed', async (t) => {
  const kubelet = await startFakeKubelet(t, (request, response) => {
    setTimeout(() => node()(request, response), 10)
  })
  const sink = memorySink()
  await source(t, { concurrency: 5 }).read(
    Array.from({ length: 40 }, (_, n) => kubelet.target(`n${n}`)),
    sink,
    once
  )
  t.equal(sink.readings.size, 40)
  t.ok(kubelet.state.mostOpen <= 5)
})

t.test('the starts are spread over the span', async (t) => {
  const kubelet = await startFakeKubelet(t, node())
  const sink = memorySink()
  const from = performance.now()
  await source(t, { random: () => 0.5 }).read([kubelet.target('a')], sink, { ...once, spread: 400 })
  t.ok(performance.now() - from >= 195)
})

t.test('stops at once, and says nothing more', async (t) => {
  let asked = 0
  const kubelet = await startFakeKubelet(t, () => {
    asked++
  })
  const abort = new AbortController()
  const sink = memorySink()
  const readings = source(t, { concurrency: 1 })
  const round = readings.read([kubelet.target('a'), kubelet.target('b')], sink, { signal: abort.signal, spread: 0 })
  const waiting = source(t).read([kubelet.target('c')], sink, { signal: abort.signal, spread: 60_000 })
  await until(
    'a is asked',
    () => asked > 0,
    () => asked
  )
  abort.abort()
  await Promise.all([round, waiting])
  t.equal(sink.readings.size + sink.failures.size, 0)
})

t.test(
  'a kubelet that answers and reports no figure, as on Windows, has failed: its reading is not an old one',
  async (t) => {
    const kubelet = await startFakeKubelet(t, node({ summary: send('{"node":{}}'), cadvisor: send('# nothing\n') }))
    const sink = memorySink()
    await source(t).read([kubelet.target('win-1')], sink, once)
    t.equal(sink.readings.size, 0)
    t.match(sink.failures.get('win-1'), {
      reason: 'not-reported',
      detail: /neither node.rlimit .* nor container_threads/
    })
  }
)

/** A kubelet with PodAndContainerStatsFromCRI: no cgroup in /metrics/cadvisor, and it says why where it is asked. */
function runtimeNode(state: { provider: string; cadvisor: Part; asked: number }): KubeletAnswer {
  const rlimit = { time: '2026-11-30T00:37:50Z', maxpid: 32_768, curproc: 900 }
  const pods = [
    { podRef: { uid: 'u1' }, process_stats: { process_count: 510 } },
    { podRef: { uid: 'u2' }, process_stats: { process_count: 7 } }
  ]
  const answer = node({
    summary: send(JSON.stringify({ node: { rlimit }, pods })),
    cadvisor: (response) => state.cadvisor(response)
  })
  return (request, response) => {
    if (request.url !== '/metrics') return answer(request, response)
    state.asked++
    send(`kubelet_metrics_provider{provider="${state.provider}"} 1\n`)(response)
  }
}

t.test('a kubelet that lets the runtime count is known as that, and what it has of pods is used', async (t) => {
  const state = { provider: 'cri', cadvisor: send('machine_cpu_cores 2\n'), asked: 0 }
  const kubelet = await startFakeKubelet(t, runtimeNode(state))
  const readings = source(t)
  const sink = memorySink()
  const round = async () => {
    await readings.read([kubelet.target('n1')], sink, once)
    return sink.readings.get('n1')
  }
  t.match(await round(), {
    host: { limit: 32_768, inUse: 900 },
    kubepods: { limit: undefined, inUse: 517 },
    pods: new Map([
      ['u1', 510],
      ['u2', 7]
    ]),
    gaps: [{ reason: 'cri-stats', detail: /PodAndContainerStatsFromCRI/ }]
  })
  await round()
  t.equal(state.asked, 1, 'asked why once')
  state.cadvisor = send(cadvisor)
  t.strictSame((await round())?.kubepods, { limit: 1500, inUse: 1006 }, 'whole again')
  state.cadvisor = send('machine_cpu_cores 2\n')
  state.provider = 'cadvisor'
  t.match(await round(), { gaps: [{ reason: 'not-reported' }] })
  t.equal(state.asked, 2)
})

/** As containerd 2.4 has them: the largest number of 64 bits is no limit. */
const labelled = `container_threads{container="app",id="6c1f",image="x",namespace="shop",pod="web"} 21 1795255230000
container_threads{container="side",id="77aa",image="x",namespace="shop",pod="web"} 4 1795255230000
container_threads_max{container="app",id="6c1f",image="x",namespace="shop",pod="web"} 24 1795255230000
container_threads_max{container="side",id="77aa",image="x",namespace="shop",pod="web"} 1.8446744073709552e+19 1795255230000
container_threads{container="",id="0001",image="",namespace="",pod=""} 9 1795255230000
`

t.test(
  'series of the runtime are understood by their labels, by kubelets that say nothing of their source',
  async (t) => {
    const rlimit = { time: '2026-11-30T00:37:50Z', maxpid: 32_768, curproc: 900 }
    const read = async (pods: object[]) => {
      const answer = node({ summary: send(JSON.stringify({ node: { rlimit }, pods })), cadvisor: send(labelled) })
      let asked = 0
      const kubelet = await startFakeKubelet(t, (request, response) => {
        if (request.url === '/metrics') asked++
        answer(request, response)
      })
      const sink = memorySink()
      await source(t).read([kubelet.target('n1')], sink, once)
      t.equal(asked, 0, 'nothing to ask')
      return sink.readings.get('n1')
    }
    const container = { of: 'container', pod: 'u1', name: 'app', limit: 24, inUse: 21 }
    const common = { kubepods: { limit: undefined, inUse: 25 }, gaps: [{ reason: 'cri-stats' }], podLimits: undefined }
    t.match(
      await read([{ podRef: { name: 'web', namespace: 'shop', uid: 'u1' } }]),
      { ...common, pods: new Map([['u1', 25]]), nearLimits: [container] },
      'the summary has the uid, and the runtime counted nothing there'
    )
    const byName = await read([])
    t.match(
      byName,
      { ...common, pods: undefined, podsByName: new Map([['shop/web', 25]]), nearLimits: [] },
      'by name alone'
    )
    t.match(
      await read([{ podRef: { name: 'web', namespace: 'shop', uid: 'u1' }, process_stats: { process_count: 27 } }]),
      { kubepods: { inUse: 27 }, pods: new Map([['u1', 27]]) },
      'the summary counts it'
    )
  }
)
