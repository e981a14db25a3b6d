// A cluster that exists only as answers: an API server that lists its objects page by page, and the kubelets of its nodes.
// Run as a program (bench/audit.ts does) it serves both.
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { issueAuthority, issueLeaf } from '../src/certs/issue.ts'

export interface Size {
  readonly nodes: number
  readonly pods: number
  readonly namespaces: number
}

/** Where the API server listens on 127.0.0.1, and who signed its certificate. */
export interface Served {
  readonly port: number
  readonly ca: string
}

interface Pair {
  readonly cert: string
  readonly key: string
}

/** Ten pods of a workload, thirty of a node; one of each node is calico-node's. */
const podsOfWorkload = 10

const uid = (prefix: string, n: number): string =>
  `${prefix}${n.toString(16).padStart(7, '0')}-8281-4ce9-a864-8d8a8158294a`
const workloadName = (n: number): string => `workload-${n}`

/** Every tenth workload has no requests, every seventh a runtime without a thread cap. */
function podSpec(workload: number): object {
  const env = Array.from({ length: 12 }, (_, at) => ({ name: `SETTING_${at}`, value: `value of setting ${at}` }))
  const image = workload % 7 === 0 ? 'mcr.microsoft.com/dotnet/aspnet:8.0' : 'registry.example.com/team/app:1.2.3'
  const resources =
    workload % 10 === 0 ? {} : { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } }
  const container = (name: string): object => ({
    ...{ name, image, env, resources },
    volumeMounts: [{ name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }]
  })
  return { containers: [container('app'), container('proxy')] }
}

function metadata(name: string, namespace: string, id: string, owner?: readonly [kind: string, name: string]): object {
  return {
    ...{ name, namespace, uid: id, resourceVersion: '1000000', creationTimestamp: '2026-11-21T10:55:04Z' },
    labels: {
      ...{ app: name.replace(/-(7d9f8b6c5d|5c9d7f4b8c).*$/, ''), 'app.kubernetes.io/part-of': 'shop' },
      ...(owner === undefined ? {} : { 'pod-template-hash': name.includes('5c9d7f4b8c') ? '5c9d7f4b8c' : '7d9f8b6c5d' })
    },
    annotations: { 'checksum/config': 'f'.repeat(64) },
    ...(owner && {
      ownerReferences: [{ apiVersion: 'apps/v1', kind: owner[0], name: owner[1], uid: uid('1', 1), controller: true }]
    }),
    managedFields: [{ manager: 'kube-controller-manager', operation: 'Update', fieldsV1: { x: 'f:spec '.repeat(180) } }]
  }
}

function objectsOf({ nodes, pods, namespaces }: Size): Record<string, { count: number; at: (n: number) => object }> {
  const podsOfNode = Math.ceil(pods / nodes)
  const workloads = Math.ceil(pods / podsOfWorkload)
  const namespaceOf = (workload: number): string => `namespace-${workload % namespaces}`
  const deployment = (n: number): object => ({
    metadata: metadata(workloadName(n), namespaceOf(n), uid('2', n)),
    spec: {
      replicas: podsOfWorkload,
      selector: { matchLabels: { app: workloadName(n) } },
      template: { spec: podSpec(n) }
    }
  })
  // The one in force, and the one before it.
  const replicaSet = (n: number): object => {
    const workload = n >> 1
    const name = `${workloadName(workload)}-${n % 2 === 0 ? '7d9f8b6c5d' : '5c9d7f4b8c'}`
    return {
      metadata: metadata(name, namespaceOf(workload), uid('3', n), ['Deployment', workloadName(workload)]),
      spec: { replicas: n % 2 === 0 ? podsOfWorkload : 0, template: { spec: podSpec(workload) } }
    }
  }
  const pod = (n: number): object => {
    const node = Math.floor(n / podsOfNode)
    const isCalico = n % podsOfNode === 0
    // Those of calico-node are not counted.
    const workload = (n - node) % workloads
    const replicaSetName = `${workloadName(workload)}-7d9f8b6c5d`
    return {
      metadata: isCalico
        ? metadata(`calico-node-${n}`, 'kube-system', uid('4', n), ['DaemonSet', 'calico-node'])
        : metadata(`${replicaSetName}-${n.toString(36)}`, namespaceOf(workload), uid('4', n), [
            'ReplicaSet',
            replicaSetName
          ]),
      spec: { ...podSpec(isCalico ? 1 : workload), nodeName: `node-${node}` },
      status: {
        phase: 'Running',
        podIP: '10.1.2.3',
        conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
          type,
          status: 'True'
        }))
      }
    }
  }
  return {
    '/api/v1/namespaces': {
      count: namespaces,
      at: (n) => ({ metadata: metadata(`namespace-${n}`, '', uid('5', n)), spec: {}, status: { phase: 'Active' } })
    },
    '/api/v1/nodes': { count: nodes, at: nodeAt },
    '/apis/apps/v1/deployments': { count: workloads, at: deployment },
    '/apis/apps/v1/replicasets': { count: 2 * workloads, at: replicaSet },
    '/apis/apps/v1/daemonsets': {
      count: 1,
      at: () => ({
        metadata: metadata('calico-node', 'kube-system', uid('6', 1)),
        spec: { template: { spec: podSpec(1) } }
      })
    },
    '/api/v1/pods': { count: pods, at: pod }
  }
}

