import { InputFacts, type KnownCluster, ofFelix } from '../engine/input-facts.ts'
import type { RuleIndex } from '../engine/rule-index.ts'
import type { InputFile, Inputs } from '../input/inputs.ts'
import { type InputObject, readObjects, wholeFile } from '../input/read-objects.ts'
import { remembered } from '../input/remembered-inputs.ts'
import { isAboutFelix } from '../kubernetes/calico/felix.ts'
import type { ObjectProblem } from '../kubernetes/pods/object-problems.ts'
import { remarkOnKind } from '../kubernetes/pods/unchecked-kinds.ts'
import { type MinorVersion, newestMinor } from '../kubernetes/server-version.ts'
import { eachInTurn, type NowOrLater, whenThere } from '../lib/async/now-or-later.ts'
import type { PatchOperation } from '../lib/json/patch.ts'
import { namedPointer } from '../lib/json/pointer.ts'
import { shapeErrorOf } from '../lib/json/shape.ts'
import { objectNameOf } from '../report/object-name.ts'
import {
  type FailOn,
  fails,
  type ObjectName,
  type Place,
  placeText,
  plural,
  type Report
} from '../report/validate-report.ts'
import type { Baseline } from './baseline.ts'
import { Findings } from './collect-findings.ts'
import { type FilePolicy, ObjectJudge, type ObjectVerdict } from './object-judge.ts'
import { documentOf, type KnownDocuments, readFacts } from './read-input-facts.ts'

export interface ValidateOptions {
  /** Namespace of objects that name none. */
  readonly namespace: string
  readonly failOn: FailOn
  /** Labels of namespaces that are not among the inputs. */
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Of the API server that the objects are for; the newest where it is left out. */
  readonly kubernetesVersion?: MinorVersion | undefined
  /** Whether inputs without any object are fine, as for a hook that hands over what has changed. */
  readonly mayBeEmpty?: boolean
}

export interface ValidateDeps {
  readonly version: string
  readonly rules: RuleIndex
  readonly policy: FilePolicy
  readonly inputs: Inputs
  readonly baseline: Baseline | undefined
  /** The cluster the inputs are for; undefined: nothing is known of it. */
  readonly cluster?: KnownCluster | undefined
  /** Called after each object, for what this machine should do in a long run. */
  readonly judged?: () => void
  /** What the person should know of this run besides. */
  readonly notes?: readonly string[]
}

/** Checks every object of the inputs as the webhook would. A mistake never ends the run: the rest is still checked. */
export async function validate(
  paths: readonly string[],
  options: ValidateOptions,
  deps: ValidateDeps
): Promise<Report> {
  const { files, problems, notes } = deps.inputs.find(paths)
  const facts = new InputFacts(
    options.namespace,
    options.namespaceLabels,
    deps.cluster,
    options.kubernetesVersion ?? newestMinor
  )
  const inputs = remembered(deps.inputs)
  const known = await readFacts(files, inputs, facts)
  // A fact that is written in no common way is found on the way. Objects may stand before it: then all is read once more.
  const run =
    (await new Pass({ ...deps, inputs }, options, facts, known).over(files)) ??
    (await new Pass({ ...deps, inputs }, options, facts, undefined).over(files))
  const findings = run as Findings
  for (const { path, message } of problems) findings.problem({ message, place: wholeFile(path) })
  for (const note of [...notes, ...(deps.notes ?? []), ...(deps.policy.notes ?? [])]) findings.note(note)
  const { failOn, mayBeEmpty = false } = options
  return findings.report({
    version: deps.version,
    rules: deps.rules.all,
    failOn,
    files: files.length,
    facts,
    mayBeEmpty
  })
}

/** One reading of all inputs. */
class Pass {
  readonly #deps: ValidateDeps
  readonly #options: ValidateOptions
  readonly #facts: InputFacts
  /** Documents whose facts are known; undefined: those of all are. */
  readonly #known: KnownDocuments | undefined
  readonly #judge: ObjectJudge
  readonly #findings: Findings
  readonly #judgedNamespaces = new Set<string>()
  #isOutdated = false

  constructor(deps: ValidateDeps, options: ValidateOptions, facts: InputFacts, known: KnownDocuments | undefined) {
    this.#deps = deps
    this.#options = options
    this.#facts = facts
    this.#known = known
    this.#judge = new ObjectJudge(deps.rules, deps.policy, options.namespace)
    this.#findings = new Findings(deps.baseline)
  }

