import { stringify } from 'yaml'
import { sayOrigin } from '../headroom/estimate.ts'
import { usedShareOf } from '../headroom/node-ceilings.ts'
import { percentText } from '../lib/percent.ts'
import type { Millis, Pids } from '../lib/units.ts'
import { sayHolders } from '../model/holder-text.ts'
import type { Ceiling } from '../model/node-reading.ts'
import { withoutCeilingTexts } from '../model/nodes-without-ceiling.ts'
import type { Floor } from '../policy/settings.ts'
import { alignedLines } from '../report/aligned-lines.ts'
import { span } from '../report/audit/html/number-text.ts'
import type { ClusterSnapshot } from '../snapshot/snapshot.ts'
import { documentOf } from '../snapshot/snapshot-document.ts'
import { standingOf } from '../snapshot/snapshot-headroom.ts'
import {
  byPids,
  type NodeRow,
  nodeRows,
  type PodRow,
  podRows,
  type TopView,
  unknownPodRows,
  type WorkloadRow,
  workloadRows
} from './top-rows.ts'

export const topSubjects = ['nodes', 'pods', 'workloads'] as const
export type TopSubject = (typeof topSubjects)[number]
export const topFormats = ['text', 'wide', 'json', 'yaml', 'snapshot'] as const
export type TopFormat = (typeof topFormats)[number]

export interface TopOptions {
  readonly subject: TopSubject
  readonly format: TopFormat
  /** Only pods of this namespace. */
  readonly namespace: string | undefined
  /** Only this node, or pods on it. */
  readonly node: string | undefined
  /** At most so many rows; undefined: all. */
  readonly limit: number | undefined
}

/** What `top` asks of the policy. */
export interface TopPolicy {
  /** The estimate for a pod without an annotation of its own. */
  estimateOf(namespace: string): Pids
  /** The floor of the namespace that was asked for, else that of the policy's base. */
  readonly floor: Floor
  /** The share of what is in use on a node from which a holder is named. */
  readonly holderShare: number
}

/** What `pidguard top` prints. */
export function renderTop(snapshot: ClusterSnapshot, policy: TopPolicy, options: TopOptions): string {
  if (options.format === 'snapshot') return renderDocument(documentOf(snapshot), 'yaml')
  const rows = rowsOf(snapshot, policy, options)
  const shown = options.limit === undefined ? rows : rows.slice(0, options.limit)
  if (options.format === 'json' || options.format === 'yaml') {
    const takenAt = new Date(snapshot.takenAt).toISOString()
    return renderDocument({ takenAt, [options.subject]: shown.map(writtenRow) }, options.format)
  }
  if (rows.length === 0) return `no ${options.subject}\n`
  const columns = columnsOf(options.subject).filter(({ wide }) => !wide || options.format === 'wide')
  const left = rows.length - shown.length
  return `${renderTable(columns, shown)}${left > 0 ? `… ${left} more; --limit 0 shows all\n` : ''}`
}

type Row = NodeRow | PodRow | WorkloadRow

function rowsOf(snapshot: ClusterSnapshot, policy: TopPolicy, { subject, namespace, node }: TopOptions): Row[] {
  const standing = standingOf(snapshot, (name) => policy.estimateOf(name))
  const view: TopView = { ...snapshot, standing, floor: policy.floor, holderShare: policy.holderShare }
  const pods = snapshot.pods.filter(
    (pod) => (namespace === undefined || pod.namespace === namespace) && (node === undefined || pod.node === node)
  )
  if (subject === 'pods') {
    const rows = podRows({ ...view, pods })
    // What the API server does not know has no namespace either.
    const unknown = namespace === undefined ? unknownPodRows(view) : []
    return [...rows, ...unknown.filter((row) => node === undefined || row.node === node)].sort(byPids)
  }
  if (subject === 'workloads') return workloadRows({ ...view, pods })
  // All pods of a node count, even when one namespace is asked for.
  return nodeRows({ ...view, nodes: snapshot.nodes.filter(({ name }) => node === undefined || name === node) })
}

function renderDocument(value: object, format: 'json' | 'yaml'): string {
  return format === 'json'
    ? `${JSON.stringify(value, undefined, 2)}\n`
    : stringify(value, { aliasDuplicateObjects: false })
}

/** JSON has no Infinity. */
function writtenRow(row: Row): unknown {
  return JSON.parse(
    JSON.stringify(row, (_key, value) => (value === Number.POSITIVE_INFINITY ? 'unlimited' : (value as unknown)))
  )
}

interface Column {
  readonly title: string
  readonly right?: boolean
  readonly wide?: boolean
  text(row: Row): string
}

function column<R extends Row>(title: string, text: (row: R) => string, options: Partial<Column> = {}): Column {
  // Sound because the columns of a subject are only given its rows.
  return { title, text: text as (row: Row) => string, ...options }
}

const right = { right: true } as const
const wide = { wide: true } as const

