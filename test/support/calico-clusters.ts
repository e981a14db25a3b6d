import type { Backend, FelixSettings } from '../../src/kubernetes/calico/felix.ts'
import { type CalicoCluster, type FelixPod, type NodeRow, nodeRowsOf } from '../../src/kubernetes/calico/node-rows.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { calicoObject, workloadObject } from './subjects.ts'

export const el7 = 'CentOS Linux 7 (Core)'
export const debian = 'Debian GNU/Linux 12 (bookworm)'

/** kube-system/calico-node with this value of FELIX_IPTABLESBACKEND. */
export function felixObject(value?: string, image = 'calico/node:v3.31.7'): JsonRecord {
  const env = value === undefined ? [] : [{ name: 'FELIX_IPTABLESBACKEND', value }]
  const object = calicoObject({ env, container: { image } })
  return { ...object, metadata: { ...(object['metadata'] as object), namespace: 'kube-system' } }
}

/** kube-system/terway, which runs Felix in its container `policy`, with this value of FELIX_IPTABLESBACKEND. */
export function otherFelixObject(value?: string): JsonRecord {
  const env = [
    { name: 'FELIX_HEALTHENABLED', value: 'true' },
    ...(value === undefined ? [] : [{ name: 'FELIX_IPTABLESBACKEND', value }])
  ]
  const containers = [{ name: 'terway' }, { name: 'policy', image: 'registry.example/terway:v1.9.4', env }]
  const object = workloadObject('apps/v1/DaemonSet', { containers })
  return { ...object, metadata: { ...(object['metadata'] as object), namespace: 'kube-system', name: 'terway' } }
}

/** Its pod on a node. */
export function felixPod(node: string, revision = 'new'): FelixPod {
  const name = `calico-node-${node}`
  return {
    uid: `uid of ${name}`,
    namespace: 'kube-system',
    name,
    daemonSet: 'calico-node',
    node,
    container: 'calico-node',
    revision
  }
}

export function felixSettings(name: string, iptablesBackend?: string, nftablesMode?: string): FelixSettings {
  return { name, iptablesBackend, nftablesMode }
}

/** Two nodes of Debian, with a pod of Felix on each. */
export function calicoCluster(change: Partial<CalicoCluster> = {}): CalicoCluster {
  return {
    nodes: ['b', 'a'].map((name) => ({ name, osImage: debian, kernel: '6.1.0' })),
    daemonSets: [felixObject()],
    pods: [felixPod('a'), felixPod('b')],
    configurations: [],
    newest: new Map([['kube-system/calico-node', 'new']]),
    kubeProxy: 'iptables',
    seen: new Map(),
    ...change
  }
}

/** The row of node `a`: its system, the value of the variable, what Felix was seen to use, and what else is known. */
export function felixNode({
  osImage,
  value,
  seen,
  ...change
}: {
  readonly osImage: string
  readonly value?: string
  readonly seen?: Backend
} & Partial<Pick<CalicoCluster, 'configurations' | 'pods'>>): NodeRow {
  const [row] = nodeRowsOf(
    calicoCluster({
      nodes: [{ name: 'a', osImage, kernel: '' }],
      daemonSets: [felixObject(value)],
      seen: new Map(seen === undefined ? [] : [['a', seen]]),
      ...change
    })
  )
  return row as NodeRow
}
