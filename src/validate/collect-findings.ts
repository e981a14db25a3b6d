import type { DecidedFinding } from '../engine/decide.ts'
import type { InputFacts } from '../engine/input-facts.ts'
import type { Rule } from '../engine/rule.ts'
import { UncheckedKinds } from '../kubernetes/pods/unchecked-kinds.ts'
import type { Subject } from '../kubernetes/subject.ts'
import type { Verdict } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'
import { ReasonCounts } from '../report/count-by-reason.ts'
import {
  countingFindings,
  type FailOn,
  fails,
  type ObjectName,
  type Place,
  type Problem,
  plural,
  type Report,
  type ReportChange,
  type ReportFault,
  type ReportFinding
} from '../report/validate-report.ts'
import type { Baseline } from './baseline.ts'
import { Repeats } from './repeats.ts'

/** Collects what one run finds. Its memory grows with the findings, not with the inputs. */
export class Findings {
  readonly #baseline: Baseline | undefined
  readonly #findings: ReportFinding[] = []
  readonly #changes: ReportChange[] = []
  readonly #problems: Problem[] = []
  readonly #faults: ReportFault[] = []
  readonly #skips = new ReasonCounts()
  readonly #exempted = new ReasonCounts()
  readonly #notes = new Map<string, number>()
  readonly #passedOver = new Map<string, number>()
  /** Objects that make pods and hold no template that is known. */
  readonly unchecked = new UncheckedKinds()
  readonly #counts = { objects: 0, checked: 0, podRulesOff: 0, changed: 0 }
  readonly #repeats = new Repeats()

  constructor(baseline: Baseline | undefined) {
    this.#baseline = baseline
  }

  countObject(): void {
    this.#counts.objects++
  }

  countChange(): void {
    this.#counts.changed++
  }

  /** An object that rules were asked about; `passedOver`: why none for pods was. */
  checked({ namespace }: Subject, { notes }: Settings, { skips, exempted }: Verdict, passedOver?: string): void {
    if (passedOver === undefined) this.#counts.checked++
    else {
      this.#counts.podRulesOff++
      this.#passedOver.set(passedOver, (this.#passedOver.get(passedOver) ?? 0) + 1)
    }
    this.#skips.add(skips)
    this.#exempted.add(exempted)
    for (const note of notes) this.note(`namespace ${namespace}: ${note}`)
  }

  /** Notes an object of a version that no current API server accepts. */
  old(apiVersion: string, judgedAs: string): void {
    this.note(`apiVersion ${apiVersion} is no longer served by current API servers; checked as ${judgedAs}`)
  }

  /** `field`: the pointer with names for the numbers of list entries. */
  add(finding: DecidedFinding, field: string, object: ObjectName, place: Place): void {
    const { ruleId, action, reason, detail, remedy, pointer } = finding
    const accepted = this.#baseline?.accepts(ruleId, object)
    const found: ReportFinding =
      field === pointer
        ? { ruleId, action, reason, detail, remedy, pointer, object, place }
        : { ruleId, action, reason, detail, remedy, pointer, field, object, place }
    this.#findings.push(accepted === undefined ? found : { ...found, accepted })
  }

  change(change: ReportChange): void {
    this.#changes.push(change)
  }

  problem(problem: Problem): void {
    this.#problems.push(problem)
  }

  fault(fault: ReportFault): void {
    this.#faults.push(fault)
  }

  /** An object that makes pods, so that one that is there twice is noted. */
  seen(name: ObjectName, file: string): void {
    this.#repeats.add(name, file)
  }

  note(text: string): void {
    this.#notes.set(text, (this.#notes.get(text) ?? 0) + 1)
  }

  report(run: Run): Report {
    const { version, rules, failOn, files, facts } = run
    const { objects, checked, podRulesOff, changed } = this.#counts
    if (objects === 0 && this.#problems.length === 0) this.#sayNothingIsThere(run)
    const found = { findings: this.#findings, changes: this.#changes, problems: this.#problems, faults: this.#faults }
    return {
      version,
      rules: rules.map(({ id, title, why, remedy }) => ({ id, title, why, remedy })),
      ...found,
      skips: this.#skips.list(),
      exempted: this.#exempted.list(),
      notes: this.#allNotes(checked, facts),
      unchecked: this.#unchecked(),
      counts: { files, objects, checked, podRulesOff, otherKinds: objects - checked - podRulesOff, changed },
      failOn,
      exitCode: exitCodeOf(found, failOn)
    }
  }

  /** A run that checks nothing must not be green, except for a hook that hands over all files that changed. */
  #sayNothingIsThere({ files, mayBeEmpty }: Run): void {
    const where = files === 0 ? 'the inputs: no file ends in .yaml, .yml or .json' : plural(files, 'file')
    const message = `no Kubernetes object in ${where}`
    if (mayBeEmpty) this.note(message)
    else this.#problems.push({ message, place: { file: 'inputs', line: 0, column: 0, length: 0, excerpt: '' } })
  }

  #unchecked(): string[] {
    return [
      ...[...this.#passedOver].map(([reason, count]) => `not checked: ${plural(count, 'object')}: ${reason}`),
      ...this.unchecked.notes()
    ]
  }

  #allNotes(checked: number, facts: InputFacts): string[] {
    const notes = [...this.#notes].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`))
    if (checked > 0 && !facts.knowsLimitRanges) {
      notes.push('no LimitRange among the inputs, so the namespaces are taken to have none that fills in requests')
    }
    return [...notes, ...this.#repeats.notes(), ...this.#unchecked(), ...(this.#baseline?.notes() ?? [])]
  }
}

/** What a report says of the run itself. */
interface Run {
  readonly version: string
  readonly rules: readonly Rule[]
  readonly failOn: FailOn
  readonly files: number
  readonly facts: InputFacts
  /** Inputs without any object are fine. */
  readonly mayBeEmpty: boolean
}

type Found = Pick<Report, 'findings' | 'changes' | 'problems' | 'faults'>

/** 2 before 1: what could not be read may hide more than what was found. */
function exitCodeOf(found: Found, failOn: FailOn): number {
  if (found.problems.length > 0) return 2
  if (found.faults.some(({ mode }) => mode === 'enforce')) return failOn === 'never' ? 0 : 1
  if (countingFindings(found).some(({ action }) => fails(failOn, action))) return 1
  return found.changes.length > 0 ? 1 : 0
}
