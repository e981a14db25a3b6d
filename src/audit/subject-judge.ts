import type { AllFacts } from '../engine/rule.ts'
import { pointerBehind } from '../kubernetes/pods/template-stand-in.ts'
import { isPodSubject, type Subject } from '../kubernetes/subject.ts'
import { node, pod } from '../kubernetes/workloads.ts'
import { namedPointer } from '../lib/json/pointer.ts'
import { type JsonRecord, shapeErrorOf, textOf } from '../lib/json/shape.ts'
import type { Fault, Skip } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'
import type { AuditFault } from '../report/audit/audit-report.ts'
import { ReasonCounts } from '../report/count-by-reason.ts'
import { objectNameOf } from '../report/object-name.ts'
import type { ObjectName, Unchecked } from '../report/validate-report.ts'
import type { AuditDeps } from './audit-deps.ts'
import type { Coverage } from './coverage.ts'
import { FindingOwners } from './finding-owner.ts'
import { type FindingOfOwner, FindingsByOwner } from './findings-by-owner.ts'
import { isYoung } from './fleet/young-pods.ts'
import { type AuditVerdict, auditVerdictOf } from './judge-stored-object.ts'
import type { OwnTemplate } from './own-kinds.ts'
import type { ListedFacts } from './passes/read-facts.ts'
import { type NodeAnswers, readingRulesOf, stateOf } from './passes/read-nodes.ts'

/** What the rules said of all objects. */
export interface SubjectVerdicts {
  /** Objects that at least one rule looked at. */
  readonly checked: number
  /** By rule, the number of objects it checked. */
  readonly checkedBy: ReadonlyMap<string, number>
  /** In no order. */
  readonly findings: readonly FindingOfOwner[]
  readonly skips: readonly Unchecked[]
  readonly exempted: readonly Unchecked[]
  readonly faults: readonly AuditFault[]
  /** Faults beyond those listed. */
  readonly moreFaults: number
  /** What the policy could not settle, with the namespaces it concerns. */
  readonly notes: ReadonlyMap<string, ReadonlySet<string>>
}

/** Of a DaemonSet of Felix its revisions, of a FelixConfiguration the DaemonSets, of a Node its row; what is not known is left out. */
export type FelixFacts = Pick<Partial<AllFacts>, 'felixRevisions' | 'felixDaemonSets' | 'felixNode' | 'kubeProxyMode'>

/** Faults listed one by one; a rule that fails on all pods would fill the report. Own choice. */
const mostFaults = 100

/** Checks objects one by one and keeps what the rules said. */
export class SubjectJudge {
  readonly #deps: Pick<AuditDeps, 'rules' | 'policy' | 'serverVersion'>
  readonly #owners: FindingOwners
  readonly #facts: ListedFacts
  readonly #nodes: NodeAnswers
  readonly #coverage: Coverage
  readonly #readingRules: ReadonlySet<string>
  readonly #findings = new FindingsByOwner()
  readonly #skips = new ReasonCounts()
  readonly #exempted = new ReasonCounts()
  readonly #faults: AuditFault[] = []
  readonly #notes = new Map<string, Set<string>>()
  readonly #checkedBy = new Map<string, number>()
  #checked = 0
  #moreFaults = 0

  constructor(
    deps: Pick<AuditDeps, 'rules' | 'policy' | 'serverVersion' | 'templateKinds'>,
    facts: ListedFacts,
    nodes: NodeAnswers,
    coverage: Coverage
  ) {
    this.#deps = deps
    this.#owners = new FindingOwners(deps.templateKinds)
    this.#facts = facts
    this.#nodes = nodes
    this.#coverage = coverage
    this.#readingRules = readingRulesOf(deps.rules)
  }

