import { compareTexts } from '../../lib/compare-text.ts'
import { isRecord, type JsonRecord, textOf } from '../../lib/json/shape.ts'
import { type Subject, subjectOfObject } from '../subject.ts'
import { isBpfOn } from './bpf.ts'
import { type Backend, type FelixSettings, type SeenDataplane, type SomeFelix, someFelixOf } from './felix.ts'
import { type FelixBackend, type FelixOnNode, felixBackendOnNode } from './felix-backend.ts'
import { type NodeNeed, needOf } from './node-os.ts'

/** The operating system of a node. */
export interface NodeSystem {
  readonly name: string
  readonly osImage: string
  readonly kernel: string
}

/** As its kubelet reports it; what it does not say is empty. */
export function nodeSystemOf({ metadata, status }: JsonRecord): NodeSystem {
  const info = isRecord(status) && isRecord(status['nodeInfo']) ? status['nodeInfo'] : {}
  return {
    name: textOf(isRecord(metadata) ? metadata['name'] : undefined),
    osImage: textOf(info['osImage']),
    kernel: textOf(info['kernelVersion'])
  }
}

/** A pod that a DaemonSet of Felix made. */
export interface FelixPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly daemonSet: string
  readonly node: string
  /** The name of the container that runs Felix. */
  readonly container: string
  readonly revision: string | undefined
}

/** What was read of a cluster; undefined: could not be read. */
export interface CalicoCluster {
  readonly nodes: readonly NodeSystem[]
  /** With apiVersion and kind. */
  readonly daemonSets: readonly JsonRecord[]
  readonly pods: readonly FelixPod[] | undefined
  readonly configurations: readonly FelixSettings[] | undefined
  /** The newest revision of each DaemonSet, by `namespace/name`. */
  readonly newest: ReadonlyMap<string, string> | undefined
  /** `iptables`, `nftables`, `ipvs`; undefined: not known, as with Calico's own eBPF proxy or a forbidden ConfigMap. */
  readonly kubeProxy: string | undefined
  /** What Felix was seen to use, by the name of the node; a node that is not in it is unknown. */
  readonly seen: ReadonlyMap<string, SeenDataplane>
}

/** One node: the backend Felix is set to there, what set it, and what the node would need. */
export interface NodeRow {
  readonly node: string
  /** `namespace/name` of the DaemonSet; undefined: no pod of Felix runs there. */
  readonly daemonSet: string | undefined
  readonly backend: FelixOnNode | undefined
  /** Felix runs there in this container, of another name than calico-node: pidguard does not change it. undefined: it does not. */
  readonly otherContainer: string | undefined
  /** Why the backend decides nothing there: VPP, or nftables. */
  readonly moot: FelixBackend['moot']
  /** Felix is set to BPF there; undefined: not known. */
  readonly isBpf: boolean | undefined
  /** What Felix was seen to use there since it started; undefined: not known. */
  readonly seen: Backend | undefined
  readonly revision: 'newest' | 'old' | 'unknown'
  readonly osImage: string
  readonly kernel: string
  readonly need: NodeNeed
}

/** In the order of their names. */
export function nodeRowsOf(cluster: CalicoCluster): NodeRow[] {
  const { nodes, pods, configurations, newest, kubeProxy } = cluster
  const felixes = felixesOf(cluster.daemonSets)
  const byNode = new Map((pods ?? []).map((pod) => [pod.node, pod] as const))
  const [only, ...others]: string[] = [...felixes.keys()]
  return nodes
    .toSorted((a, b) => compareTexts(a.name, b.name))
    .map(({ name, osImage, kernel }) => {
      const pod = byNode.get(name)
      // Where pods cannot be read and there is one DaemonSet, it is the one of every node.
      const daemonSet = pod === undefined ? (pods === undefined && others.length === 0 ? only : undefined) : keyOf(pod)
      const felix = daemonSet === undefined ? undefined : felixes.get(daemonSet)
      const backend = felix === undefined ? undefined : backendOn(felix, configurations, name)
      return {
        node: name,
        daemonSet,
        backend,
        otherContainer: felix?.isOther === true ? felix.container.name : undefined,
        isBpf: felix === undefined ? undefined : isBpfOn(felix, configurations, name),
        ...seenOn(backend, { kubeProxy, seen: cluster.seen.get(name) }),
        revision: revisionOf(pod, newest),
        osImage,
        kernel,
        need: needOf(osImage, kernel)
      }
    })
}

/** Where Felix programs nftables, the iptables that it looks up are those that it cleans up: it is not seen to use them. */
function seenOn(
  backend: FelixOnNode | undefined,
  { kubeProxy, seen }: { readonly kubeProxy: string | undefined; readonly seen: SeenDataplane | undefined }
): Pick<NodeRow, 'moot' | 'seen'> {
  if (seen === 'nftables') return { moot: backend?.moot ?? 'nftables', seen: undefined }
  const isMootByProxy = backend?.mayBeMoot === true && kubeProxy === 'nftables'
  const moot = backend?.moot ?? (isMootByProxy ? ('nftables' as const) : undefined)
  return { moot, seen: moot === undefined ? seen : undefined }
}

/** A container of another name may set the backend by a script of its own: what is set nowhere else is then unknown. */
function backendOn(felix: SomeFelix, configurations: readonly FelixSettings[] | undefined, node: string): FelixOnNode {
  const found = felixBackendOnNode(felix, configurations, node)
  return felix.isOther && found.source === 'built-in'
    ? { ...found, source: 'unknown', said: undefined, meaning: undefined }
    : found
}

function felixesOf(daemonSets: readonly JsonRecord[]): ReadonlyMap<string, SomeFelix> {
  const subjects: Subject[] = daemonSets.map((object) => subjectOfObject(object))
  return new Map(
    subjects.flatMap((subject) => {
      const felix = someFelixOf(subject)
      return felix === undefined ? [] : [[`${subject.namespace}/${subject.name}`, felix] as const]
    })
  )
}

/** Of the DaemonSet of the pod, `namespace/name`. */
export function keyOf({ namespace, daemonSet }: FelixPod): string {
  return `${namespace}/${daemonSet}`
}

function revisionOf(pod: FelixPod | undefined, newest: CalicoCluster['newest']): NodeRow['revision'] {
  const wanted = pod === undefined ? undefined : newest?.get(keyOf(pod))
  if (pod?.revision === undefined || wanted === undefined) return 'unknown'
  return pod.revision === wanted ? 'newest' : 'old'
}

/** `Legacy` or `NFT` where Felix is set to one of them there; undefined where it detects one, or nothing is known. */
export function fixedBackend({ backend }: NodeRow): Backend | undefined {
  return backend?.meaning === 'Legacy' || backend?.meaning === 'NFT' ? backend.meaning : undefined
}
