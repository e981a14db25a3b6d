import t from 'tap'
import type { ToldRuntime } from '../../src/kubernetes/pods/told-runtime.ts'
import { momentsOf, type NodeMoment, type WorkloadMoment } from '../../src/recommend/moments.ts'
import { leastSpan, recommend } from '../../src/recommend/recommend.ts'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'

const policy = { podShare: 0.2, pidMax: 100_000 }
const hour = 3_600_000

function moment(change: Partial<NodeMoment> = {}): NodeMoment {
  return {
    node: 'n1',
    at: 0,
    labels: {},
    memory: 16 * 2 ** 30,
    host: { limit: 125_722, inUse: 9_000 },
    kubepods: { limit: 125_722, inUse: 8_400 },
    outside: 600,
    pods: 40,
    biggest: [290, 1_100],
    ...change
  }
}

const adviceOf = (nodes: readonly NodeMoment[]) => recommend({ nodes, workloads: [] }, policy).pools[0]
const valuesOf = (nodes: readonly NodeMoment[]) =>
  Object.fromEntries((adviceOf(nodes)?.settings ?? []).map(({ name, value }) => [name, value]))

t.test('nothing is recommended from one reading, or from less than an hour', async (t) => {
  t.match(adviceOf([moment()]), {
    numbers: null,
    settings: [],
    lack: /read once; nothing is recommended from less than an hour/
  })
  t.match(adviceOf([moment(), moment({ at: leastSpan - 1 })]), { numbers: null, lack: /same 59 minutes/ })
  t.match(adviceOf([moment(), moment({ at: leastSpan })]), {
    lack: null,
    basis: { nodes: 1, readings: 2, span: hour, pods: 40 }
  })
  const unknown = { limit: undefined, inUse: undefined }
  t.match(adviceOf([moment({ host: unknown }), moment({ host: unknown, at: hour })])?.lack, /not known/)
})

t.test('a roomy node: a limit for pods, a reservation, eviction; the kernel is left alone', async (t) => {
  t.strictSame(valuesOf([moment(), moment({ at: hour })]), {
    podPidsLimit: '4096',
    'systemReserved.pid': '1500',
    'evictionHard pid.available': '10%'
  })
})

t.test('the node of incident 003: the leak is not what the limit is chosen by, and the ceiling goes up', async (t) => {
  const leak = moment({
    host: { limit: 32_768, inUse: 31_635 },
    kubepods: { limit: 32_768, inUse: 31_000 },
    outside: 635,
    biggest: [21_317, 7_853, 262],
    memory: 62 * 2 ** 30
  })
  t.strictSame(valuesOf([leak, { ...leak, at: hour }]), {
    podPidsLimit: '1024',
    'systemReserved.pid': '1500',
    'evictionHard pid.available': '10%',
    'kernel.pid_max': '4194304'
  })
  const { settings = [], checks = [] } = adviceOf([leak, { ...leak, at: hour }]) ?? {}
  t.match(settings[0]?.reason, /biggest honest pod that was seen \(262\).*one of 21317 is not counted/)
  for (const { reason, source } of settings) t.ok(reason !== '' && source !== '' && !reason.includes('\n'))
  t.match(checks, [
    /40 pods x 1024 = 40960 PIDs, within the 129572/,
    /pods could leak/,
    /eviction begins at 13107 free PIDs/
  ])
})

t.test('threads-max is raised where the memory of the node makes it the smaller one, or is not known', async (t) => {
  const small = moment({ host: { limit: 31_430, inUse: 25_000 }, memory: 4 * 2 ** 30, biggest: [2_000] })
  t.match(valuesOf([small, { ...small, at: hour }]), { 'kernel.pid_max': '4194304', 'kernel.threads-max': '131072' })
  const unknown = { ...small, memory: undefined }
  t.equal(valuesOf([unknown, { ...unknown, at: hour }])['kernel.threads-max'], '131072')
})

t.test('pods times their limit may be more than the ceiling, and why that is right is said', async (t) => {
  const dense = moment({ pods: 110, biggest: [1_100] })
  t.match(
    adviceOf([dense, { ...dense, at: hour }])?.checks[0],
    /110 pods x 4096 = 450560 PIDs, 3.6 times the 124222 .*That is meant/
  )
})

