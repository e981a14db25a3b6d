// Reads: where a pod may land, what it needs, and how many there will be.  Fine: some node keeps its floor of free PIDs.
import { isDeepStrictEqual } from 'node:util'
import { defineRule, type RuleContext } from '../engine/rule.ts'
import { auditNode, sayBehindTaints, sayLargest, sayNode, tooLongToCheck } from '../headroom/denial-text.ts'
import { groupNeedOf, unknownGroup } from '../headroom/group-need.ts'
import type { Demand, WorkloadUse } from '../headroom/headroom-view.ts'
import { estimateOf, workloadNameOf } from '../headroom/pod-estimate.ts'
import { scaledWorkload } from '../headroom/scaled-workload.ts'
import { type Asked, shortageOf } from '../headroom/shortage.ts'
import { excused, excuseOf } from '../headroom/shortage-excuse.ts'
import { looksLikeNodeShell, nodeShellRemedy } from '../kubernetes/node-shell.ts'
import type { Placement } from '../kubernetes/placement/placement.ts'
import { countOf, countPointerOf, grownPods, jobReadsOf, rolloutOf, specOf } from '../kubernetes/pods/rollout.ts'
import { requestedPids } from '../kubernetes/qos/pids-request.ts'
import { scheduledFrom } from '../kubernetes/scheduling-gates.ts'
import { isPodSubject, oldSubjectOf, type PodSubject, type Subject } from '../kubernetes/subject.ts'
import type { PodSpec } from '../kubernetes/types.ts'
import { daemonSet, pod, podKinds } from '../kubernetes/workloads.ts'
import type { Pids } from '../lib/units.ts'
import type { Finding } from '../model/finding.ts'
import { pidRequests } from './pid-requests.ts'

type Context = RuleContext<'headroom', 'podGroupSizes' | 'serverVersion'>

const scale = 'autoscaling/Scale'

const ownRemedy =
  'Free PIDs on the nodes or add nodes: `pidguard top pods` shows the largest users. Lower pidguard.io/pids if the pod needs fewer threads. Where kubepods is the ceiling and kernel.pid_max is higher, restart the kubelet after raising it.'

export const pidHeadroom = defineRule<Subject, 'headroom', 'podGroupSizes' | 'serverVersion'>({
  id: 'pid-headroom',
  title: 'PID headroom',
  why: 'When a node or its kubepods cgroup has no PIDs left, nothing there can start a process: containers fail, probes fail, the network plugin fails, and healthy pods die with the rest. The Kubernetes scheduler does not look at PIDs (a PID here is a task, that is a thread).',
  remedy: ownRemedy,
  limits:
    'It looks at the nodes the pod may land on by nodeName, nodeSelector, required node affinity, taints and cordon; it does not know other reasons of the scheduler. It denies only when every such node has a fresh reading and too little room; where data is missing it warns. A placement of more than 100 terms is denied, since checking it would take too long. It also only warns about a template when a tainted node has room, since its pods may be given a toleration; about a CronJob, a Job, a workload that is resumed or whose earlier pods are about to end, and what a controller scales, since their pods are checked one by one; and about a pod of an urgent priority. A pod that is denied is tried again by its controller later and later: a ReplicaSet waits up to 1000 s. A pod with scheduling gates is checked when its last gate is removed, which needs the component match-conditions; its creation is at most a warning. A pod of a group that starts together (PodGroup of Kubernetes, scheduler-plugins or Volcano; pod groups of Kueue) is checked for all pods that the group still needs, as if they were like it; where the size of the group is not known, by itself, with a warning. The need of a pod is an estimate: nothing here limits its threads.',
  defaultMode: 'enforce',
  scope: 'pods',
  kinds: [...podKinds, scale],
  subresources: ['scale'],
  requiredFacts: ['headroom'],
  optionalFacts: ['podGroupSizes', 'serverVersion'],
  reads: readsOf,
  check(subject, context) {
    if (subject.groupKind === scale) return checkScale(subject, context)
    if (!isPodSubject(subject)) return []
    if (subject.groupKind === pod) return checkPod(subject, context)
    return subject.groupKind === daemonSet ? checkDaemonSet(subject, context) : checkTemplate(subject, context)
  }
})

