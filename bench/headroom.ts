// What keeping and asking the headroom of a large fleet costs: node --expose-gc bench/headroom.ts [nodes] [pods]
import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { Headroom } from '../src/headroom/assess/headroom.ts'
import type { Isolation } from '../src/headroom/headroom-view.ts'
import { Ledger } from '../src/headroom/ledger/ledger.ts'
import type { PodSpec } from '../src/kubernetes/types.ts'

const megabyte = 1024 * 1024
const clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** CPU of this process in milliseconds, all threads: garbage collection is part of the price. */
function cpuOf<T>(work: () => T): { readonly result: T; readonly cpu: number; readonly longest: number } {
  const before = process.cpuUsage()
  const start = performance.now()
  const result = work()
  const longest = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  return { result, cpu: (user + system) / 1000, longest }
}

function heap(): number {
  global.gc?.()
  global.gc?.()
  return process.memoryUsage().heapUsed
}

/** A uid in one piece, as JSON.parse gives it; randomUUID hands out strings of many, which take several times as much. */
function newUid(): string {
  return Buffer.from(randomUUID()).toString('latin1')
}

interface Fleet {
  readonly ledger: Ledger
  readonly headroom: Headroom
  readonly uids: readonly string[]
}

/** Nodes of 32,768 PIDs in three zones, pods of 500 workloads of which every tenth shows more than its estimate. */
function build(nodes: number, pods: number): Fleet {
  const ledger = new Ledger(clock, () => 50)
  const headroom = new Headroom(ledger, clock)
  for (let i = 0; i < nodes; i++) {
    const labels = {
      'kubernetes.io/hostname': `node-${i}`,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'topology.kubernetes.io/zone': `zone-${i % 3}`,
      'node.kubernetes.io/instance-type': 'm6i.4xlarge'
    }
    const taints = i % 50 === 0 ? [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] : []
    ledger.observeNode({ name: `node-${i}`, uid: newUid(), labels, taints, unschedulable: false })
  }
  const workloads = Array.from({ length: 5_000 }, (_, i) => ({ kind: 'Deployment', name: `workload-${i}` }))
  const namespaces = Array.from({ length: 300 }, (_, i) => `namespace-${i}`)
  const uids: string[] = []
  for (let i = 0; i < pods; i++) {
    const uid = newUid()
    uids.push(uid)
    const own = i % workloads.length
    ledger.observePod({
      uid,
      name: `pod-${i}`,
      namespace: namespaces[own % namespaces.length] as string,
      node: `node-${i % nodes}`,
      phase: 'Running',
      workload: workloads[own] as (typeof workloads)[number],
      declared: undefined,
      estimated: 50 + (i % 7),
      deleting: false
    })
  }
  return { ledger, headroom, uids }
}

/** One round of readings: every node tells of all its pods. */
function readings({ ledger, uids }: Fleet, nodes: number, inUse: number) {
  const at = clock.now()
  const perNode = Array.from({ length: nodes }, () => new Map<string, number>())
  for (const [i, uid] of uids.entries()) perNode[i % nodes]?.set(uid, 20 + (i % 40))
  return () => {
    for (const [i, pods] of perNode.entries()) {
      const kubepods = { limit: 32_768, inUse }
      ledger.observeReading({ node: `node-${i}`, at, host: { limit: 65_536, inUse: inUse + 400 }, kubepods, pods })
    }
  }
}

const tolerations = ['not-ready', 'unreachable'].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300
}))
const zone = { nodeSelector: { 'topology.kubernetes.io/zone': 'zone-1' }, tolerations }

function daemonPod(node: string): PodSpec {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } }
  return { affinity: { nodeAffinity }, tolerations }
}

/** Microseconds of single asks, sorted. */
function timed(count: number, ask: (i: number) => void): Float64Array {
  for (let i = 0; i < count / 4; i++) ask(i)
  const times = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    ask(i)
    times[i] = (performance.now() - start) * 1000
  }
  return times.sort()
}

function at(times: Float64Array, share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
}