function columnsOf(subject: TopSubject): readonly Column[] {
  switch (subject) {
    case 'nodes':
      return [
        column<NodeRow>('NODE', ({ node }) => node),
        column<NodeRow>('PIDS', ({ host }) => renderCeiling(host), right),
        column<NodeRow>('USED', ({ host }) => percent(usedShareOf(host)), right),
        column<NodeRow>('KUBEPODS', ({ kubepods }) => renderCeiling(kubepods), right),
        column<NodeRow>('USED', ({ kubepods }) => percent(usedShareOf(kubepods)), right),
        column<NodeRow>('COMMITTED', ({ committed }) => count(committed), right),
        column<NodeRow>('FLOOR', ({ floor }) => count(floor), right),
        column<NodeRow>('FREE', ({ free }) => (free === Number.POSITIVE_INFINITY ? 'unlimited' : count(free)), right),
        column<NodeRow>('AGE', ({ age }) => renderAge(age), right),
        column<NodeRow>('BIGGEST POD', biggestText),
        column<NodeRow>('PODS', ({ pods }) => String(pods), { ...right, ...wide }),
        column<NodeRow>('IN PODS', ({ places }) => count(places.pods), { ...right, ...wide }),
        column<NodeRow>('UNKNOWN PODS', ({ places }) => count(unknownOf(places)), { ...right, ...wide }),
        column<NodeRow>('REST OF KUBEPODS', ({ places }) => count(places.unexplained), { ...right, ...wide }),
        column<NodeRow>('OUTSIDE', ({ places }) => count(places.outside), { ...right, ...wide }),
        column<NodeRow>(
          'MOST',
          (row) => (row.age === undefined ? '?' : sayHolders(row.node, row.holders, row.workloads)),
          wide
        ),
        column<NodeRow>('TIGHTEST', ({ tightest }) => tightest ?? '?', wide),
        column<NodeRow>(
          'PIDPRESSURE',
          ({ pidPressure }) => (pidPressure === undefined ? '?' : String(pidPressure)),
          wide
        ),
        column<NodeRow>('NOT KNOWN', ({ missing }) => missing.join('; ') || '-', wide)
      ]
    case 'pods':
      return [
        column<PodRow>('NAMESPACE', ({ namespace }) => namespace),
        column<PodRow>('POD', ({ pod }) => pod),
        column<PodRow>('PIDS', ({ pids }) => count(pids), right),
        column<PodRow>('OF NODE', ({ share }) => percent(share), right),
        column<PodRow>('LIMIT', ({ limit }) => limit?.toString() ?? '-', right),
        column<PodRow>('NODE', ({ node }) => node ?? '-'),
        column<PodRow>('WORKLOAD', ({ workload }) => `${workload.kind}/${workload.name}`),
        column<PodRow>('AGE', ({ age }) => renderAge(age), right),
        column<PodRow>('COMMITTED', ({ committed }) => count(committed), { ...right, ...wide }),
        column<PodRow>('DECLARED', ({ declared }) => declared?.toString() ?? '-', { ...right, ...wide }),
        column<PodRow>('ESTIMATE', ({ estimate }) => count(estimate?.pids), { ...right, ...wide }),
        column<PodRow>('FROM', ({ estimate }) => (estimate === undefined ? '-' : sayOrigin(estimate)), wide),
        column<PodRow>('PHASE', ({ phase }) => phase, wide)
      ]
    case 'workloads':
      return [
        column<WorkloadRow>('NAMESPACE', ({ namespace }) => namespace),
        column<WorkloadRow>('WORKLOAD', ({ workload }) => `${workload.kind}/${workload.name}`),
        column<WorkloadRow>('PIDS', ({ pids }) => count(pids), right),
        column<WorkloadRow>('PEAK POD', ({ peak }) => count(peak), right),
        column<WorkloadRow>('COMMITTED', ({ committed }) => count(committed), right),
        column<WorkloadRow>('PODS', ({ pods }) => String(pods), right),
        column<WorkloadRow>('READ', ({ read }) => String(read), { ...right, ...wide }),
        column<WorkloadRow>('NODES', ({ nodes }) => String(nodes), { ...right, ...wide }),
        column<WorkloadRow>('DECLARED', ({ declared }) => declared?.toString() ?? '-', { ...right, ...wide })
      ]
  }
}

function biggestText({ biggest, missing, withoutCeiling }: NodeRow): string {
  if (biggest !== undefined) return `${biggest.namespace}/${biggest.name} (${biggest.pids})`
  return withoutCeiling === undefined ? (missing[0] ?? '-') : withoutCeilingTexts[withoutCeiling]
}

function renderCeiling({ limit, inUse }: Ceiling): string {
  if (limit === Number.POSITIVE_INFINITY && inUse === undefined) return 'unlimited'
  if (limit === undefined && inUse === undefined) return '?'
  return `${count(inUse)}/${limit === Number.POSITIVE_INFINITY ? 'unlimited' : count(limit)}`
}

function percent(share: number | undefined): string {
  return share === undefined ? '?' : percentText(share)
}

function unknownOf({ unknownPods }: NodeRow['places']): Pids | undefined {
  return unknownPods?.reduce((sum, { pids }) => sum + pids, 0)
}

/** Unknown is not 0. */
function count(pids: Pids | undefined): string {
  return pids === undefined ? '?' : String(pids)
}

function renderAge(age: Millis | undefined): string {
  return age === undefined ? '?' : span(age)
}

function renderTable(columns: readonly Column[], rows: readonly Row[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ text }) => text(row)))]
  return `${alignedLines(cells, (column) => columns[column]?.right === true).join('\n')}\n`
}
