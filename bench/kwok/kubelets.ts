// A process: servers in the place of kubelets. Apart from the bench itself, whose loop also stands between the API server and the webhooks: the
// handshakes of hundreds of nodes would keep these waiting.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { FromKubelets, NodeState, ToKubelets } from './fleet.ts'

const servers = new Map<string, Server>()
const states = new Map<string, NodeState>()
let pair = { cert: '', key: '' }

process.on('message', (message: ToKubelets) => {
  if ('pair' in message) pair = message.pair
  else if ('add' in message) void add(message.add, message.ceiling)
  else if ('remove' in message) remove(message.remove)
  else for (const [name, state] of message.states) states.set(name, state)
})
// The bench has ended.
process.on('disconnect', () => process.exit())

async function add(name: string, ceiling: number): Promise<void> {
  states.set(name, { ceiling, inUse: 0, pods: [] })
  const server = createServer(pair, (request, response) => answer(name, request, response))
  servers.set(name, server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const said: FromKubelets = { name, port: (server.address() as AddressInfo).port }
  process.send?.(said)
}

function remove(name: string): void {
  servers.get(name)?.closeAllConnections()
  servers.get(name)?.close()
  servers.delete(name)
  states.delete(name)
}

function answer(name: string, { url }: IncomingMessage, response: ServerResponse): void {
  const state = states.get(name)
  if (state === undefined) {
    response.destroy()
    return
  }
  const { inUse, pods, ceiling } = state
  if (url?.startsWith('/stats/summary') === true) {
    // The kernel of the node allows far more than kubepods, which is what counts here.
    const rlimit = { time: new Date().toISOString(), maxpid: 65_536, curproc: inUse + 400 }
    response.end(JSON.stringify({ node: { nodeName: name, rlimit }, pods: [] }))
    return
  }
  const now = Date.now()
  const line = (metric: string, id: string, value: number): string =>
    `${metric}{container="",id="${id}"} ${value} ${now}\n`
  const lines = pods.map(([uid, count]) =>
    line('container_threads', `/kubepods/burstable/pod${uid}`, Math.max(1, count))
  )
  const kubepods = line('container_threads', '/kubepods', inUse) + line('container_threads_max', '/kubepods', ceiling)
  response.end(kubepods + lines.join(''))
}
