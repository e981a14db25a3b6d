import { compareTexts } from '../lib/compare-text.ts'
import { percentText } from '../lib/percent.ts'
import type { AuditNode } from '../report/audit/audit-fleet.ts'
import { type AuditAction, auditLevels } from '../report/audit/audit-report.ts'
import { isShort } from '../report/audit/headline.ts'
import { holdersText } from '../report/audit/phrases.ts'
import { type ObjectName, plural } from '../report/validate-report.ts'
import type { FindingOfOwner } from './findings-by-owner.ts'
import { remedyByHolder } from './fleet/holder-remedy.ts'

/**
 * What to look at first, by rule. First the pod that takes the PIDs, because that goes on while the report is read. Then a
 * ceiling that is lower than it should be, which a restart of the kubelet fixes. Then what is nearly full. What cuts off
 * the network comes before what only bounds the next outage; habits come last. A rule that is not in this list is last.
 */
export const urgency: readonly string[] = [
  'pod-thread-outlier',
  'pod-pid-limit',
  'node-unit-limit',
  'node-kubepods-drift',
  'node-pid-pressure',
  'node-pid-usage',
  'calico-iptables-backend',
  'calico-node-backend',
  'calico-backend-conflict',
  'felix-configuration',
  'node-cgroup-driver',
  'node-pod-pids-limit',
  'node-pid-max',
  'node-pid-reservation',
  'node-pid-eviction',
  'calico-update-strategy',
  'calico-revision-drift',
  'node-exporter-processes',
  'runtime-thread-cap',
  'best-effort',
  'pid-annotations',
  'resource-requests'
]

/** Rules whose remedy gives a node PIDs at once. */
const relieving: ReadonlySet<string> = new Set(urgency.slice(0, urgency.indexOf('node-pid-usage') + 1))
/** Rules that say that a node is short of PIDs, but not which pod takes them. */
const alarming: ReadonlySet<string> = new Set(['node-pid-pressure', 'node-pid-usage'])

const mostExamples = 3

/** What an action is made of. */
type Cause = Pick<
  FindingOfOwner,
  'ruleId' | 'remedy' | 'level' | 'object' | 'detail' | 'pointer' | 'children' | 'weight'
> & {
  /** Following it helps a node that is short of PIDs now. */
  readonly isNow: boolean
}

/**
 * One action for each rule with findings, and for each remedy of its own that findings have, with its worst objects: what
 * helps a node that is short of PIDs now, then the most urgent. Every such node is in one. `nodes` are the fullest first; `usage` is the share from which the policy
 * finds one too full.
 */
export function actionsOf(
  findings: readonly FindingOfOwner[],
  nodes: readonly AuditNode[],
  usage: number
): AuditAction[] {
  const short = new ShortNodes(
    nodes.filter((node) => isShort(node, usage)),
    usage
  )
  const causes = [...findings.map((finding) => short.causeOf(finding)), ...short.withoutFinding(findings)]
  // A name of a rule has no spaces.
  const groups = [...Map.groupBy(causes, ({ ruleId, remedy = '' }) => `${ruleId} ${remedy}`).values()].map((group) => {
    const [{ ruleId, remedy }] = group as [Cause, ...Cause[]]
    return { ruleId, remedy, worst: worstOfEach(group) }
  })
  const isNow = ({ worst }: (typeof groups)[number]): boolean => worst[0]?.isNow === true
  return groups
    .toSorted(
      (a, b) =>
        Number(isNow(b)) - Number(isNow(a)) ||
        urgencyOf(a.ruleId) - urgencyOf(b.ruleId) ||
        compareTexts(a.ruleId, b.ruleId) ||
        compareTexts(a.remedy ?? '', b.remedy ?? '')
    )
    .map(({ ruleId, remedy, worst }) => {
      const examples = worst.slice(0, mostExamples).map(({ object, detail }) => ({ object, detail }))
      return { ruleId, ...(remedy === undefined ? undefined : { remedy }), objects: worst.length, examples }
    })
}

/** Nodes that are short of PIDs now, and the workloads that hold the most there. */
class ShortNodes {
  readonly #nodes: ReadonlyMap<string, AuditNode>
  readonly #usage: number
  /** The fullest of the nodes where this workload holds a share worth naming. */
  readonly #byHolder = new Map<string, AuditNode>()