  /** What was found; undefined when a Namespace, a LimitRange or the like came after objects that it is for. */
  async over(files: readonly InputFile[]): Promise<Findings | undefined> {
    const without: string[] = []
    const unreadable: string[] = []
    for (const file of files) {
      let holdsAny = false
      await readObjects(file, this.#deps.inputs, {
        object: (object) => {
          holdsAny = true
          this.#deps.judged?.()
          return this.#take(object)
        },
        problem: (problem) => {
          holdsAny = true
          this.#findings.problem(problem)
        },
        unreadable: ({ message, place }) => unreadable.push(`${placeText(place)}: ${message}`)
      })
      if (!holdsAny) without.push(file.path)
    }
    if (this.#isOutdated) return undefined
    if (without.length > 0 && without.length < files.length) {
      const held = plural(without.length, 'file holds', 'files hold')
      this.#findings.note(`${held} no Kubernetes object, the first ${without[0]}`)
    }
    if (unreadable.length > 0) {
      const documents = plural(
        unreadable.length,
        'document cannot be read and names',
        'documents cannot be read and name'
      )
      this.#findings.note(`${documents} no apiVersion and kind, so none is an object; the first is ${unreadable[0]}`)
    }
    return this.#findings
  }

  #take(input: InputObject): NowOrLater<void> {
    const { object } = input
    this.#findings.countObject()
    if (this.#known !== undefined && !this.#known.has(documentOf(input))) {
      const namespace = this.#facts.add(object)
      if (namespace !== undefined && this.#judgedNamespaces.has(namespace)) this.#isOutdated = true
    }
    if (this.#isOutdated) return
    const apiVersion = this.#judge.versionOf(object)
    const remark = remarkOnKind(object, apiVersion !== undefined)
    if (remark !== undefined && 'mistake' in remark) {
      return this.#refuseAll(input, [{ message: remark.mistake, pointer: '/kind' }])
    }
    if (remark !== undefined) this.#findings.unchecked.add(remark)
    if (apiVersion === undefined) return this.#refuseAll(input, this.#judge.refusalsOf(object))
    if (apiVersion !== object['apiVersion']) this.#findings.old(String(object['apiVersion']), apiVersion)
    return this.#check(input, apiVersion)
  }

  #refuseAll({ object, placeOf }: InputObject, problems: readonly ObjectProblem[]): NowOrLater<void> {
    if (problems.length === 0) return
    const name = objectNameOf(object, this.#options.namespace)
    return eachInTurn(problems.values(), ({ message, pointer }) =>
      whenThere(placeOf(pointer), (place) => this.#findings.problem({ message, object: name, place }))
    )
  }

  #check(input: InputObject, apiVersion: string): NowOrLater<void> {
    const { object } = input
    const name = objectNameOf(object, this.#options.namespace)
    const verdict = this.#judge.judge(object, apiVersion, this.#facts)
    if ('problems' in verdict) return this.#refuseAll(input, verdict.problems)
    this.#findings.seen(name, input.file)
    this.#judgedNamespaces.add(verdict.subject.namespace)
    if (isAboutFelix(verdict.subject)) this.#judgedNamespaces.add(ofFelix)
    return this.#note(verdict, input, name)
  }

  #note(
    { subject, settings, judged, findings, operations, passedOver }: ObjectVerdict,
    { placeOf }: InputObject,
    object: ObjectName
  ): NowOrLater<void> {
    this.#findings.checked(subject, settings, judged.verdict, passedOver)
    const placed: Placed[] = findings.map((finding) => {
      const field = namedPointer(subject.object, finding.pointer)
      return { pointer: finding.pointer, take: (place) => this.#findings.add(finding, field, object, place) }
    })
    for (const { ruleId, error } of judged.verdict.faults) {
      const found = shapeErrorOf(error)
      const message = found?.message ?? `the rule failed: ${(error as Error).message}`
      const mode = settings.modes.get(ruleId) ?? 'off'
      const take = (place: Place): void => this.#findings.fault({ ruleId, mode, message, object, place })
      placed.push({ pointer: found?.pointer ?? '', take })
    }
    const [first] = operations
    if (first !== undefined) this.#findings.countChange()
    // Each Pod is changed in some way; they are only kept where they are asked for.
    if (first !== undefined && fails(this.#options.failOn, 'change')) {
      const [ruleIds, lines] = [judged.fixedBy, operations.map(lineOf)]
      placed.push({ pointer: first.path, take: (place) => this.#findings.change({ ruleIds, object, place, lines }) })
    }
    return placed.length === 0
      ? undefined
      : eachInTurn(placed.values(), ({ pointer, take }) => whenThere(placeOf(pointer), take))
  }
}

/** What is to be said of a field, once its place is found. */
interface Placed {
  readonly pointer: string
  take(place: Place): void
}

/** One line for a change, long values cut. */
function lineOf(operation: PatchOperation): string {
  if (operation.op === 'remove') return `remove ${operation.path}`
  const value = JSON.stringify(operation.value)
  return `${operation.op} ${operation.path} ${value.length <= 120 ? value : `${value.slice(0, 119)}…`}`
}
