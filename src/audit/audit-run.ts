import { isAsked } from '../engine/evaluate.ts'
import type { AllFacts } from '../engine/rule.ts'
import type { RuleIndex } from '../engine/rule-index.ts'
import { nodeFactsOf } from '../kube/cache/cached-kinds.ts'
import { buildPodProjection } from '../kube/cache/cached-pods.ts'
import { isFelixOnDelete } from '../kubernetes/felix.ts'
import { isPodSubject, type Subject, subjectOfObject } from '../kubernetes/subject.ts'
import { currentVersionOf, daemonSet, node, pod } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, misshapen, textOf } from '../lib/json/shape.ts'
import type { Millis } from '../lib/units.ts'
import type { NodeFacts } from '../model/cluster-objects.ts'
import type { Skip } from '../model/finding.ts'
import type { NodeReading, ReadingTarget } from '../model/node-reading.ts'
import type { ListFailure, ObjectSource } from '../ports/objects.ts'
import type { KubeletConfigs, NodeReadings } from '../ports/readings.ts'
import type { Progress } from '../ports/runtime.ts'
import type { AuditFault, AuditGap } from '../report/audit/audit-report.ts'
import { Tally } from '../report/count-by-reason.ts'
import { objectNameOf } from '../report/object-name.ts'
import { ClusterFacts } from './audited-cluster.ts'
import { Sight } from './coverage.ts'
import { ownerOf } from './finding-owner.ts'
import { FoldedFindings } from './findings-by-owner.ts'
import { FleetRows } from './fleet/fleet-rows.ts'
import { configRules, gapOf, readConfigs } from './fleet/gaps.ts'
import { isYoung } from './fleet/young-pods.ts'
import { type AuditPolicy, auditVerdictOf } from './judge-stored-object.ts'
import { controllerKinds, factKinds, podKind, revisionKind } from './listed-kinds.ts'

export interface RunDeps {
  readonly rules: RuleIndex
  readonly policy: AuditPolicy
  readonly objects: ObjectSource
  readonly readings: NodeReadings
  readonly configs: KubeletConfigs
  /** Where to ask a node, where that is not what its object says. */
  targetOf(facts: NodeFacts): ReadingTarget
  now(): number
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Nodes are asked this many a second at most; undefined: as fast as may be. */
  readonly nodesPerSecond?: number | undefined
}

/** Faults told one by one; a rule that fails on all pods would fill the report. Own choice. */
const mostFaults = 100

/** One pass over a cluster: first what objects are judged with, then the objects, then what needs all of them. */
export class AuditRun {
  readonly facts: ClusterFacts
  rows: FleetRows
  readonly findings = new FoldedFindings()
  readonly skips = new Tally()
  readonly exempted = new Tally()
  readonly faults: AuditFault[] = []
  readonly gaps: AuditGap[] = []
  readonly sight: Sight
  /** What the policy could not settle in how many namespaces. */
  readonly notes = new Map<string, Set<string>>()
  judged = 0
  /** Objects that each rule judged. */
  readonly judgedBy = new Map<string, number>()
  moreFaults = 0
  readonly #deps: RunDeps
  readonly #readingRules: ReadonlySet<string>
  readonly #podFacts = buildPodProjection()
  /** Objects judged when everything else is read: nodes, FelixConfigurations, DaemonSets of Felix under OnDelete. */
  readonly #later: JsonRecord[] = []

