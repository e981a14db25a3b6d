// The nodes: objects that kwok makes ready, and for each of them a server in the place of its kubelet (kubelets.ts).
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { issueLeaf } from '../../src/certs/issue.ts'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { kubeletAuthority } from '../../test/support/fake-kubelet.ts'

/** Tasks that kubepods of a node of each pool may hold. Of three nodes two are of the first. */
const pools = { small: 4_096, large: 8_192 } as const
type Pool = keyof typeof pools

/** Milliseconds between two moments at which the kubelets hear what their nodes hold. */
const toldEvery = 1_000

export interface FleetNode {
  readonly name: string
  /** Tasks: pids.max of kubepods. */
  readonly ceiling: number
}

/** What the pods of a node hold at this moment: tasks by uid. */
export interface Held {
  readonly inUse: number
  readonly pods: readonly (readonly [uid: string, tasks: number])[]
}

export interface NodeState extends Held {
  readonly ceiling: number
}

export type ToKubelets =
  | { readonly pair: { readonly cert: string; readonly key: string } }
  | { readonly add: string; readonly ceiling: number }
  | { readonly remove: string }
  | { readonly states: readonly (readonly [name: string, state: NodeState])[] }

/** A kubelet listens. */
export interface FromKubelets {
  readonly name: string
  readonly port: number
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
  readonly #kubelets: ChildProcess
  readonly #listening = new Map<string, (port: number) => void>()
  readonly #begun: Promise<void>

  constructor(plane: ControlPlane, held: (node: FleetNode) => Held) {
    this.#plane = plane
    this.#kubelets = fork(join(import.meta.dirname, 'kubelets.ts'), { execArgv: ['--no-warnings'] })
    this.#kubelets.on('message', ({ name, port }: FromKubelets) => this.#listening.get(name)?.(port))
    this.#begun = issueLeaf(kubeletAuthority, ['127.0.0.1'], { from: Date.now(), days: 2 }).then(({ cert, key }) =>
      this.#tell({ pair: { cert, key } })
    )
    const timer = setInterval(() => {
      this.#tell({
        states: [...this.nodes.values()].map((node) => [node.name, { ...held(node), ceiling: node.ceiling }])
      })
    }, toldEvery)
    plane.atStop(async () => {
      clearInterval(timer)
      this.#kubelets.kill('SIGKILL')
    })
  }

  /** Its kubelet answers before the API server knows of it. */
  async add(node: FleetNode): Promise<void> {
    const Port = await this.listen(node)
    // In proportion to its PIDs, so that a scheduler that spreads by CPU and memory spreads them too.
    const cores = node.ceiling / 256
    const room = { cpu: String(cores), memory: `${cores * 4}Gi`, pods: '110' }
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

  /** Starts the kubelet of a node that another program makes; its port. */
  async listen(node: FleetNode): Promise<number> {
    await this.#begun
    const port = new Promise<number>((resolve) => this.#listening.set(node.name, resolve))
    this.#tell({ add: node.name, ceiling: node.ceiling })
    this.nodes.set(node.name, node)
    return port
  }

  async remove(name: string): Promise<void> {
    const { status, body } = await this.#plane.api.send('DELETE', `/api/v1/nodes/${name}`)
    if (status !== 200) throw new Error(`node ${name}: ${body.message}`)
    this.nodes.delete(name)
    this.#tell({ remove: name })
  }

  #tell(message: ToKubelets): void {
    if (this.#kubelets.connected) this.#kubelets.send(message)
  }
}
