// The nodes: objects that kwok makes ready, and for each of them a server in the place of its kubelet.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issueLeaf } from '../../src/certs/issue.ts'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { kubeletAuthority } from '../../test/support/fake-kubelet.ts'

/** Tasks that kubepods of a node of each pool may hold. Of three nodes two are of the first. */
const pools = { small: 4_096, large: 8_192 } as const
type Pool = keyof typeof pools

export interface FleetNode {
  readonly name: string
  /** Tasks: pids.max of kubepods. */
  readonly ceiling: number
}

/** What the pods of a node hold at this moment. */
export interface Held {
  readonly inUse: number
  readonly pods: ReadonlyMap<string, number>
}

/** The names and ceilings of so many nodes. */
export function fleetOf(count: number): FleetNode[] {
  return Array.from({ length: count }, (_, index) => {
    const pool: Pool = index % 3 === 2 ? 'large' : 'small'
    return { name: `${pool}-${index}`, ceiling: pools[pool] }
  })
}

export class Fleet {
  readonly nodes = new Map<string, FleetNode>()
  readonly #plane: ControlPlane
  readonly #held: (node: FleetNode) => Held
  readonly #servers = new Map<string, Server>()
  readonly #pair: Promise<{ readonly cert: string; readonly key: string }>

  constructor(plane: ControlPlane, held: (node: FleetNode) => Held) {
    this.#plane = plane
    this.#held = held
    this.#pair = issueLeaf(kubeletAuthority, ['127.0.0.1'], { from: Date.now(), days: 2 })
    plane.atStop(async () => {
      for (const server of this.#servers.values()) close(server)
    })
  }

  /** Its kubelet answers before the API server knows of it. */
  async add(node: FleetNode): Promise<void> {
    const server = createServer(await this.#pair, (request, response) => this.#answer(node, request, response))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    this.#servers.set(node.name, server)
    this.nodes.set(node.name, node)
    // In proportion to its PIDs, so that a scheduler that spreads by CPU and memory spreads them too.
    const cores = node.ceiling / 256
    const room = { cpu: String(cores), memory: `${cores * 4}Gi`, pods: '110' }
    const { port: Port } = server.address() as AddressInfo
    const { status, body } = await this.#plane.api.post('/api/v1/nodes', {
      metadata: { name: node.name, labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': node.name } },
      status: {
        capacity: room,
        allocatable: room,
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port } }
      }
    })
    if (status !== 201) throw new Error(`node ${node.name}: ${body.message}`)
  }

  async remove(name: string): Promise<void> {
    const { status, body } = await this.#plane.api.send('DELETE', `/api/v1/nodes/${name}`)
    if (status !== 200) throw new Error(`node ${name}: ${body.message}`)
    this.nodes.delete(name)
    const server = this.#servers.get(name)
    if (server !== undefined) close(server)
    this.#servers.delete(name)
  }

  #answer(node: FleetNode, { url }: IncomingMessage, response: ServerResponse): void {
    const { inUse, pods } = this.#held(node)
    if (url?.startsWith('/stats/summary') === true) {
      // The kernel of the node allows far more than kubepods, which is what counts here.
      const rlimit = { time: new Date().toISOString(), maxpid: 65_536, curproc: inUse + 400 }
      response.end(JSON.stringify({ node: { nodeName: node.name, rlimit }, pods: [] }))
      return
    }
    const now = Date.now()
    const line = (name: string, id: string, value: number): string =>
      `${name}{container="",id="${id}"} ${value} ${now}\n`
    const lines = [...pods].map(([uid, count]) =>
      line('container_threads', `/kubepods/burstable/pod${uid}`, Math.max(1, count))
    )
    const kubepods =
      line('container_threads', '/kubepods', inUse) + line('container_threads_max', '/kubepods', node.ceiling)
    response.end(kubepods + lines.join(''))
  }
}

function close(server: Server): void {
  server.closeAllConnections()
  server.close()
}