let kubeletPort = 10_250

function nodeAt(n: number): object {
  const names = (at: number): string[] => [`registry.example.com/team/image-${at}@sha256:${'a'.repeat(64)}`]
  return {
    metadata: {
      ...{ name: `node-${n}`, uid: uid('7', n) },
      labels: { 'kubernetes.io/hostname': `node-${n}`, 'kubernetes.io/os': 'linux', zone: `z${n % 3}` }
    },
    spec: {},
    status: {
      images: Array.from({ length: 50 }, (_, at) => ({ names: names(at), sizeBytes: 123_456_789 })),
      conditions: [{ type: 'PIDPressure', status: 'False', lastHeartbeatTime: '2026-11-21T10:55:04Z' }],
      // All of 127.0.0.0/8 is this machine: a kubelet knows by the address it was called at which one it is.
      addresses: [
        {
          type: 'InternalIP',
          address: `127.${10 + Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${1 + (n % 250)}`
        }
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } }
    }
  }
}

function nodeAtAddress(address: string): number {
  const [, a = 0, b = 0, c = 0] = address.replace('::ffff:', '').split('.').map(Number)
  return (a - 10) * 62_500 + b * 250 + c - 1
}

/** The 1.3 MB that a kubelet with 30 pods says of other things than threads. */
function otherMetrics(): string {
  const series = Array.from({ length: 5_000 }, (_, n) => {
    const id = `/kubepods/burstable/pod${uid('9', n % 100)}/${'a'.repeat(64)}`
    return `container_metric_${n % 44}_bytes_total{container="app",id="${id}",image="registry.example.com/team/app:1.2.3",name="",namespace="namespace-1",pod="workload-7d9f8b6c5d-abcde"} 510 ${Date.now()}\n`
  })
  return series.join('')
}

function threadsOf(node: number, { nodes, pods }: Size): string {
  const podsOfNode = Math.ceil(pods / nodes)
  const at = Date.now()
  const line = (metric: string, id: string, value: number): string =>
    `${metric}{container="",id="${id}"} ${value} ${at}\n`
  const ofPods = Array.from({ length: podsOfNode }, (_, p) => {
    // One pod of every two-hundredth node is on its way to incident 001.
    const threads = p === 1 && node % 200 === 0 ? 9_000 : 20 + ((node + p) % 40)
    return [`/kubepods/burstable/pod${uid('4', node * podsOfNode + p)}`, threads] as const
  })
  const sum = ofPods.reduce((total, [, threads]) => total + threads, 0)
  return [
    line('container_threads', '/kubepods', sum),
    line('container_threads_max', '/kubepods', node % 40 === 0 ? 0 : 32_768),
    ...ofPods.flatMap(([id, threads]) => [line('container_threads', id, threads), line('container_threads_max', id, 0)])
  ].join('')
}

async function serveKubelets(size: Size, pair: Pair): Promise<number> {
  const rest = gzipSync(otherMetrics())
  const configz = JSON.stringify({ kubeletconfig: { podPidsLimit: -1, cgroupDriver: 'systemd', evictionHard: {} } })
  const server = createServer(pair, (request, response) => {
    const node = nodeAtAddress(request.socket.localAddress ?? '')
    if (request.url === '/configz') return response.end(configz)
    if (request.url === '/stats/summary') {
      const rlimit = { time: new Date().toISOString(), maxpid: 32_768, curproc: 1_197 }
      return response.end(JSON.stringify({ node: { nodeName: `node-${node}`, rlimit }, pods: [] }))
    }
    // A gzip stream may have several members.
    response.writeHead(200, { 'content-encoding': 'gzip' })
    return response.end(Buffer.concat([rest, gzipSync(threadsOf(node, size))]))
  })
  await new Promise<void>((listening) => server.listen(0, '0.0.0.0', listening))
  return (server.address() as AddressInfo).port
}

async function serveObjects(size: Size, pair: Pair): Promise<number> {
  const kinds = objectsOf(size)
  const server = createServer(pair, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const kind = kinds[pathname] ?? { count: 0, at: () => ({}) }
    const from = Number(searchParams.get('continue') ?? 0)
    const to = Math.min(kind.count, from + Number(searchParams.get('limit')))
    const items = Array.from({ length: to - from }, (_, at) => JSON.stringify(kind.at(from + at)))
    const next = to < kind.count ? `"continue":"${to}","remainingItemCount":${kind.count - to},` : ''
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      `{"kind":"List","apiVersion":"v1","metadata":{${next}"resourceVersion":"5"},"items":[${items.join(',')}]}`
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return (server.address() as AddressInfo).port
}

if (import.meta.main) {
  const [nodes = 0, pods = 0, namespaces = 0] = process.argv.slice(2).map(Number)
  const size = { nodes, pods, namespaces }
  const validity = { from: Date.now(), days: 1 }
  const authority = await issueAuthority('bench', validity)
  const { cert, key } = await issueLeaf(authority, ['127.0.0.1'], validity)
  kubeletPort = await serveKubelets(size, { cert, key })
  process.send?.({ port: await serveObjects(size, { cert, key }), ca: authority.cert } satisfies Served)
}
