// Initial sync of a large cluster, and one scrape round of its kubelets. node bench/sync.ts [pods] [nodes]; with 0 pods only the scrape.
// Every contestant runs in a process of its own and reads from the same page server; rounds are interleaved, medians shown.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { issueAuthority, issueLeaf } from '../src/certs/issue.ts'
import { feedOf } from '../src/headroom/ledger/cache-feed.ts'
import { Ledger } from '../src/headroom/ledger/ledger.ts'
import { nodeKind } from '../src/kube/cache/cached-kinds.ts'
import { buildPodKind } from '../src/kube/cache/cached-pods.ts'
import { buildClusterCaches } from '../src/kube/cache/cluster-caches.ts'
import { Reflector } from '../src/kube/cache/reflector.ts'
import { KubeClient } from '../src/kube/client.ts'
import type { NodeReading } from '../src/model/node-reading.ts'
import { KubeletReadings, kubeletDefaults } from '../src/readings/kubelet/kubelet-readings.ts'
import { addressOf, nodeText, podText } from './large-cluster.ts'

const [role = 'main', ...args] = process.argv.slice(2)
const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const silent = { debug() {}, info() {}, warn() {}, error() {} }

async function servePages(pods: number, nodes: number): Promise<void> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    // Nothing changes here.
    if (url.searchParams.has('watch')) return response.writeHead(200).flushHeaders()
    const isPods = url.pathname === '/api/v1/pods'
    const total = isPods ? pods : url.pathname === '/api/v1/nodes' ? nodes : 0
    const from = Number(url.searchParams.get('continue') ?? 0)
    const to = Math.min(total, from + Number(url.searchParams.get('limit')))
    const items = Array.from({ length: to - from }, (_, at) => (isPods ? podText(from + at) : nodeText(from + at)))
    const next = to < total ? String(to) : ''
    response.end(`{"metadata":{"resourceVersion":"5","continue":"${next}"},"items":[${items.join(',')}]}`)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  process.send?.((server.address() as AddressInfo).port)
}

/** `/metrics/cadvisor` of a node with 30 pods: about 1.3 MB, of which 1 % is what we came for. */
function cadvisorText(): string {
  const uid = (n: number) => `${n.toString(16).padStart(8, '0')}-8281-4ce9-a864-8d8a8158294a`
  const ids = ['/', '/kubepods', '/kubepods/burstable', '/kubepods/besteffort', '/system.slice/kubelet.service']
  for (let n = 0; n < 30; n++) {
    const pod = `/kubepods/burstable/pod${uid(n)}`
    ids.push(pod, `${pod}/${'a'.repeat(64)}`, `${pod}/${'b'.repeat(64)}`)
  }
  const metrics = Array.from({ length: 44 }, (_, n) => `container_metric_${n}_bytes_total`)
  metrics.splice(30, 0, 'container_threads', 'container_threads_max')
  const series = (metric: string, id: string) =>
    `${metric}{container="",id="${id}",image="registry.example.com/team/app:1.2.3",name="",namespace="namespace-1",pod="workload-7d9f8b6c5d-abcde"} 510 ${Date.now()}\n`
  return metrics.map((metric) => `# TYPE ${metric} gauge\n${ids.map((id) => series(metric, id)).join('')}`).join('')
}

async function serveKubelets(): Promise<void> {
  const validity = { from: Date.now(), days: 1 }
  const leaf = await issueLeaf(await issueAuthority('bench', validity), ['localhost'], validity)
  const text = cadvisorText()
  const metrics = gzipSync(text)
  const summary = JSON.stringify({
    node: { nodeName: 'n', rlimit: { time: '2026-11-21T10:55:29Z', maxpid: 32768, curproc: 1197 } },
    pods: Array.from({ length: 30 }, () => ({
      podRef: { name: 'x'.repeat(40) },
      containers: [{ rootfs: 'y'.repeat(3000) }]
    }))
  })
  let open = 0
  let most = 0
  const server = createTlsServer({ cert: leaf.cert, key: leaf.key }, (request, response) => {
    if (request.url === '/most') return response.end(JSON.stringify({ most, bytes: text.length }))
    if (request.url === '/stats/summary') return response.end(summary)
    return response.writeHead(200, { 'content-encoding': 'gzip' }).end(metrics)
  })
  server.on('connection', (socket) => {
    most = Math.max(most, ++open)
    socket.on('close', () => open--)
  })
  await new Promise<void>((listening) => server.listen(0, '0.0.0.0', listening))
  process.send?.((server.address() as AddressInfo).port)
  process.on('message', () => process.send?.({ most, bytes: text.length }))
}