  constructor(deps: RunDeps) {
    this.#deps = deps
    this.facts = new ClusterFacts(deps.policy.settingsFor('', undefined).headroom.maxAge, deps.now)
    this.rows = this.#newRows()
    const { all } = deps.rules
    this.#readingRules = new Set(all.filter(({ needs }) => needs.includes('node')).map(({ id }) => id))
    this.sight = new Sight(this.#readingRules)
  }

  async read(): Promise<void> {
    const { objects } = this.#deps
    this.#missed(await objects.each(factKinds, (object) => this.#takeFact(object)))
    await this.#readNodes()
    this.rows = this.#newRows()
    this.#missed(await objects.each(controllerKinds, (object) => this.#judge(object)))
    this.#missed(await objects.each([podKind], (object) => this.#takePod(object)))
    if (this.facts.followsFelix) {
      this.#missed(await objects.each([revisionKind], (object) => this.facts.addRevision(object)))
    }
    for (const object of this.#later) this.#judge(object)
  }

  #newRows(): FleetRows {
    const { policy } = this.#deps
    return new FleetRows(this.facts, {
      estimateOf: ({ declared, estimated, namespace }) =>
        declared ?? estimated ?? policy.settingsFor(namespace, this.facts.namespace(namespace)).pids.estimate,
      floor: policy.settingsFor('', undefined).headroom.floor
    })
  }

  async #readNodes(): Promise<void> {
    const { readings, configs, progress, signal } = this.#deps
    const targets = this.facts.nodes.map((facts) => this.#deps.targetOf(facts))
    let done = 0
    const told = () => progress.step('node readings', ++done, targets.length)
    const sink = {
      observeReading: (reading: NodeReading) => {
        this.facts.observeReading(reading)
        told()
      },
      observeFailure: (...failure: Parameters<ClusterFacts['observeFailure']>) => {
        this.facts.observeFailure(...failure)
        told()
      }
    }
    await readings.read(targets, sink, { signal, spread: this.#spreadOver(targets.length) })
    this.facts.endReadings()
    const settings = this.#deps.policy.settingsFor('', undefined)
    const needsConfigs = this.#deps.rules.all.some((rule) => configRules.has(rule.id) && isAsked(rule, { settings }))
    if (needsConfigs) await readConfigs(this.facts, targets, configs, signal)
  }

  /** No longer than half of what makes a reading too old: figures of one report are to be of about one time. */
  #spreadOver(nodes: number): Millis {
    const { nodesPerSecond, policy } = this.#deps
    if (nodesPerSecond === undefined) return 0
    return Math.min((nodes / nodesPerSecond) * 1_000, policy.settingsFor('', undefined).headroom.maxAge / 2)
  }

  #missed(failures: readonly ListFailure[]): void {
    for (const failure of failures) {
      if (failure.kind !== undefined) this.facts.unread.add(failure.kind)
      this.sight.missKind(failure)
      // What was missed the first time is missed every time.
      if (!this.gaps.some(({ part, detail }) => part === failure.part && detail === failure.detail)) {
        this.gaps.push(gapOf(failure))
      }
    }
  }

  #takeFact(object: JsonRecord): void {
    switch (object['kind']) {
      case 'Node':
        this.#whole(object, () => this.facts.nodes.push(nodeFactsOf(object)))
        this.#later.push(slimNode(object))
        break
      case 'FelixConfiguration':
        this.facts.addFelixConfiguration(object)
        this.#later.push(object)
        break
      default:
        this.facts.addInput(object)
    }
  }

