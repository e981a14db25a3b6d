import { execFileSync } from 'node:child_process'
import { again } from './again.ts'
import type { ControlPlane } from './control-plane.ts'
import { type Forwarder, forward, type Target } from './forwarder.ts'
import { newestServed } from './served.ts'

interface Port {
  readonly name?: string
  readonly port: number
}

interface Service {
  readonly metadata: { readonly namespace: string; readonly name: string }
  readonly spec: { readonly clusterIP?: string; readonly ports?: readonly Port[] }
}

/** One of several of a Service: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
interface EndpointSlice {
  readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> }
  readonly endpoints?:
    | readonly { readonly addresses: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[]
    | null
  readonly ports?: readonly Port[] | null
}

interface Door {
  readonly address: string
  targets: readonly Target[]
  forwarder: Forwarder | undefined
}

/**
 * What kube-proxy did in its userspace mode: the cluster address of each Service is an address of this machine, and a
 * connection to it goes to one of its ready endpoints, and stays there. Runs until the control plane stops.
 */
export async function proxyServices(plane: ControlPlane): Promise<void> {
  const doors = new Map<string, Door>()
  const discovery = await newestServed(plane.api, 'discovery.k8s.io', 'endpointslices')

  async function look(): Promise<void> {
    const services = await listed<Service>(plane, '/api/v1/services')
    const slices = await listed<EndpointSlice>(plane, `/apis/${discovery}/endpointslices`)
    for (const { metadata, spec } of services) {
      for (const { name, port } of spec.ports ?? []) {
        const key = `${spec.clusterIP}:${port}`
        const door = doors.get(key) ?? (await open(spec.clusterIP ?? '', port))
        doors.set(key, door)
        door.targets = isApiServer(metadata) ? [apiServerOf(plane)] : targetsOf(slices, metadata, name)
      }
    }
  }

  async function open(address: string, port: number): Promise<Door> {
    ip('add', address)
    const door: Door = { address, targets: [], forwarder: undefined }
    door.forwarder = await forward(address, port, () => door.targets)
    return door
  }

  const watching = again(look, 100)
  plane.atStop(async () => {
    await watching.stop()
    for (const { forwarder, address } of doors.values()) {
      forwarder?.stop()
      ip('del', address)
    }
  })
}

async function listed<T>({ api }: ControlPlane, path: string): Promise<readonly T[]> {
  const { body } = await api.get(path)
  return (body as unknown as { items: readonly T[] }).items
}

function isApiServer({ namespace, name }: Service['metadata']): boolean {
  return namespace === 'default' && name === 'kubernetes'
}

/** It advertises loopback, which Kubernetes takes for no endpoint. */
function apiServerOf({ url }: ControlPlane): Target {
  const { hostname, port } = new URL(url)
  return [hostname, Number(port)]
}

function targetsOf(slices: readonly EndpointSlice[], of: Service['metadata'], port: string | undefined): Target[] {
  const own = slices.filter(
    ({ metadata }) => metadata.namespace === of.namespace && metadata.labels?.['kubernetes.io/service-name'] === of.name
  )
  return own.flatMap(({ endpoints, ports }) => {
    // In a slice a port without a name has the empty one.
    const found = ports?.find(({ name = '' }) => name === (port ?? ''))
    if (found === undefined) return []
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
    return ready.flatMap(({ addresses }) => addresses.map((ip) => [ip, found.port] as const))
  })
}

/** An address of the loopback interface, there or not. */
function ip(change: 'add' | 'del', address: string): void {
  try {
    execFileSync('ip', ['address', change, `${address}/32`, 'dev', 'lo'], { stdio: 'ignore' })
  } catch {
    // Two ports of one Service share it.
  }
}
