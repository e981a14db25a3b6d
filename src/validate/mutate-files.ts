import { InputFacts } from '../engine/input-facts.ts'
import type { RuleIndex } from '../engine/rule-index.ts'
import { AppError } from '../errors.ts'
import type { InputFile, Inputs } from '../input/inputs.ts'
import { isObject, wholeFile, whyNone } from '../input/read-objects.ts'
import { remarkOnKind } from '../kubernetes/pods/unchecked-kinds.ts'
import { type MinorVersion, newestMinor } from '../kubernetes/server-version.ts'
import type { PatchOperation } from '../lib/json/patch.ts'
import { objectNameOf } from '../report/object-name.ts'
import { shown } from '../report/text.ts'
import { renderDiff } from '../report/unified-diff.ts'
import { type ObjectName, type Problem, placeText, plural } from '../report/validate-report.ts'
import { Locator, spotAt } from '../yaml/locator.ts'
import { objectsOf, readDocument } from '../yaml/read-document.ts'
import { DocumentSplitter, type DocumentText, splitJson } from '../yaml/split-stream.ts'
import { type FilePolicy, ObjectJudge } from './object-judge.ts'
import { readFacts } from './read-input-facts.ts'

export interface MutateOptions {
  readonly namespace: string
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Of the API server that the objects are for; the newest where it is left out. */
  readonly kubernetesVersion?: MinorVersion | undefined
  /** The changed text, what changed in it, the JSON Patches, or nothing but the files themselves. */
  readonly show: 'text' | 'diff' | 'patch' | 'write'
  /** Says nothing but what could not be read or changed. */
  readonly quiet?: boolean | undefined
}

export interface MutateDeps {
  readonly rules: RuleIndex
  readonly policy: FilePolicy
  readonly inputs: Inputs
  print(text: string): void
  /** Writes a line to standard error. */
  say(line: string): void
  write(file: string, text: string): void
}

interface ObjectPatch {
  readonly file: string
  readonly line: number
  readonly object: ObjectName
  readonly rules: readonly string[]
  readonly patch: readonly PatchOperation[]
}

/** Prints, or writes, what the webhook would store. Exit code 0, or 2 when something could not be read or written. */
export async function mutateFiles(paths: readonly string[], options: MutateOptions, deps: MutateDeps): Promise<number> {
  const { files, problems, notes } = deps.inputs.find(paths)
  if (options.show === 'write') refuseStreams(files)
  const said: Problem[] = problems.map(({ path, message }) => ({ message, place: wholeFile(path) }))
  const facts = await factsOf(files, options, deps)
  const judge = new ObjectJudge(deps.rules, deps.policy, options.namespace)
  const patches: ObjectPatch[] = []
  const remarks: string[] = []
  let objects = 0
  let isFirst = true
  for (const file of files) {
    const before = textOf(file, deps.inputs, said)
    if (before === undefined) continue
    const change = new FileChange(file, judge, facts, options.namespace)
    const after = await change.apply(before)
    said.push(...change.problems)
    patches.push(...change.patches)
    objects += change.objects
    if (options.show === 'diff') deps.print(renderDiff(file.path, before, after))
    if (options.show === 'text') deps.print(asDocuments(after, isFirst, files.length > 1))
    if (options.show === 'write' && after !== before) {
      deps.write(file.path, after)
      remarks.push(`${file.path}: ${change.patches.length} changed`)
    }
    isFirst = false
  }
  if (options.show === 'patch') deps.print(`${JSON.stringify(patches, null, 2)}\n`)
  for (const { message, place } of said) deps.say(shown(`${placeText(place)}: ${message}`))
  if (patches.length + said.length === 0) remarks.push(nothingToChange(objects, files.length))
  if (!options.quiet) for (const line of [...remarks, ...notes.map((note) => `note: ${note}`)]) deps.say(shown(line))
  return said.length > 0 ? 2 : 0
}

function nothingToChange(objects: number, files: number): string {
  return objects === 0
    ? `nothing to change: no Kubernetes object in ${plural(files, 'file')}`
    : `nothing to change in ${plural(objects, 'object')}`
}

/** Throws ERR_USAGE where something would have to be written to where it came from, and cannot. */
function refuseStreams(files: readonly InputFile[]): void {
  const stream = files.find(({ isOnce }) => isOnce)
  if (stream === undefined) return
  const found = stream.path === '-' ? '- for standard input' : stream.path
  throw new AppError('ERR_USAGE', `--write: expected files, found ${found}`, {
    remedy: 'Leave --write out: what is printed can be given on.'
  })
}

/**
 * A file as part of what is printed. A stream that begins with JSON is read as JSON to its end (apimachinery decoder.go
 * YAMLOrJSONDecoder), so before other files it begins with a separator; and its values are documents of their own.
 */