  #takePod(object: JsonRecord): void {
    const facts = this.#whole(object, () => this.#podFacts(named(object)))
    if (facts === undefined) return
    if (this.facts.followsFelix && isRecord(object['metadata'])) {
      this.facts.addFelixPod(object['metadata'], facts.node)
    }
    // What has ended holds no tasks, and will never be written again.
    if (facts.phase === 'Succeeded' || facts.phase === 'Failed') return
    this.rows.add(facts)
    this.#judge(object)
  }

  #judge(object: JsonRecord): void {
    this.#whole(object, () => {
      const apiVersion = currentVersionOf(textOf(object['apiVersion']))
      const subject = subjectOfObject({ ...object, apiVersion }, namespaceOf(object))
      if (this.#waits(subject)) {
        this.facts.followFelix(subject.namespace, subject.name)
        this.#later.push(object)
      } else this.#note(subject, apiVersion)
    })
  }

  /** A DaemonSet of Felix under OnDelete is judged with its pods and their revisions, which come after it. */
  #waits(subject: Subject): boolean {
    return isFelixOnDelete(subject) && !this.facts.follows(subject.namespace, subject.name)
  }

  #note(subject: Subject, apiVersion: string): void {
    const { policy, rules } = this.#deps
    const settings = policy.settingsFor(subject.namespace, this.facts.namespace(subject.namespace))
    const verdict = auditVerdictOf(subject, rules, policy, settings, this.#factsOf(subject))
    if (verdict === undefined) return
    this.judged++
    for (const ruleId of verdict.judgedBy) this.judgedBy.set(ruleId, (this.judgedBy.get(ruleId) ?? 0) + 1)
    for (const note of settings.notes) {
      this.notes.set(note, (this.notes.get(note) ?? new Set()).add(subject.namespace))
    }
    const owner = ownerOf(subject, apiVersion)
    const skips = this.#missing(verdict.skips, subject)
    this.skips.add(skips)
    for (const { ruleId } of [...skips, ...verdict.faults]) this.sight.missRule(ruleId, owner)
    this.exempted.add(verdict.exempted)
    const isChild = owner.kind !== subject.kind || owner.name !== subject.name
    if (verdict.findings.length > 0) this.findings.add(verdict.findings, subject.name, owner, isChild)
    for (const { ruleId, error } of verdict.faults) {
      const message = misshapen(error)?.message ?? `the rule failed: ${(error as Error).message}`
      const mode = settings.modes.get(ruleId) ?? 'off'
      if (this.faults.length >= mostFaults) this.moreFaults++
      else this.faults.push({ ruleId, mode, message, object: owner })
    }
  }

  /** What is not known, but could be. */
  #missing(skips: readonly Skip[], subject: Subject): readonly Skip[] {
    if (skips.length === 0 || subject.groupKind !== pod) return skips
    const { reading } = this.facts.nodeState(nodeNameOf(subject))
    return isYoung(subject.object, reading) ? skips.filter(({ ruleId }) => !this.#readingRules.has(ruleId)) : skips
  }

  #factsOf(subject: Subject): Partial<AllFacts> {
    const { facts } = this
    const limitRanges = facts.limitRanges(subject.namespace)
    const known: Partial<AllFacts> = limitRanges === undefined ? {} : { limitRanges }
    switch (subject.groupKind) {
      case pod:
        return { ...known, node: facts.nodeState(nodeNameOf(subject)) }
      case node:
        return { ...known, node: facts.nodeState(subject.name) }
      case daemonSet: {
        const { felixConfigurations } = facts
        const felixRevisions = facts.felixRevisions(subject.namespace, subject.name)
        return {
          ...known,
          ...(felixConfigurations === undefined ? undefined : { felixConfigurations }),
          ...(felixRevisions === undefined ? undefined : { felixRevisions })
        }
      }
      default:
        return known
    }
  }

  /** Runs it unless the object is not what its kind says, which is told; undefined then. */
  #whole<T>(object: JsonRecord, use: () => T): T | undefined {
    try {
      return use()
    } catch (error) {
      const wrong = misshapen(error)
      if (wrong === undefined) throw error
      this.sight.missObject()
      const { kind, namespace, name } = objectNameOf(object, '')
      const part = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
      this.gaps.push({ part, reason: 'malformed', detail: wrong.message, nodes: null })
      return undefined
    }
  }
}

/** A Pod that somebody wrote down may have no name yet, only the beginning of one. */
function named(object: JsonRecord): JsonRecord {
  const { metadata } = object
  if (!isRecord(metadata) || textOf(metadata['name']) !== '' || textOf(metadata['generateName']) === '') return object
  return { ...object, metadata: { ...metadata, name: objectNameOf(object, '').name } }
}

const clusterScoped: ReadonlySet<unknown> = new Set(['Node', 'FelixConfiguration'])

/** Of an object that names none: what a person wrote down goes where kubectl would put it. */
function namespaceOf({ kind }: JsonRecord): string {
  return clusterScoped.has(kind) ? '' : 'default'
}

function nodeNameOf(subject: Subject): string | undefined {
  const name: unknown = isPodSubject(subject) ? subject.podSpec.nodeName : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** What rules and exemptions look at: a Node lists its images, up to 50 of them. */
function slimNode({ apiVersion, kind, metadata, status }: JsonRecord): JsonRecord {
  const conditions = isRecord(status) ? status['conditions'] : undefined
  if (!isRecord(metadata)) return { apiVersion, kind, metadata }
  const { managedFields, ...rest } = metadata
  return { apiVersion, kind, metadata: rest, status: { conditions } }
}