function readsOf(subject: Subject): readonly unknown[] {
  const { replicas, paused } = specOf(subject)
  return isPodSubject(subject)
    ? [
        replicas,
        paused,
        jobReadsOf(subject),
        subject.podMetadata.labels,
        subject.podMetadata.annotations,
        subject.podSpec
      ]
    : [replicas]
}

/**
 * A pod is checked when the scheduler may place it: at its creation, or when its last scheduling gate is removed. At its
 * creation a gated pod takes no room yet, and the nodes it finds later are not known: a shortage is a warning then.
 */
function checkPod(subject: PodSubject, context: Context): Finding[] {
  const from = scheduledFrom(subject)
  if (from === undefined) return []
  const estimate = estimateOf(subject, context.settings, context.headroom)
  const placement = context.headroom.placementOf(subject.podSpec)
  const { uid } = subject.metadata
  const need = groupNeedOf(subject, context.headroom, context.podGroupSizes)
  const reason = need.pods + need.idle === 1 ? 'no node has room for this pod' : 'no room for all pods of the group'
  const shortage = shortageOf('/spec', reason, context, subject.namespace, {
    placement,
    pids: estimate.pids,
    estimate,
    pods: need.pods,
    need,
    group: need.group,
    uid: typeof uid === 'string' ? uid : undefined
  })
  const found =
    shortage.length === 0
      ? unknownGroup(need)
      : excused(
          shortage,
          excuseOf(subject, undefined, context.settings.headroom, { isScheduled: isCounted(subject.podSpec, context) })
        )
  if (from === 'later') return found.map((finding) => ({ ...finding, advisory: true }))
  if (!looksLikeNodeShell(subject)) return found
  return found.map((finding) => ({ ...finding, remedy: `${finding.remedy ?? ownRemedy} ${nodeShellRemedy}` }))
}

/**
 * Denies when the pods that stay have no room. Pods that run only during a rollout cause a warning: an update, even one
 * that saves PIDs, must get through on a full node.
 */
function checkTemplate(subject: PodSubject, context: Context): Finding[] {
  const before = subject.operation === 'UPDATE' ? oldSubjectOf(subject) : undefined
  const old = before !== undefined && isPodSubject(before) ? before : undefined
  const oldPod = old !== undefined && hasBegun(old, context) ? old : undefined
  const estimate = estimateOf(subject, context.settings, context.headroom)
  const { pids } = estimate
  const { added: wanted, surge } = rolloutOf(subject, oldPod, context.serverVersion)
  const added = oldPod === undefined ? Math.max(0, wanted - livePodsOf(subject, context)) : wanted
  const placement = context.headroom.placementOf(subject.podSpec, 'controller')
  const demand = { placement, pids, estimate, uid: undefined }
  const staying = { ...demand, pods: added }
  const stays = shortageOf(
    countPointerOf(subject),
    'no room for all pods of the workload',
    context,
    subject.namespace,
    staying
  )
  if (stays.length > 0) {
    const never = tooSmall(subject, context, demand)
    if (never !== undefined) return [never]
    const { ending = 0 } = workloadOf(subject, context) ?? {}
    const isScheduled = willBeCounted(placement, context)
    const excuse = excuseOf(subject, old, context.settings.headroom, { ending, isScheduled })
    return excused(stays, excuse ?? tolerable(context, staying))
  }
  const passing = isSameTemplate(subject, oldPod) ? 0 : surge + grown(oldPod, pids, context)
  if (passing === 0) return []
  return shortageOf(countPointerOf(subject), 'no room for the pods of a rollout', context, subject.namespace, {
    ...demand,
    pods: added + passing
  }).map((finding) => ({ ...finding, advisory: true }))
}

/** Whether the scheduler counts the PIDs of this pod. One without a request is placed as if it took none. */
function isCounted(podSpec: PodSpec, { settings }: Context): boolean {
  return settings.headroom.schedulePids && requestedPids(podSpec) !== undefined
}

/** Whether pods of the template will get a request when they are created. */
function willBeCounted(placement: Placement, { settings, headroom }: Context): boolean {
  const isGiven = settings.modes.get(pidRequests.id) === 'enforce'
  return settings.headroom.schedulePids && isGiven && headroom.offersPids(placement) === 'yes'
}