function asDocuments(text: string, isFirst: boolean, isOneOfMany: boolean): string {
  const isJson = isOneOfMany && /^\s*\{/.test(text)
  const parts = isJson ? [...splitJson(text)].map(({ start, end }) => text.slice(start, end)) : []
  const documents = parts.length > 1 ? parts.join('\n---\n') : text
  return (isFirst && !isJson) || text.startsWith('---') ? ended(documents) : `---\n${ended(documents)}`
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

/** The Namespaces and LimitRanges of all files. */
async function factsOf(files: readonly InputFile[], options: MutateOptions, deps: MutateDeps): Promise<InputFacts> {
  const facts = new InputFacts(
    options.namespace,
    options.namespaceLabels,
    undefined,
    options.kubernetesVersion ?? newestMinor
  )
  await readFacts(files, deps.inputs, facts)
  return facts
}

function textOf(file: InputFile, inputs: Inputs, problems: Problem[]): string | undefined {
  try {
    return [...inputs.chunks(file)].join('')
  } catch (error) {
    problems.push({ message: (error as Error).message, place: wholeFile(file.path) })
    return undefined
  }
}

/** The changes to one file. */
class FileChange {
  readonly problems: Problem[] = []
  readonly patches: ObjectPatch[] = []
  /** How many there are, of any kind. */
  objects = 0
  readonly #file: InputFile
  readonly #judge: ObjectJudge
  readonly #facts: InputFacts
  readonly #namespace: string

  constructor(file: InputFile, judge: ObjectJudge, facts: InputFacts, namespace: string) {
    this.#file = file
    this.#judge = judge
    this.#facts = facts
    this.#namespace = namespace
  }

  /** The text with every change made; the text between documents stays as it is. */
  async apply(text: string): Promise<string> {
    const splitter = new DocumentSplitter()
    const documents = [...splitter.push(text), ...splitter.end()]
    let after = ''
    let at = 0
    for (const document of documents) {
      const start = documents.length === 1 ? 0 : startOf(text, document, at)
      after += text.slice(at, start) + (await this.#document(document))
      at = start + document.text.length
    }
    return after + text.slice(at)
  }

  async #document(document: DocumentText): Promise<string> {
    const { values, mistakes } = await readDocument(document)
    for (const { message, at } of mistakes) this.#problem(message, document, at)
    let edited = ''
    let end = 0
    for (const value of values) {
      const operations: PatchOperation[] = []
      const locator = new Locator(document, value)
      for (const found of objectsOf(value.value)) {
        const why = whyNone(found, this.#file)
        if (why !== undefined) await this.#problemAt(why.message, found.at + why.pointer, locator)
        else if (!('object' in found) || !isObject(found.object)) continue
        else operations.push(...(await this.#object(found.object, found.at, locator)))
      }
      const written = document.text.slice(value.start, value.end)
      edited += document.text.slice(end, value.start) + (await this.#edit(written, value.isJson, operations, document))
      end = value.end
    }
    return edited + document.text.slice(end)
  }

  async #object(object: Record<string, unknown>, at: string, locator: Locator): Promise<readonly PatchOperation[]> {
    this.objects++
    const apiVersion = this.#judge.versionOf(object)
    const remark = remarkOnKind(object, apiVersion !== undefined)
    if (remark !== undefined && 'mistake' in remark) await this.#problemAt(remark.mistake, `${at}/kind`, locator)
    if (remark !== undefined && 'mistake' in remark) return []
    const verdict =
      apiVersion === undefined
        ? { problems: this.#judge.refusalsOf(object) }
        : this.#judge.judge(object, apiVersion, this.#facts)
    if ('problems' in verdict) {
      for (const { message, pointer } of verdict.problems) {
        await this.#problemAt(message, at + pointer, locator)
      }
      return []
    }
    const { operations, judged } = verdict
    if (operations.length === 0) return []
    const { line } = await locator.spotOf(at)
    const name = objectNameOf(object, this.#namespace)
    this.patches.push({ file: this.#file.path, line, object: name, rules: judged.fixedBy, patch: operations })
    return operations.map((operation) => ({ ...operation, path: at + operation.path }))
  }

  async #edit(
    text: string,
    isJson: boolean,
    operations: readonly PatchOperation[],
    document: DocumentText
  ): Promise<string> {
    if (operations.length === 0) return text
    let edited: string | undefined
    try {
      edited = isJson
        ? (await import('../yaml/edit/edit-json.ts')).editJson(text, operations)
        : (await import('../yaml/edit/edit-yaml.ts')).editYaml(text, operations)
    } catch (error) {
      // The stack is used up: thousands of levels, which no real manifest has.
      if (!(error instanceof RangeError)) throw error
    }
    if (edited !== undefined) return edited
    const why = text.includes('<<') ? ': a merge key (<<) stands in the way' : ''
    this.#problem(`cannot be changed in place${why}; mutate --patch shows what to change`, document, 0)
    return text
  }

  async #problemAt(message: string, pointer: string, locator: Locator): Promise<void> {
    const spot = await locator.spotOf(pointer)
    this.problems.push({ message, place: { file: this.#file.path, ...spot } })
  }

  #problem(message: string, document: DocumentText, at: number): void {
    this.problems.push({ message, place: { file: this.#file.path, ...spotAt(document, at) } })
  }
}

/** Where a document begins: at the start of its line. */
function startOf(text: string, document: DocumentText, from: number): number {
  if (document.line === 1) return 0
  const separator = text.indexOf('---', from)
  const end = text.indexOf('\n', separator)
  return end < 0 ? text.length : end + 1
}