function clientOf(port: string): KubeClient {
  const tls = { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
  return new KubeClient({
    server: `http://127.0.0.1:${port}`,
    namespace: undefined,
    next: async () => ({ headers: {}, tls }),
    renew() {}
  })
}

interface Measured {
  readonly cpuSeconds: number
  readonly wallSeconds: number
  readonly heapMb: number
  readonly rssMb: number
  readonly worstBlockMs: number
}

async function measure(run: () => Promise<unknown>): Promise<Measured> {
  const collect = globalThis.gc ?? (() => {})
  collect()
  const heap = process.memoryUsage().heapUsed
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const from = performance.now()
  const kept = await run()
  const wallSeconds = (performance.now() - from) / 1000
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  const { rss } = process.memoryUsage()
  collect()
  const heapMb = (process.memoryUsage().heapUsed - heap) / 1e6
  // What was kept has to be alive until here.
  if (kept === undefined) throw new Error('nothing kept')
  return { cpuSeconds: (user + system) / 1e6, wallSeconds, heapMb, rssMb: rss / 1e6, worstBlockMs: delay.max / 1e6 }
}

interface Page {
  readonly items: readonly unknown[]
  readonly metadata: { readonly continue: string }
}

/** The same pages, fetched and parsed, and nothing else. */
async function parseFloor(port: string): Promise<void> {
  const api = clientOf(port)
  const { signal } = new AbortController()
  const result = await measure(async () => {
    let items = 0
    for (const { path, firstPage } of [nodeKind, buildPodKind()]) {
      let rest: string | undefined
      do {
        const body = await api.open(path, { query: { limit: firstPage, continue: rest }, signal })
        const chunks: Buffer[] = []
        for await (const chunk of body) chunks.push(chunk as Buffer)
        const page = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Page
        items += page.items.length
        rest = page.metadata.continue === '' ? undefined : page.metadata.continue
        await nextTurn()
      } while (rest !== undefined)
    }
    return items
  })
  process.send?.(result)
  await api.close()
}

async function sync(port: string): Promise<void> {
  const api = clientOf(port)
  const deps = { api, clock, log: silent, random: Math.random }
  const result = await measure(async () => {
    const kept: unknown[] = []
    for (const kind of [nodeKind, buildPodKind()]) {
      let synced = (): void => {}
      const done = new Promise<void>((resolve) => {
        synced = resolve
      })
      const reflector = new Reflector<never>(kind as never, deps, [{ synced: () => synced() }])
      reflector.start()
      await done
      await reflector.stop()
      kept.push(reflector)
    }
    return kept
  })
  process.send?.(result)
  await api.close()
}

/** As `serve` does it: all four caches, and the ledger they feed. */
async function serve(port: string): Promise<void> {
  let stop = async (): Promise<void> => {}
  const result = await measure(async () => {
    stop = await syncedAsServed(port)
    return stop
  })
  process.send?.(result)
  await stop()
}

/** Resolves once synced, to what ends it; that holds on to caches and ledger. */
async function syncedAsServed(port: string): Promise<() => Promise<void>> {
  const api = clientOf(port)
  const ledger = new Ledger(clock, () => 50)
  const feed = feedOf(ledger, () => caches)
  const caches = buildClusterCaches(
    { api, clock, log: silent, random: Math.random },
    { nodes: [feed.nodes], pods: [feed.pods] }
  )
  caches.start()
  while (!caches.synced) await new Promise((later) => setTimeout(later, 10))
  return async () => {
    await caches.stop()
    await api.close()
    if (ledger.podCount === 0) throw new Error('the ledger is empty')
  }
}

/**
 * The longest turn of the event loop while `serve` syncs, in processor time of its thread: what neighbours of this
 * machine take of a turn is none of ours. A process of its own, since to look at each turn is to be busy all the time.
 */
async function turns(port: string): Promise<void> {
  let worstMs = 0
  let last = process.threadCpuUsage()
  let isLooking = true
  const look = (): void => {
    const now = process.threadCpuUsage()
    worstMs = Math.max(worstMs, (now.user + now.system - last.user - last.system) / 1000)
    last = now
    if (isLooking) setImmediate(look)
  }
  look()
  const stop = await syncedAsServed(port)
  isLooking = false
  process.send?.(worstMs)
  await stop()
}

async function scrape(port: string, nodes: string): Promise<void> {
  const targets = Array.from({ length: Number(nodes) }, (_, n) => ({
    name: `node-${n}`,
    address: addressOf(n),
    kubeletPort: Number(port)
  }))
  const tls = { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
  const source = new KubeletReadings({
    ...kubeletDefaults,
    credentials: { next: async () => ({ headers: { authorization: 'Bearer x' }, tls }), renew() {} },
    ca: undefined,
    insecure: true,
    port: undefined,
    clock,
    random: Math.random
  })
  const readings = new Map<string, NodeReading>()
  let failures = 0
  const sink = {
    observeReading: (reading: NodeReading) => void readings.set(reading.node, reading),
    observeFailure: () => void failures++
  }
  const once = { signal: new AbortController().signal, spread: 0 }
  const result = await measure(async () => {
    await source.read(targets, sink, once)
    return readings
  })
  // As the server does it: the starts spread over most of the interval.
  const again = await measure(async () => {
    await source.read(targets, sink, { ...once, spread: targets.length * 8 })
    return readings
  })
  process.send?.({ ...result, again, read: readings.size, failures })
  await source.close()
}

async function inChild<T>(...childArgs: string[]): Promise<T> {
  const child = fork(new URL(import.meta.url).pathname, childArgs, { execArgv: ['--expose-gc'] })
  const [message] = await once(child, 'message')
  child.disconnect()
  await once(child, 'exit')
  return message as T
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function main(pods: number, nodes: number): Promise<void> {
  console.log(`node ${process.version}, ${execFileSync('nproc').toString().trim()} CPUs; ${pods} pods, ${nodes} nodes`)
  if (pods > 0) await compareSync(pods, nodes)
  await showScrape(nodes)
}

async function compareSync(pods: number, nodes: number): Promise<void> {
  const server = fork(new URL(import.meta.url).pathname, ['pages', String(pods), String(nodes)])
  const [port] = await once(server, 'message')
  const floor: Measured[] = []
  const synced: Measured[] = []
  const served: Measured[] = []
  for (let round = 0; round < 3; round++) {
    floor.push(await inChild<Measured>('floor', String(port)))
    synced.push(await inChild<Measured>('sync', String(port)))
    served.push(await inChild<Measured>('serve', String(port)))
  }
  const worstTurn = await inChild<number>('turns', String(port))
  server.kill()
  const cpu = (all: Measured[]) => median(all.map(({ cpuSeconds }) => cpuSeconds))
  const of = (all: Measured[], field: keyof Measured) => median(all.map((each) => each[field])).toFixed(1)
  for (const [name, all] of [
    ['parse floor', floor],
    ['sync', synced],
    ['with ledger', served]
  ] as const) {
    console.log(
      `${name.padEnd(12)} ${of(all, 'cpuSeconds')} s CPU, ${of(all, 'wallSeconds')} s, heap kept ${of(all, 'heapMb')} MB, ` +
        `RSS ${of(all, 'rssMb')} MB, worst block ${of(all, 'worstBlockMs')} ms`
    )
  }
  console.log(`sync / parse floor: ${(cpu(synced) / cpu(floor)).toFixed(2)} (goal <= 1.35)`)
  console.log(`with ledger / parse floor: ${(cpu(served) / cpu(floor)).toFixed(2)} (goal <= 1.35)`)
  console.log(`longest turn of the event loop, in processor time: ${worstTurn.toFixed(1)} ms (goal <= 50)`)
  const keptBy = (all: Measured[]) => ((median(all.map(({ heapMb }) => heapMb)) * 1e6) / (pods + nodes)).toFixed(0)
  console.log(`kept per pod and node: ${keptBy(synced)} B by the caches, ${keptBy(served)} B with the ledger`)
}

async function showScrape(nodes: number): Promise<void> {
  const kubelets = fork(new URL(import.meta.url).pathname, ['kubelets'])
  const [kubeletPort] = await once(kubelets, 'message')
  const round = await inChild<Measured & { again: Measured; read: number; failures: number }>(
    'scrape',
    String(kubeletPort),
    String(nodes)
  )
  kubelets.send('most')
  const [{ most, bytes }] = await once(kubelets, 'message')
  kubelets.kill()
  for (const [name, each] of [
    ['at once', round],
    ['spread', round.again]
  ] as const) {
    console.log(
      `scrape, ${name}: ${nodes} kubelets (${(bytes / 1e6).toFixed(1)} MB each): ${each.wallSeconds.toFixed(1)} s, ` +
        `${((each.cpuSeconds * 1000) / nodes).toFixed(2)} ms CPU each, worst block ${each.worstBlockMs.toFixed(0)} ms, RSS ${each.rssMb.toFixed(0)} MB`
    )
  }
  console.log(`read ${round.read}, failed ${round.failures}, most sockets open at once ${most}`)
}

const roles: Record<string, (...given: string[]) => Promise<void>> = {
  pages: (pods, nodes) => servePages(Number(pods), Number(nodes)),
  kubelets: serveKubelets,
  floor: (port) => parseFloor(port ?? ''),
  sync: (port) => sync(port ?? ''),
  serve: (port) => serve(port ?? ''),
  turns: (port) => turns(port ?? ''),
  scrape: (port, nodes) => scrape(port ?? '', nodes ?? '')
}
await (roles[role]?.(...args) ?? main(Number(process.argv[2] ?? 150_000), Number(process.argv[3] ?? 5_000)))
