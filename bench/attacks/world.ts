// A cluster in one process: an API server with four nodes, and their kubelets. world.ts CERTIFICATES; prints its kubeconfig.
// It takes the part of tenants and of hostile kubelets when it is told to by name.
import { readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { JsonRecord } from '../../src/lib/json/shape.ts'

const [certificates = ''] = process.argv.slice(2)
const nodeCount = 4
const watchers = new Map<string, Set<ServerResponse>>()
const store = new Map<string, Map<string, JsonRecord>>()
let version = 1_000
/** How many kubelets answer with what no node has. */
let hostile = 0
/** What is played now; another one ends it. */
let current = 0

type Tenant = (times: number) => Promise<void>

/** What tenants do by way of the API server, and hostile kubelets by their answers. */
const acts: Readonly<Record<string, Tenant>> = {
  '2 annotations of own pods': async (times) => {
    const own = current
    for (let round = 0; round < 100 && own === current; round++) {
      for (let i = 0; i < 50 * times; i++)
        change('pods', podOf(`idle-${i}`, '4194304', { nodeName: `n${i % nodeCount}` }))
      await sleep(50)
    }
  },
  '7 8 waiting pods that are stored, 10,000': async (times) => {
    const own = current
    for (let i = 0; i < 10_000 * times && own === current; i++) {
      change('pods', podOf(`wait-${i}`, String(1 + (i % 5_000)), { nodeSelector: { nowhere: `z${i}` } }))
      if (i % 200 === 0) await sleep(20)
    }
  },
  '12 kubelets with 1.4 million series': async (times) => {
    hostile = times
  }
}

function change(kind: string, object: JsonRecord): void {
  const { uid } = object['metadata'] as { uid: string }
  const held = store.get(kind)
  const type = held?.has(uid) ? 'MODIFIED' : 'ADDED'
  const next = { ...object, metadata: { ...(object['metadata'] as JsonRecord), resourceVersion: String(++version) } }
  held?.set(uid, next)
  const line = `${JSON.stringify({ type, object: next })}\n`
  for (const watcher of watchers.get(kind) ?? []) watcher.write(line)
}

function podOf(name: string, pids: string, spec: JsonRecord): JsonRecord {
  return {
    metadata: {
      name,
      uid: name,
      namespace: 'orders',
      creationTimestamp: new Date().toISOString(),
      annotations: { 'pidguard.io/pids-estimate': pids, 'pidguard.io/pids-estimate-source': 'declared' }
    },
    spec: { containers: [{ name: 'c', image: 'x' }], ...spec },
    status: { phase: spec['nodeName'] === undefined ? 'Pending' : 'Running' }
  }
}

function nodeOf(i: number, kubeletPort: number): JsonRecord {
  return {
    metadata: { name: `n${i}`, uid: `uid-n${i}`, labels: { 'kubernetes.io/hostname': `n${i}` }, resourceVersion: '1' },
    spec: {},
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      conditions: [{ type: 'PIDPressure', status: 'False' }]
    }
  }
}

function answerApi(path: string, query: URLSearchParams, response: ServerResponse): void {
  const kind = path.split('/').at(-1) ?? ''
  const held = store.get(kind)
  const status = (code: number): void => {
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', code, message: String(code) }))
  }
  if (path === '/version') return void response.end(JSON.stringify({ major: '1', minor: '33', gitVersion: 'v1.33.0' }))
  if (held === undefined || query.has('sendInitialEvents')) {
    status(held === undefined ? 404 : 422)
    return
  }
  if (query.has('watch')) {
    const all = watchers.get(kind) ?? new Set()
    watchers.set(kind, all.add(response))
    response.on('close', () => all.delete(response))
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    // What came between its list and its watch.
    const from = Number(query.get('resourceVersion'))
    for (const object of held.values()) {
      const { resourceVersion } = object['metadata'] as { resourceVersion?: string }
      if (Number(resourceVersion) > from) response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`)
    }
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ metadata: { resourceVersion: String(version) }, items: [...held.values()] }))
}

const pair = { cert: readFileSync(`${certificates}/tls.crt`), key: readFileSync(`${certificates}/tls.key`) }
let evil: Buffer | undefined

/** 60 MB, of which 3.6 are sent. */
function evilAnswer(): Buffer {
  evil ??= gzipSync(
    Array.from({ length: 1_430_000 }, (_, i) => `container_threads{id="/kubepods/pod${i}"} 1\n`).join('')
  )
  return evil
}

const kubelets = await Promise.all(
  Array.from({ length: nodeCount }, async (_, i) => {
    const server = createTlsServer(pair, (request, response) => {
      if (request.url?.startsWith('/stats/summary') === true) {
        const rlimit = { time: new Date().toISOString(), maxpid: 32_768, curproc: 2_000 }
        return response.end(JSON.stringify({ node: { rlimit }, pods: [] }))
      }
      if (i < hostile) return response.writeHead(200, { 'content-encoding': 'gzip' }).end(evilAnswer())
      const now = Date.now()
      return response.end(
        `container_threads{id="/kubepods"} 500 ${now}\ncontainer_threads_max{id="/kubepods"} 4096 ${now}\n`
      )
    }).listen(0, '127.0.0.1')
    await new Promise((listening) => server.once('listening', listening))
    return (server.address() as AddressInfo).port
  })
)
store.set('nodes', new Map(kubelets.map((port, i) => [`uid-n${i}`, nodeOf(i, port)])))
for (const kind of ['pods', 'limitranges', 'daemonsets', 'felixconfigurations']) store.set(kind, new Map())
store.set(
  'namespaces',
  new Map(
    ['default', 'shop', 'orders', 'kube-system'].map((name) => [
      name,
      { metadata: { name, uid: name, labels: {}, annotations: {} } }
    ])
  )
)
const api = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
  answerApi(pathname, searchParams, response)
}).listen(0, '127.0.0.1')
await new Promise((listening) => api.once('listening', listening))
process.on('disconnect', () => process.exit())
process.on('message', (told: { act: string; times: number }) => {
  current++
  if (told.act === 'store') {
    change('pods', podOf('known', '1', { nodeName: 'n0' }))
    return
  }
  if (told.act === '') {
    hostile = 0
    store.get('pods')?.clear()
  } else void acts[told.act]?.(told.times)
})
process.send?.({ port: (api.address() as AddressInfo).port, acts: Object.keys(acts) })
// Made before the attack, so that it costs the attack no time.
evilAnswer()
