import { lowPidsTaint } from '../../headroom/ledger/may-land.ts'
import type { Check } from '../check.ts'
import type { InstallationFacts } from '../read-installation.ts'
import type { NeededWorkload } from '../waiting/needed-workloads.ts'
import { named } from './kueue-checks.ts'

export interface AutoscalerFacts extends Pick<InstallationFacts, 'needed'> {
  /** spec.headroom of the policy; undefined: the policy is not known. */
  readonly taintNodes: boolean | undefined
  readonly autoscaled: boolean | undefined
}

const about = 'autoscaler'
const page = 'docs/headroom.md#with-an-autoscaler'

/** Where nodes are tainted: whether an autoscaler that runs here adds nodes for pods that find no PIDs. */
export function autoscalerChecks({ needed, taintNodes, autoscaled }: AutoscalerFacts): Check[] {
  if (taintNodes !== true) return []
  const autoscalers = needed.filter(({ need }) => need === 'autoscaler')
  if (autoscalers.length === 0) return []
  const checks: Check[] = []
  if (autoscaled !== true) {
    const found = `${namesOf(autoscalers)} adds no node for PIDs: pods without room are denied, or tried on the last node of a pool, which stays open`
    checks.push({ about, level: 'warn', found, remedy: `Set spec.headroom.autoscaled: true (${page}).` })
  }
  const blind = autoscalers.filter(
    (each) => isClusterAutoscaler(each) && !each.flags.some((flag) => flag.includes(lowPidsTaint))
  )
  if (blind.length > 0) {
    const found = `${namesOf(blind)} takes our taint for one of every new node, and adds none to a group whose nodes have it`
    checks.push({ about, level: 'warn', found, remedy: `Start it with --status-taint=${lowPidsTaint} (${page}).` })
  }
  return checks.length > 0
    ? checks
    : [{ about, level: 'ok', found: `${namesOf(autoscalers)} adds nodes for pods that wait for PIDs` }]
}

/** Karpenter makes its nodes from a NodePool, and not after nodes that are there. */
function isClusterAutoscaler({ name, labels, flags }: NeededWorkload): boolean {
  return [name, ...Object.values(labels), ...flags].some((text) => text.includes('cluster-autoscaler'))
}

function namesOf(workloads: readonly NeededWorkload[]): string {
  return named(workloads.map(({ namespace, name }) => `${namespace}/${name}`))
}