/** A Pod review of 4.7 KB, as the performance anchors have it, parsed: what all ratios are to. */
function parseCost(): number {
  const env = Array.from({ length: 30 }, (_, i) => ({
    name: `VARIABLE_${i}`,
    value: `https://example.com/some/value/${i}`
  }))
  const container = {
    name: 'app',
    image: 'registry.example.com/team/app:1.2.3',
    env,
    resources: { requests: { cpu: '100m' } }
  }
  const spec = { containers: [container, { ...container, name: 'proxy', env: env.slice(10) }], tolerations }
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { app: 'web' } }, spec }
  const body = Buffer.from(JSON.stringify({ kind: 'AdmissionReview', request: { uid: randomUUID(), object } }))
  console.log(`pod review of ${body.length} bytes`)
  return at(
    timed(20_000, () => JSON.parse(body.toString('utf8'))),
    0.5
  )
}

function run(nodes: number, pods: number, parse: number): void {
  console.log(`\n${nodes} nodes, ${pods} pods`)
  const before = heap()
  const { result: fleet, cpu } = cpuOf(() => build(nodes, pods))
  console.log(`  sync            ${cpu.toFixed(0)} ms CPU, ${((cpu * 1000) / pods).toFixed(2)} us per pod`)
  const held = heap() - before - fleet.uids.length * 8
  console.log(
    `  heap            ${(held / megabyte).toFixed(1)} MB, ${(held / pods).toFixed(0)} bytes per pod, nodes and uids included`
  )
  const round = readings(fleet, nodes, 2_000)
  round()
  const told = cpuOf(round)
  console.log(
    `  readings        ${told.cpu.toFixed(0)} ms CPU a round, ${((told.cpu * 1000) / nodes).toFixed(1)} us per node`
  )
  const { ledger, headroom } = fleet
  const ask = (podSpec: PodSpec, pids = 100, uid?: string, count = 1, isolation?: Isolation) =>
    headroom.assess({
      isolation,
      placement: headroom.placementOf(podSpec),
      pids,
      pods: count,
      uid,
      floor: { share: 0.1 },
      maxAge: 600_000
    })
  const show = (name: string, count: number, act: (i: number) => void): void => {
    const times = timed(count, act)
    const [p50, p99] = [at(times, 0.5), at(times, 0.99)]
    console.log(
      `  ${name.padEnd(32)} p50 ${p50.toFixed(1)} us, p99 ${p99.toFixed(1)} us; p50 is ${(p50 / parse).toFixed(2)} of a parse`
    )
  }
  show('a pod for any node', 20_000, () => ask({ tolerations }))
  show('a pod for one zone', 20_000, () => ask(zone))
  show('a pod of a DaemonSet', 20_000, (i) => ask(daemonPod(`node-${i % nodes}`)))
  show('a Deployment of 5,000 pods', 5_000, () => ask({ tolerations }, 100, undefined, 5_000))
  show('a placement never seen', 500, (i) =>
    ask({ nodeSelector: { 'topology.kubernetes.io/zone': 'zone-1', x: `${i}` } })
  )
  show('admitted and counted', 20_000, () => {
    const uid = randomUUID()
    const placement = headroom.placementOf({ tolerations })
    ask({ tolerations }, 100, uid)
    ledger.assume({
      uid,
      namespace: 'namespace-1',
      workload: { kind: 'Deployment', name: 'workload-1' },
      pids: 100,
      placement
    })
  })
  console.log(`  ${ledger.waiting.pods} pods are now waiting for a node`)
  show('a pod beside all of them', 20_000, () => ask({ tolerations }))
  readings(fleet, nodes, 32_000)()
  show('every node full', 300, () => ask({ tolerations }))
  show('every node full, all named', 300, () => {
    const assessment = ask({ tolerations })
    if (assessment.verdict === 'full') assessment.accounts()
  })
  readings(fleet, nodes, 28_000)()
  show('nearly full, 25,000 waiting', 300, () => ask({ tolerations }))
  show('nearly full, and for one zone', 300, () => ask(zone))
  // Between its floor and its claims on every node: each claim is compared with its share.
  readings(fleet, nodes, 29_200)()
  const others = { namespace: 'shop', share: 0.5 }
  show('on every node claims decide', 300, () => ask({ tolerations }, 250, undefined, 1, others))
}

const [nodes = 5_000, pods = 150_000] = process.argv.slice(2).map(Number)
const parse = parseCost()
console.log(`JSON.parse p50 ${parse.toFixed(1)} us`)
run(Math.round(nodes / 4), Math.round(pods / 4), parse)
run(nodes, pods, parse)
