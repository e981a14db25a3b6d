import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import { felixConfigurationKind } from '../kube/list-felix-configurations.ts'
import { ObjectLists } from '../kube/object-lister.ts'
import { type FelixSettings, felixContainerOf, felixSettingsOf } from '../kubernetes/calico/felix.ts'
import { subjectOfObject } from '../kubernetes/subject.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'
import { controllerOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'
import type { ListedKind } from '../ports/objects.ts'
import type { CalicoCluster, CalicoNode, FelixPod } from './node-rows.ts'

/** What was read, and what could not be, in words. */
export interface CalicoReading extends CalicoCluster {
  readonly gaps: readonly string[]
}

const nodes: ListedKind = { kind: 'Node', plural: 'nodes', apiVersions: ['v1'] }
const daemonSets: ListedKind = { kind: 'DaemonSet', plural: 'daemonsets', apiVersions: ['apps/v1'] }
const revisionLabel = 'controller-revision-hash'

/** Reads what `pidguard calico` shows. Only pods and revisions of Felix are listed. Throws ERR_CLUSTER_UNREACHABLE. */
export async function readCalico(api: KubeApi, signal: AbortSignal): Promise<CalicoReading> {
  const lists = new ObjectLists(api, { step() {} }, signal)
  const gaps: string[] = []
  async function all(kind: ListedKind): Promise<JsonRecord[] | undefined> {
    const found: JsonRecord[] = []
    const failures = await lists.each([kind], (object) => void found.push(object))
    gaps.push(...failures.map(({ part, detail }) => `${part}: ${detail}`))
    return failures.length === 0 ? found : undefined
  }
  const felixes = ((await all(daemonSets)) ?? []).filter(
    (object) => felixContainerOf(subjectOfObject(object)) !== undefined
  )
  const pods: FelixPod[] = []
  const newest = new Map<string, string>()
  let [knowsPods, knowsRevisions] = [true, true]
  for (const object of felixes) {
    const labelSelector = selectorOf(object)
    const ofPods = await all({ kind: 'Pod', plural: 'pods', apiVersions: ['v1'], labelSelector })
    const ofRevisions = await all({
      kind: 'ControllerRevision',
      plural: 'controllerrevisions',
      apiVersions: ['apps/v1'],
      labelSelector
    })
    knowsPods &&= ofPods !== undefined
    knowsRevisions &&= ofRevisions !== undefined
    pods.push(...(ofPods ?? []).flatMap((pod) => felixPodOf(pod, object)))
    const hash = newestOf(ofRevisions ?? [], object)
    if (hash !== undefined) newest.set(keyOf(object), hash)
  }
  const found = await all(felixConfigurationKind)
  return {
    nodes: ((await all(nodes)) ?? []).map(nodeOf),
    daemonSets: felixes,
    pods: knowsPods ? pods : undefined,
    configurations: found?.map((object): FelixSettings => felixSettingsOf(object)),
    newest: knowsRevisions ? newest : undefined,
    kubeProxy: await kubeProxyMode(api),
    gaps
  }
}

/** As kubeadm and most distributions keep it; undefined where it is elsewhere or may not be read. */
async function kubeProxyMode(api: KubeApi): Promise<string | undefined> {
  try {
    const { data = {} } = await api.call<{ data?: Record<string, string> }>(
      '/api/v1/namespaces/kube-system/configmaps/kube-proxy'
    )
    const mode = /^mode:[ \t]*["']?(\w*)/m.exec(data['config.conf'] ?? '')?.[1]
    return mode === '' ? 'iptables' : mode
  } catch (error) {
    if (error instanceof KubeError) return undefined
    throw error
  }
}

function nodeOf({ metadata, status }: JsonRecord): CalicoNode {
  const info = isRecord(status) && isRecord(status['nodeInfo']) ? status['nodeInfo'] : {}
  return {
    name: textOf(isRecord(metadata) ? metadata['name'] : undefined),
    osImage: textOf(info['osImage']),
    kernel: textOf(info['kernelVersion'])
  }
}

function metadataOf({ metadata }: JsonRecord): ObjectMeta {
  return (isRecord(metadata) ? metadata : {}) as ObjectMeta
}

function keyOf(object: JsonRecord): string {
  const { namespace, name } = metadataOf(object)
  return `${namespace}/${name}`
}

function selectorOf({ spec }: JsonRecord): string {
  const selector = isRecord(spec) && isRecord(spec['selector']) ? spec['selector'] : {}
  const labels = isRecord(selector['matchLabels']) ? selector['matchLabels'] : {}
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',')
}

function felixPodOf(pod: JsonRecord, daemonSet: JsonRecord): FelixPod[] {
  const metadata = metadataOf(pod)
  const owner = controllerOf(metadata)
  const { namespace, name } = metadataOf(daemonSet)
  const node = textOf(isRecord(pod['spec']) ? pod['spec']['nodeName'] : undefined)
  if (owner?.kind !== 'DaemonSet' || owner.name !== name || metadata.namespace !== namespace || node === '') return []
  return [
    {
      namespace: namespace ?? '',
      name: metadata.name ?? '',
      daemonSet: name ?? '',
      node,
      revision: metadata.labels?.[revisionLabel]
    }
  ]
}

function newestOf(revisions: readonly JsonRecord[], daemonSet: JsonRecord): string | undefined {
  const { namespace, name } = metadataOf(daemonSet)
  const own = revisions
    .map((object) => ({ metadata: metadataOf(object), revision: Number(object['revision']) }))
    .filter(({ metadata }) => controllerOf(metadata)?.name === name && metadata.namespace === namespace)
    .toSorted((a, b) => b.revision - a.revision)
  return own[0]?.metadata.labels?.[revisionLabel]
}
