import type { Millis } from '../../lib/units.ts'
import type { Check } from '../check.ts'
import { type KueueView, kueueChecks, named } from './kueue-checks.ts'

/** What `doctor` sees of the nodes and quotas of a cluster whose policy schedules PIDs, or did. */
export interface SchedulerView {
  readonly nodes: readonly {
    readonly name: string
    readonly offered: number | undefined
    readonly createdAt: Millis | undefined
    readonly labels: Readonly<Record<string, string>>
    /** As the kubelet names its version, `v1.30.1`. */
    readonly kubeletVersion: string
  }[]
  /** Whether the API server has NodeOverlays (karpenter.sh), by which Karpenter knows of a resource of the nodes it makes. */
  readonly hasNodeOverlays: boolean
  /** LimitRanges that ask each container for a request of pidguard.io/pids, by namespace and name. */
  readonly demanding: readonly string[]
  /** undefined: there is none, or it may not be read. */
  readonly kueue: KueueView | undefined
}

export interface SchedulerFacts {
  /** spec.headroom.schedulePids and taintNodes; undefined: the policy is not known. */
  readonly schedulePids: boolean | undefined
  readonly taintNodes: boolean | undefined
  /** undefined where it is not needed, or the user may not read nodes. */
  readonly scheduler: SchedulerView | undefined
  readonly now: Millis
}

const about = 'scheduler'
const page = 'docs/headroom.md'

/** As long as a new node may lack the resource; see `joiningTime` of the headroom. */
const joining: Millis = 120_000

/** Kubelets before it set resources that they do not know to zero when they restart (kubernetes PR 77699). */
const firstKeeping = 15

/** PIDs as a resource of the scheduler: whether it works, what cannot, and what is left of it. */
export function schedulerChecks({ schedulePids, taintNodes, scheduler, now }: SchedulerFacts): Check[] {
  if (scheduler === undefined || schedulePids === undefined) return []
  const { nodes, demanding, kueue } = scheduler
  const offering = nodes.filter(({ offered }) => offered !== undefined).length
  if (!schedulePids) return offering === 0 ? [] : [leftBehind(offering)]
  const without = nodes.filter(({ offered, createdAt = 0 }) => offered === undefined && now - createdAt > joining)
  const checks: Check[] = []
  if (without.length > 0) checks.push(notOffering(without.length, without[0]?.name ?? ''))
  checks.push(...karpenterChecks(scheduler), ...kubeletChecks(scheduler))
  if (demanding.length > 0) {
    const found = `a LimitRange asks every container for pidguard.io/pids, so pods that get no request are denied: ${named(demanding)}`
    checks.push({ about, level: 'warn', found, remedy: 'Give it a default too, or take the minimum away.' })
  }
  if (taintNodes === true) {
    const found = 'nodes are tainted as well (spec.headroom.taintNodes): they are closed also to pods that would fit'
    checks.push({ about, level: 'warn', found, remedy: 'Set it to false: the scheduler counts PIDs itself.' })
  }
  if (kueue !== undefined) checks.push(...kueueChecks(kueue))
  return checks.length > 0 ? checks : [{ about, level: 'ok', found: `${offering} nodes offer pidguard.io/pids` }]
}

function leftBehind(offering: number): Check {
  const found = `${offering} nodes offer pidguard.io/pids, and the policy does not want it (spec.headroom.schedulePids)`
  const remedy = `The controller takes it away when no pod has waited for two minutes; it needs the component scheduler for that. ${page} has the command that does it at once.`
  return { about, level: 'warn', found, remedy }
}

function notOffering(count: number, name: string): Check {
  const found = `${count} nodes offer no pidguard.io/pids, such as ${name}: pods that may land there get no request`
  const remedy =
    'Add the component scheduler (kubectl auth can-i patch nodes --subresource=status as pidguard-controller); the log of the controller says what hinders it.'
  return { about, level: 'error', found, remedy }
}

function karpenterChecks({ nodes, hasNodeOverlays }: SchedulerView): Check[] {
  if (hasNodeOverlays || !nodes.some(({ labels }) => 'karpenter.sh/nodepool' in labels)) return []
  const found =
    'Karpenter makes nodes here, and adds none for a resource that it does not know: pods that wait for PIDs wait for ever'
  const remedy = `Name pidguard.io/pids in a NodeOverlay, or use guard with spec.headroom.autoscaled (${page}).`
  return [{ about, level: 'error', found, remedy }]
}

function kubeletChecks({ nodes }: SchedulerView): Check[] {
  const old = nodes.filter(({ kubeletVersion }) => {
    const [, minor] = /^v1\.(\d+)/.exec(kubeletVersion) ?? []
    return minor !== undefined && Number(minor) < firstKeeping
  })
  if (old.length === 0) return []
  const found = `kubelets before v1.15 set the resource to zero when they restart, and end the pods that request it: ${named(old.map(({ name }) => name))}`
  return [
    { about, level: 'error', found, remedy: 'Upgrade these kubelets, or set spec.headroom.schedulePids to false.' }
  ]
}