/** A tainted node that may have room for the pods: they are checked once they were given a toleration. */
function tolerable({ settings, headroom }: Context, demand: Asked): string | undefined {
  const { floor, maxAge } = settings.headroom
  const node = headroom.behindTaints({ ...demand, floor, maxAge })
  return node === undefined ? undefined : sayBehindTaints(node)
}

/** Pods of the workload that already run, as when a new object adopts orphans or a file describes a live workload. */
function livePodsOf(subject: PodSubject, context: Context): number {
  return workloadOf(subject, context)?.live ?? 0
}

function workloadOf(subject: PodSubject, { headroom }: Context): WorkloadUse | undefined {
  return headroom.workload(subject.namespace, workloadNameOf(subject))
}

/** Pods that fit on no node, whenever they come: denied also where pods that have no room now are only warned about. */
function tooSmall(
  subject: Subject,
  { settings, headroom }: Context,
  { placement, pids }: Pick<Demand, 'placement' | 'pids'>
): Finding | undefined {
  const largest = headroom.tooSmall({ placement, pids, floor: settings.headroom.floor })
  if (largest === undefined) return undefined
  const detail = `needs ${pids}; ${sayLargest(largest)}`
  return { pointer: countPointerOf(subject), reason: 'no node could hold such a pod, even an empty one', detail }
}

/** Whether the workload has made pods: a paused one without pods has not, and resuming it creates them. */
function hasBegun(old: PodSubject, context: Context): boolean {
  return specOf(old)['paused'] !== true || livePodsOf(old, context) > 0
}

function isSameTemplate(subject: PodSubject, old: PodSubject | undefined): boolean {
  if (old === undefined) return false
  return isDeepStrictEqual([subject.podSpec, subject.podMetadata], [old.podSpec, old.podMetadata])
}

function grown(old: PodSubject | undefined, pids: Pids, { settings, headroom, serverVersion }: Context): number {
  if (old === undefined) return 0
  return grownPods(rolloutOf(old, undefined, serverVersion).added, pids, estimateOf(old, settings, headroom).pids)
}

/** Each pod is checked on its own node; the template is denied only when no node can run it. */
function checkDaemonSet(subject: PodSubject, context: Context): Finding[] {
  if (subject.operation !== 'CREATE' || livePodsOf(subject, context) > 0) return []
  const { settings, headroom } = context
  const { pids } = estimateOf(subject, settings, headroom)
  const { floor, maxAge } = settings.headroom
  const placement = headroom.placementOf(subject.podSpec, 'daemon-set')
  if (placement.isTooLong) return [{ pointer: '/spec/template/spec', ...tooLongToCheck }]
  const { nodes, full, unknown, worst } = headroom.assessEach({ placement, pids, floor, maxAge })
  if (worst === undefined) return []
  const isOnNone = full === nodes && unknown === 0
  return [
    {
      pointer: '/spec/template/spec',
      reason: isOnNone ? 'no node has room for this pod' : 'some nodes have no room for this pod',
      detail: `needs ${pids}; ${full} of ${nodes} nodes too full, fullest: ${sayNode(worst)}`,
      advisory: !isOnNone,
      audit: `pids=${pids} full=${full} nodes=${nodes} ${auditNode(worst)}`
    }
  ]
}

/** A Scale holds a count but no pod: its workload's running pods show what is added. Without any, each new Pod is checked at creation. */
function checkScale(subject: Subject, context: Context): Finding[] {
  const pods = countOf(specOf(subject)['replicas']) ?? 0
  const before = countOf(specOf({ object: subject.oldObject ?? {} })['replicas']) ?? 0
  const use = scaledWorkload(subject, context.headroom)
  if (use === undefined || pods <= before) return []
  const { placement, estimate: pids } = use
  const demand = { placement, pids, pods: pods - before, uid: undefined }
  const found = shortageOf('/spec/replicas', 'no room for the added replicas', context, subject.namespace, demand)
  const never = found.length > 0 ? tooSmall(subject, context, demand) : undefined
  if (never !== undefined) return [never]
  const circumstances = { ending: use.ending, isScheduled: willBeCounted(placement, context) }
  return excused(found, excuseOf(subject, undefined, context.settings.headroom, circumstances))
}
