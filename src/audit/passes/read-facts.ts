import { InputFacts } from '../../engine/input-facts.ts'
import { nodeFactsOf } from '../../kube/cache/cached-kinds.ts'
import type { FelixSettings } from '../../kubernetes/calico/felix.ts'
import { type NodeSystem, nodeSystemOf } from '../../kubernetes/calico/node-rows.ts'
import type { LimitRangeItem } from '../../kubernetes/types.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { NodeFacts } from '../../model/cluster-objects.ts'
import type { NamespaceFacts } from '../../policy/settings.ts'
import type { AuditGap } from '../../report/audit/audit-report.ts'
import type { AuditDeps } from '../audit-deps.ts'
import { factKinds } from '../listed-kinds.ts'
import { type Missed, readOrMiss } from '../missed.ts'

/** What all other objects are checked with. */
export interface ListedFacts {
  readonly nodes: readonly NodeFacts[]
  /** The systems of the same nodes. */
  readonly systems: readonly NodeSystem[]
  readonly namespaces: number
  readonly hasLimitRanges: boolean
  /** undefined: FelixConfigurations could not be listed. */
  readonly felixConfigurations: readonly FelixSettings[] | undefined
  /** Nodes and FelixConfigurations, to be checked when everything else is read. */
  readonly objects: readonly JsonRecord[]
  readonly missed: Missed
  /** undefined: not known. */
  namespace(name: string): NamespaceFacts | undefined
  /** undefined: LimitRanges could not be listed. */
  limitRanges(namespace: string): readonly LimitRangeItem[] | undefined
}

/** Pass 1: lists Namespaces, LimitRanges, Nodes and FelixConfigurations. */
export async function readFacts({ objects: source }: Pick<AuditDeps, 'objects'>): Promise<ListedFacts> {
  const nodes: NodeFacts[] = []
  const systems: NodeSystem[] = []
  const objects: JsonRecord[] = []
  const malformed: AuditGap[] = []
  const inputs = new InputFacts('default', new Map())
  let namespaces = 0
  const failures = await source.each(factKinds, (object) => {
    switch (object['kind']) {
      case 'Node':
        readOrMiss(object, malformed, () => nodes.push(nodeFactsOf(object)))
        systems.push(nodeSystemOf(object))
        objects.push(slimNode(object))
        break
      case 'FelixConfiguration':
        inputs.add(object)
        objects.push(object)
        break
      default:
        if (object['kind'] === 'Namespace') namespaces++
        inputs.add(object)
    }
  })
  const unread = new Set(failures.map(({ kind }) => kind))
  return {
    nodes,
    systems,
    namespaces,
    hasLimitRanges: inputs.knowsLimitRanges,
    felixConfigurations: unread.has('FelixConfiguration') ? undefined : (inputs.felixConfigurations ?? []),
    objects,
    missed: { failures, malformed },
    namespace: (name) => inputs.namespace(name),
    limitRanges: (namespace) => (unread.has('LimitRange') ? undefined : inputs.limitRanges(namespace))
  }
}

/** What rules and exemptions look at: a Node lists its images, up to 50 of them. */
function slimNode({ apiVersion, kind, metadata, status }: JsonRecord): JsonRecord {
  const { conditions, capacity } = isRecord(status) ? status : {}
  if (!isRecord(metadata)) return { apiVersion, kind, metadata }
  const { managedFields, ...rest } = metadata
  return { apiVersion, kind, metadata: rest, status: { conditions, capacity } }
}