t.test('eviction begins before kubepods is full, also where much is reserved', async (t) => {
  const busy = moment({ outside: 9_000, host: { limit: 125_722, inUse: 20_000 } })
  const advice = adviceOf([busy, { ...busy, at: hour }])
  const { reserved = 0, eviction = 0, ceiling = 0 } = advice?.numbers ?? {}
  t.equal(reserved, 18_000)
  t.ok((ceiling * eviction) / 100 > reserved - 9_000)
})

t.test(
  'workloads: a quarter above the most that was seen; of an outlier no estimate; of one reading nothing',
  async (t) => {
    const of = (name: string, peak: number, at: number) => ({
      namespace: 'shop',
      kind: 'Deployment',
      name,
      at,
      peak,
      pods: 3,
      declared: 40
    })
    const workloads = [
      of('web', 60, 0),
      of('web', 81, hour),
      of('leak', 30_000, 0),
      of('leak', 21_317, hour),
      of('new', 9, hour)
    ]
    const found = recommend({ nodes: [moment()], workloads }, policy).workloads
    t.match(found, [
      { name: 'leak', peak: 30_000, estimate: null },
      { name: 'web', peak: 81, estimate: 110, declared: 40, basis: { readings: 2, span: hour, pods: 3 } }
    ])
    t.equal(found.length, 2)
  }
)

t.test('the knob of each workload, by what its pods tell of their runtime', async (t) => {
  const of = (name: string, peak: number, runtime: WorkloadMoment['runtime']) =>
    [0, hour].map((at) => ({ namespace: 'shop', kind: 'Deployment', name, at, peak, pods: 1, declared: 9, runtime }))
  const sign = (runtime: ToldRuntime, isCapped = false) => ({ runtime, by: 'image x', isCapped })
  const workloads = [
    of('leak', 30_000, sign('dotnet')),
    of('net', 400, sign('dotnet')),
    of('capped', 300, sign('dotnet', true)),
    of('jvm', 200, sign('jvm')),
    of('go', 100, sign('go')),
    of('c', 90, sign('glibc')),
    of('any', 80, undefined)
  ].flat()
  const found = recommend({ nodes: [moment()], workloads }, policy).workloads
  t.strictSame(
    found.map(({ name, runtime, knob }) => [name, runtime?.name, knob]),
    [
      ['leak', '.NET', 'DOTNET_ThreadPool_ForceMaxWorkerThreads'],
      ['net', '.NET', 'DOTNET_ThreadPool_ForceMaxWorkerThreads=1F4'],
      ['capped', '.NET', null],
      ['jvm', 'JVM', 'server.tomcat.threads.max'],
      ['go', 'Go', 'debug.SetMaxThreads'],
      ['c', 'glibc (C, C++)', 'OMP_THREAD_LIMIT'],
      ['any', undefined, null]
    ]
  )
  t.match(found[1]?.runtime, { by: 'image x' }, 'and what tells it')
})

t.test('moments of snapshots: nodes that were read and have a ceiling, pods that have not ended', async (t) => {
  const text = `apiVersion: pidguard.io/v1alpha1
kind: NodeSnapshot
takenAt: 2026-11-21T10:00:00Z
nodes:
  - name: a
    memory: 8589934592
    reading: {at: 2026-11-21T10:00:00Z, host: {limit: 1000, inUse: 300}, kubepods: {limit: 900, inUse: 200}}
    pods:
      - {namespace: shop, name: web-1, uid: u1, workload: {kind: Deployment, name: web}, threads: 150, declared: 50}
      - {namespace: shop, name: web-2, uid: u2, workload: {kind: Deployment, name: web}, threads: 50, runtime: {runtime: jvm, by: image jdk}}
      - {namespace: shop, name: done, uid: u3, phase: Succeeded, workload: {kind: Job, name: j}, threads: 9}
  - {name: unread}
  - name: win
    reading: {at: 2026-11-21T10:00:00Z, withoutCeiling: windows, host: {limit: unlimited}, kubepods: {limit: unlimited}}
`
  const { nodes, workloads } = momentsOf([readSnapshot('a.yaml', text)])
  t.match(nodes, [{ node: 'a', memory: 8_589_934_592, outside: 100, pods: 2, biggest: [150, 50] }])
  t.equal(nodes.length, 1)
  t.match(workloads, [
    { name: 'web', peak: 150, pods: 2, declared: 50, runtime: { runtime: 'jvm', by: 'image jdk', isCapped: false } }
  ])
})