  constructor(nodes: readonly AuditNode[], usage: number) {
    this.#usage = usage
    this.#nodes = new Map(nodes.map((node) => [node.node, node]))
    for (const node of nodes) {
      for (const { workload } of node.holders) {
        if (workload !== null && !this.#byHolder.has(keyOf(workload))) this.#byHolder.set(keyOf(workload), node)
      }
    }
  }

  causeOf(finding: FindingOfOwner): Cause {
    const { ruleId, object, detail } = finding
    const node = relieving.has(ruleId) ? this.#nodeOf(object) : undefined
    if (node === undefined) return { ...finding, isNow: false }
    if (object.kind !== 'Node') return { ...finding, detail: `${holding(node, object)}; ${detail}`, isNow: true }
    if (!alarming.has(ruleId)) return { ...finding, isNow: true }
    return { ...finding, ...remedyOf(node, this.#usage, finding), detail: withHolder(node, detail), isNow: true }
  }

  /** Causes for short nodes that have no finding: short by what pods were promised, or by another measure than the policy's. */
  withoutFinding(findings: readonly FindingOfOwner[]): Cause[] {
    const reported = new Set(findings.filter(({ ruleId }) => alarming.has(ruleId)).map(({ object }) => object.name))
    return [...this.#nodes.values()]
      .filter(({ node }) => !reported.has(node))
      .map((node) => ({
        ruleId: 'node-pid-usage',
        ...remedyOf(node, this.#usage),
        level: 'audit',
        object: { apiVersion: 'v1', kind: 'Node', namespace: '', name: node.node },
        detail: withHolder(node, shortage(node)),
        pointer: '',
        children: 0,
        weight: node.used ?? 0,
        isNow: true
      }))
  }

  #nodeOf(object: ObjectName): AuditNode | undefined {
    return object.kind === 'Node' ? this.#nodes.get(object.name) : this.#byHolder.get(keyOf(object))
  }
}

/** `holds 120000 PIDs in 5 pods on node-a`: what the pods of the workload hold there together. */
function holding({ node, holders }: AuditNode, object: ObjectName): string {
  const held = holders.find(({ workload }) => workload !== null && keyOf(workload) === keyOf(object))
  const { pids = 0, workload } = held ?? {}
  return `holds ${plural(pids, 'PID')} in ${plural(workload?.pods ?? 0, 'pod')} on ${node}`
}

/** The holders come first, because the end of a line that is too long is cut. */
function withHolder(node: AuditNode, detail: string): string {
  return node.age === null ? detail : `${holdersText(node)}; ${detail}`
}

/** The remedy of the finding itself; else by what holds the most there, where that is known. */
function remedyOf(
  node: AuditNode,
  usage: number,
  { remedy = remedyByHolder(node, usage) }: Pick<Cause, 'remedy'> = {}
): Pick<Cause, 'remedy'> {
  return remedy === undefined ? {} : { remedy }
}

function shortage({ pidPressure, free, used }: AuditNode): string {
  if (pidPressure === true) return 'condition PIDPressure is True'
  if (typeof free === 'number' && free < 0) return `in use and promised are ${-free} PIDs of what the policy keeps free`
  return `${percentText(used ?? 0)} of a ceiling is in use`
}

/** Of each object the worst, the worst object first. */
function worstOfEach(causes: readonly Cause[]): Cause[] {
  const worst = new Map<string, Cause>()
  for (const cause of causes.toSorted(byWorst)) {
    const key = keyOf(cause.object)
    if (!worst.has(key)) worst.set(key, cause)
  }
  return [...worst.values()]
}

function urgencyOf(ruleId: string): number {
  const at = urgency.indexOf(ruleId)
  return at < 0 ? urgency.length : at
}

function keyOf({ kind, namespace, name }: Omit<ObjectName, 'apiVersion'>): string {
  return `${kind} ${namespace} ${name}`
}

/** What helps now, then by level, then by what the rule itself weighs, then those with the most pods. */
function byWorst(a: Cause, b: Cause): number {
  return (
    Number(b.isNow) - Number(a.isNow) ||
    auditLevels.indexOf(a.level) - auditLevels.indexOf(b.level) ||
    b.weight - a.weight ||
    b.children - a.children ||
    compareTexts(keyOf(a.object), keyOf(b.object)) ||
    compareTexts(a.pointer, b.pointer)
  )
}
