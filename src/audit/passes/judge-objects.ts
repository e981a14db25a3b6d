import { buildPodProjection } from '../../kube/cache/cached-pods.ts'
import { isFelixConfiguration, someFelixOf } from '../../kubernetes/calico/felix.ts'
import { type FelixDaemonSet, felixDaemonSetOf } from '../../kubernetes/calico/felix-backend.ts'
import type { NodeRow } from '../../kubernetes/calico/node-rows.ts'
import { runtimeOf } from '../../kubernetes/pods/told-runtime.ts'
import { type Subject, subjectOfObject } from '../../kubernetes/subject.ts'
import { currentVersionOf, node } from '../../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../../lib/json/shape.ts'
import { claimByName } from '../../model/pods-by-name.ts'
import type { ListFailure } from '../../ports/objects.ts'
import type { AuditGap } from '../../report/audit/audit-report.ts'
import type { AuditDeps } from '../audit-deps.ts'
import { Coverage } from '../coverage.ts'
import { FelixRollouts } from '../felix-rollouts.ts'
import { FleetRows } from '../fleet/fleet-rows.ts'
import { controllerKinds, podKind, revisionKind } from '../listed-kinds.ts'
import { type Missed, readOrMiss, withName } from '../missed.ts'
import { findOwnKinds, ownTemplatesOf } from '../own-kinds.ts'
import { SubjectJudge, type SubjectVerdicts } from '../subject-judge.ts'
import { calicoRowsOf } from './calico-rows.ts'
import type { ListedFacts } from './read-facts.ts'
import { type NodeAnswers, readingRulesOf } from './read-nodes.ts'

/** What an audit found in the objects of a cluster. */
export interface JudgedObjects {
  readonly verdicts: SubjectVerdicts
  /** The lists of nodes, pods and workloads. */
  readonly rows: FleetRows
  /** One for each node, where there is Calico. */
  readonly calico: readonly NodeRow[]
  /** Pods could be listed. */
  readonly knowsPods: boolean
  readonly coverage: Coverage
  readonly missed: Missed
  readonly notes: readonly string[]
}

/** Pass 3: lists what makes pods, then pods, and checks each object as it comes; then checks what needs all of them. */
export async function judgeObjects(facts: ListedFacts, nodes: NodeAnswers, deps: AuditDeps): Promise<JudgedObjects> {
  const { objects, policy, rules, templateKinds } = deps
  const own = await findOwnKinds(objects, templateKinds.keys())
  const malformed: AuditGap[] = []
  const failures: ListFailure[] = []
  const rollouts = new FelixRollouts()
  const coverage = new Coverage(readingRulesOf(rules))
  const judge = new SubjectJudge(deps, facts, nodes, coverage)
  const podFactsOf = buildPodProjection()
  const rows = new FleetRows(facts.nodes, nodes, {
    defaultEstimate: (namespace) => policy.settingsFor(namespace, facts.namespace(namespace)).pids.estimate,
    floor: policy.settingsFor('', undefined).headroom.floor,
    holderShare: policy.settingsFor('', undefined).audit.holderShare
  })
  /** DaemonSets of Felix are checked with their pods and revisions, which are listed after them, and with kube-proxy. */
  const felix: Subject[] = []
  const felixDaemonSets: FelixDaemonSet[] = []
  const felixObjects: JsonRecord[] = []

  const judgeObject = (object: JsonRecord): void => {
    readOrMiss(object, malformed, () => judge.judge(subjectOf(object)))
  }
  const takeController = (object: JsonRecord): void => {
    readOrMiss(object, malformed, () => {
      const templates = ownTemplatesOf(object, templateKinds, own.clusterWide)
      if (templates !== undefined) return judge.judgeTemplates(object, templates)
      const subject = subjectOf(object)
      const found = felixDaemonSetOf(subject)
      if (found === undefined) return judge.judge(subject)
      felixDaemonSets.push(found)
      felixObjects.push(object)
      rollouts.follow(subject, someFelixOf(subject)?.container.name ?? '')
      felix.push(subject)
    })
  }
  const takePod = (object: JsonRecord): void => {
    const pod = readOrMiss(object, malformed, () => podFactsOf(withName(object)))
    if (pod === undefined) return
    if (!rollouts.isEmpty && isRecord(object['metadata'])) rollouts.addPod(object['metadata'], pod.node)
    claimByName(pod.node === undefined ? undefined : nodes.readings.get(pod.node), pod)
    // A pod that has ended holds no tasks and is never written again.
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed') {
      rows.addEnded(pod)
      return
    }
    const { metadata, spec } = object
    rows.add(pod, () => (isRecord(metadata) && isRecord(spec) ? runtimeOf(metadata, spec) : undefined))
    judgeObject(object)
  }

  failures.push(...own.failures, ...(await objects.each([...controllerKinds, ...own.listed], takeController)))
  failures.push(...(await objects.each([podKind], takePod)))
  if (!rollouts.isEmpty) {
    failures.push(...(await objects.each([revisionKind], (object) => rollouts.addRevision(object))))
  }
  const knowsPods = !failures.some(({ kind }) => kind === podKind.kind)
  const knowsDaemonSets = !failures.some(({ kind }) => kind === 'DaemonSet')
  const knowsRevisions = !failures.some(({ kind }) => kind === revisionKind.kind)
  const listed = {
    daemonSets: felixObjects,
    pods: knowsPods ? rollouts.pods : undefined,
    newest: knowsRevisions ? rollouts.newest : undefined
  }
  const { rows: calico, kubeProxy } = await calicoRowsOf(listed, facts, deps.calico)
  const felixNodes = new Map(calico.map((row) => [row.node, row] as const))
  for (const object of facts.objects) {
    readOrMiss(object, malformed, () => {
      const subject = subjectOf(object)
      const felixNode = subject.groupKind === node ? felixNodes.get(subject.name) : undefined
      judge.judge(subject, {
        ...(isFelixConfiguration(subject) && knowsDaemonSets ? { felixDaemonSets } : undefined),
        ...(felixNode === undefined ? undefined : { felixNode })
      })
    })
  }
  for (const subject of felix) {
    const revisions = knowsPods ? rollouts.revisionsOf(subject.namespace, subject.name) : undefined
    readOrMiss(subject.object, malformed, () =>
      judge.judge(subject, {
        ...(revisions === undefined ? undefined : { felixRevisions: revisions }),
        ...(kubeProxy === undefined ? undefined : { kubeProxyMode: kubeProxy })
      })
    )
  }
  for (const failure of [...facts.missed.failures, ...failures]) coverage.markUnread(failure)
  if (malformed.length + facts.missed.malformed.length > 0) coverage.markMalformed()
  const missed = { failures, malformed }
  return { verdicts: judge.verdicts(), rows, calico, knowsPods, coverage, missed, notes: own.notes }
}

function subjectOf(object: JsonRecord): Subject {
  return subjectOfObject({ ...object, apiVersion: currentVersionOf(textOf(object['apiVersion'])) })
}
