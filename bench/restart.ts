// What a restart of the API server costs at a large cluster: node bench/restart.ts [pods] [nodes]. The caches are full, every watch
// ends, and its version is gone (410), so all is listed again: in pages, and as the first events of a watch.
//
// The API server is a simulation: it makes the text of each object when it is asked. What it shows of the server's side is only what
// the protocol makes it hold and send: requests, bytes, the largest answer that has to be whole before its first byte. Its
// processor time is not that of a kube-apiserver, and is not shown. The client is the real one.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { feedOf } from '../src/headroom/ledger/cache-feed.ts'
import { Ledger } from '../src/headroom/ledger/ledger.ts'
import { buildClusterCaches } from '../src/kube/cache/cluster-caches.ts'
import { KubeClient } from '../src/kube/client.ts'
import { nodeText, podText } from './large-cluster.ts'

const [role = '150000', ...args] = process.argv.slice(2)
const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const silent = { debug() {}, info() {}, warn() {}, error() {} }

interface Sent {
  requests: number
  bytes: number
  /** Bytes of one answer that has no beginning before it is whole. */
  largestWhole: number
}

/** Ends all watches on a message, and answers it with what was sent since the last one. */
async function simulate(pods: number, nodes: number): Promise<void> {
  const sent: Sent = { requests: 0, bytes: 0, largestWhole: 0 }
  const watches = new Set<ServerResponse>()
  /** Grows with each restart; older versions are gone. */
  let version = 1
  const textsOf = (path: string): [number, (n: number) => string] => {
    if (path === '/api/v1/pods') return [pods, podText]
    return [path === '/api/v1/nodes' ? nodes : 0, nodeText]
  }
  const server = createServer(async (request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://x')
    const [total, text] = textsOf(pathname)
    const send = async (part: string): Promise<void> => {
      sent.bytes += Buffer.byteLength(part)
      if (!response.write(part)) await once(response, 'drain')
    }
    sent.requests++
    if (!query.has('watch')) {
      const from = Number(query.get('continue') ?? 0)
      const to = Math.min(total, from + Number(query.get('limit')))
      const items = Array.from({ length: to - from }, (_, at) => text(from + at))
      const next = to < total ? String(to) : ''
      const page = `{"metadata":{"resourceVersion":"${version}","continue":"${next}"},"items":[${items.join(',')}]}`
      sent.bytes += page.length
      sent.largestWhole = Math.max(sent.largestWhole, page.length)
      response.end(page)
      return
    }
    watches.add(response)
    response.on('close', () => watches.delete(response))
    response.writeHead(200).flushHeaders()
    if (query.has('sendInitialEvents')) {
      let batch = ''
      for (let n = 0; n < total; n++) {
        batch += `{"type":"ADDED","object":${text(n)}}\n`
        if (batch.length > 65_536) {
          await send(batch)
          batch = ''
        }
      }
      const annotations = '{"k8s.io/initial-events-end":"true"}'
      await send(
        `${batch}{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${version}","annotations":${annotations}}}}\n`
      )
    } else if (Number(query.get('resourceVersion')) < version) {
      await send('{"type":"ERROR","object":{"code":410,"message":"too old resource version"}}\n')
      response.end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.on('message', () => {
    version++
    process.send?.({ ...sent })
    Object.assign(sent, { requests: 0, bytes: 0, largestWhole: 0 })
    for (const watch of watches) watch.destroy()
  })
  process.send?.((server.address() as AddressInfo).port)
}

/** Fills the caches, and on a message measures from there until all kinds have been listed once more. */
async function follow(port: string, minor: string): Promise<void> {
  const tls = { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
  const api = new KubeClient({
    server: `http://127.0.0.1:${port}`,
    namespace: undefined,
    next: async () => ({ headers: {}, tls }),
    renew() {}
  })
  const ledger = new Ledger(clock, () => 50)
  const feed = feedOf(ledger, () => caches)
  const caches = buildClusterCaches(
    { api, clock, log: silent, random: Math.random, firstWait: 10, serverVersion: async () => Number(minor) },
    { nodes: [feed.nodes], pods: [feed.pods] }
  )
  const listed = async (times: number): Promise<void> => {
    while (!caches.all.every(({ cache }) => cache.state.lists >= times))
      await new Promise((later) => setTimeout(later, 5))
  }
  caches.start()
  await listed(1)
  globalThis.gc?.()
  process.send?.('full')
  await once(process, 'message')
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const from = performance.now()
  await listed(2)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - from) / 1000
  process.send?.({ seconds, cpu: (user + system) / 1e6, block: delay.max / 1e6, rss: process.memoryUsage().rss / 1e6 })
  await caches.stop()
  await api.close()
  process.exit(0)
}

async function main(pods: number, nodes: number): Promise<void> {
  const file = new URL(import.meta.url).pathname
  console.log(`${nodes} nodes, ${pods} pods; a simulated API server, see the head of bench/restart.ts`)
  for (const [how, minor] of [
    ['in pages', '26'],
    ['as the first events of a watch', '34']
  ] as const) {
    const server = fork(file, ['simulate', String(pods), String(nodes)])
    const [port] = await once(server, 'message')
    // Up to v1.26 the client asks for pages.
    const client = fork(file, ['follow', String(port), minor], { execArgv: ['--expose-gc'] })
    await once(client, 'message')
    server.send('restart')
    await once(server, 'message')
    client.send('measure')
    const [found] = await once(client, 'message')
    server.send('read')
    const [sent] = (await once(server, 'message')) as [Sent]
    server.kill()
    console.log(
      `${how}: ${found.seconds.toFixed(1)} s until all is listed again, ${found.cpu.toFixed(1)} s CPU here, longest block ${found.block.toFixed(0)} ms, ` +
        `RSS ${found.rss.toFixed(0)} MB; ${sent.requests} requests, ${(sent.bytes / 1e6).toFixed(0)} MB, ` +
        `largest answer that has to be whole ${(sent.largestWhole / 1e6).toFixed(1)} MB`
    )
  }
}

if (role === 'simulate') await simulate(Number(args[0]), Number(args[1]))
else if (role === 'follow') await follow(args[0] ?? '', args[1] ?? '')
else await main(Number(role), Number(args[0] ?? 5_000))
