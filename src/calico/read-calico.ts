import type { KubeApi } from '../kube/client.ts'
import { felixConfigurationKind } from '../kube/list-felix-configurations.ts'
import { ObjectLists } from '../kube/object-lister.ts'
import { type FelixSettings, felixSettingsOf, someFelixOf } from '../kubernetes/calico/felix.ts'
import { type CalicoCluster, type FelixPod, nodeSystemOf } from '../kubernetes/calico/node-rows.ts'
import { subjectOfObject } from '../kubernetes/subject.ts'
import type { JsonRecord } from '../lib/json/shape.ts'
import type { ListedKind } from '../ports/objects.ts'
import { felixPodOf, type RevisionBackend, revisionsOf, selectorOf } from './felix-pods.ts'
import { readStartLogs } from './read-start-logs.ts'

/** What was read, and what could not be, in words. */
export interface CalicoReading extends CalicoCluster {
  /** How each revision sets the backend, by `namespace/name hash`. */
  readonly backends: ReadonlyMap<string, RevisionBackend>
  readonly gaps: readonly string[]
  /** Why some logs could not be read. Nothing rests on them but what Felix was seen to use. */
  readonly logGap: string | undefined
}

const nodes: ListedKind = { kind: 'Node', plural: 'nodes', apiVersions: ['v1'] }
const daemonSets: ListedKind = { kind: 'DaemonSet', plural: 'daemonsets', apiVersions: ['apps/v1'] }

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
  const felixes = ((await all(daemonSets)) ?? []).flatMap((object) => {
    const felix = someFelixOf(subjectOfObject(object))
    return felix === undefined ? [] : [{ object, container: felix.container.name ?? '' }]
  })
  const found = await all(felixConfigurationKind)
  const configurations = found?.map((object): FelixSettings => felixSettingsOf(object))
  const pods: FelixPod[] = []
  const newest = new Map<string, string>()
  const backends = new Map<string, RevisionBackend>()
  let [knowsPods, knowsRevisions] = [true, true]
  for (const { object, container } of felixes) {
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
    pods.push(...(ofPods ?? []).flatMap((pod) => felixPodOf(pod, object, container)))
    const revisions = revisionsOf(ofRevisions ?? [], object, configurations)
    if (revisions.newest !== undefined) newest.set(keyOf(object), revisions.newest)
    for (const [hash, backend] of revisions.backends) backends.set(`${keyOf(object)} ${hash}`, backend)
  }
  const logs = await readStartLogs(api, pods, signal)
  return {
    nodes: ((await all(nodes)) ?? []).map(nodeSystemOf),
    daemonSets: felixes.map(({ object }) => object),
    pods: knowsPods ? pods : undefined,
    configurations,
    newest: knowsRevisions ? newest : undefined,
    backends,
    kubeProxy: await kubeProxyMode(api),
    seen: logs.seen,
    logGap: logs.gap,
    gaps
  }
}

/** As kubeadm and most distributions keep it; undefined where it is elsewhere or may not be read. */
export async function kubeProxyMode(api: KubeApi): Promise<string | undefined> {
  try {
    const { data = {} } = await api.call<{ data?: Record<string, string> }>(
      '/api/v1/namespaces/kube-system/configmaps/kube-proxy'
    )
    const mode = /^mode:[ \t]*["']?(\w*)/m.exec(data['config.conf'] ?? '')?.[1]
    return mode === '' ? 'iptables' : mode
  } catch {
    return undefined
  }
}

function keyOf(object: JsonRecord): string {
  const { namespace, name } = (object as { metadata: { namespace?: string; name?: string } }).metadata
  return `${namespace}/${name}`
}