  /** Takes one object, and what is known of Felix where that is about this object. */
  judge(subject: Subject, ofFelix: FelixFacts = {}): void {
    const { policy, rules } = this.#deps
    if (subject.groupKind !== pod) this.#owners.note(subject)
    const settings = policy.settingsFor(subject.namespace, this.#facts.namespace(subject.namespace))
    const verdict = auditVerdictOf(subject, rules, policy, settings, this.#factsOf(subject, ofFelix))
    if (verdict === undefined) return
    this.#checked++
    this.#take(verdict, subject, settings, this.#owners.ownerOf(subject, textOf(subject.object['apiVersion'])))
  }

  /** Takes the pod templates of an object of a kind that no rule knows. */
  judgeTemplates(object: JsonRecord, templates: readonly OwnTemplate[]): void {
    const { policy, rules } = this.#deps
    if (templates.length > 0) this.#checked++
    for (const { subject, template } of templates) {
      this.#owners.note(subject)
      const settings = policy.settingsFor(subject.namespace, this.#facts.namespace(subject.namespace))
      const verdict = auditVerdictOf(subject, rules, policy, settings, this.#factsOf(subject, {}))
      if (verdict === undefined) continue
      const findings = verdict.findings.map((finding) => {
        const pointer = pointerBehind(finding.pointer, template)
        return { ...finding, pointer, field: namedPointer(object, pointer) }
      })
      this.#take({ ...verdict, findings }, subject, settings, objectNameOf(object, subject.namespace))
    }
  }

  #take(verdict: AuditVerdict, subject: Subject, settings: Settings, owner: ObjectName): void {
    for (const ruleId of verdict.checkedBy) this.#checkedBy.set(ruleId, (this.#checkedBy.get(ruleId) ?? 0) + 1)
    for (const note of settings.notes) {
      this.#notes.set(note, (this.#notes.get(note) ?? new Set()).add(subject.namespace))
    }
    const skips = this.#withoutYoung(verdict.skips, subject)
    this.#skips.add(skips)
    for (const { ruleId } of [...skips, ...verdict.faults]) this.#coverage.markUnchecked(ruleId, owner)
    this.#exempted.add(verdict.exempted)
    const isChild = subject.groupKind === pod && (owner.kind !== subject.kind || owner.name !== subject.name)
    if (verdict.findings.length > 0) this.#findings.add(verdict.findings, subject.name, owner, isChild)
    for (const fault of verdict.faults) this.#addFault(fault, owner, settings)
  }

  verdicts(): SubjectVerdicts {
    return {
      checked: this.#checked,
      checkedBy: this.#checkedBy,
      findings: [...this.#findings.list()],
      skips: this.#skips.list(),
      exempted: this.#exempted.list(),
      faults: this.#faults,
      moreFaults: this.#moreFaults,
      notes: this.#notes
    }
  }

  #addFault({ ruleId, error }: Fault, object: ObjectName, settings: Settings): void {
    const message = shapeErrorOf(error)?.message ?? `the rule failed: ${(error as Error).message}`
    const mode = settings.modes.get(ruleId) ?? 'off'
    if (this.#faults.length >= mostFaults) this.#moreFaults++
    else this.#faults.push({ ruleId, mode, message, object })
  }

  /** Leaves out the skips of a pod that is too young to have been measured: nothing is missing there. */
  #withoutYoung(skips: readonly Skip[], subject: Subject): readonly Skip[] {
    if (skips.length === 0 || subject.groupKind !== pod) return skips
    const { reading } = stateOf(this.#nodes, nodeNameOf(subject))
    return isYoung(subject.object, reading) ? skips.filter(({ ruleId }) => !this.#readingRules.has(ruleId)) : skips
  }

  #factsOf(subject: Subject, ofFelix: FelixFacts): Partial<AllFacts> {
    // The pods of a template that is in no namespace come to be in any.
    const limitRanges = subject.namespace === '' ? undefined : this.#facts.limitRanges(subject.namespace)
    const { serverVersion } = this.#deps
    const known: Partial<AllFacts> = {
      ...(limitRanges === undefined ? undefined : { limitRanges }),
      ...(serverVersion === undefined ? undefined : { serverVersion })
    }
    switch (subject.groupKind) {
      case pod:
        return { ...known, node: stateOf(this.#nodes, nodeNameOf(subject)) }
      case node:
        return { ...known, ...ofFelix, node: stateOf(this.#nodes, subject.name) }
      default: {
        const { felixConfigurations } = this.#facts
        return {
          ...known,
          ...(felixConfigurations === undefined ? undefined : { felixConfigurations }),
          ...ofFelix
        }
      }
    }
  }
}

function nodeNameOf(subject: Subject): string | undefined {
  const name: unknown = isPodSubject(subject) ? subject.podSpec.nodeName : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}
