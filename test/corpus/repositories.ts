// Runs the built program over checkouts of public repositories, and checks what it says against a reader and a reckoning of
// the QoS class that share no code with it, by git apply, and by kubectl where PIDGUARD_KUBECTL names one. Usage:
// node test/corpus/repositories.ts FOLDER … Prints one line for each folder, then what does not hold. A checkout is copied and
// never changed.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, sep } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { knownTemplatePlaces } from '../../src/kubernetes/pods/template-places.ts'

interface Named {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

interface Report {
  readonly counts: Readonly<Record<'files' | 'objects' | 'checked' | 'podRulesOff' | 'otherKinds' | 'changed', number>>
  readonly findings: readonly { readonly ruleId: string; readonly file: string; readonly object: Named }[]
  readonly problems: readonly { readonly file: string; readonly line: number; readonly message: string }[]
  readonly faults: readonly unknown[]
  readonly notes: readonly string[]
}

const program = join(import.meta.dirname, '../../dist/main.js')
const work = mkdtempSync(join(tmpdir(), 'pidguard-repositories-'))
const policy = join(work, 'policy.yaml')
const failures: string[] = []

// System namespaces too, so that every pod is reckoned.
writeFileSync(policy, 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec:\n  systemNamespaces: []\n')

function pidguard(folder: string, ...args: string[]): { status: number | null; stdout: string } {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args, '--policy', policy], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1024 * 1024 * 1024
  })
  if (error !== undefined) throw error
  if (status === null || status > 2 || /^ {4}at /m.test(stderr))
    failures.push(`${folder}: ${args[0]} ended with ${status}: ${stderr.slice(0, 500)}`)
  return { status, stdout }
}

/** Where kinds of Kubernetes keep their pod spec. */
const podSpecAt: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  Deployment: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec']
}
const groups = /^(v1|(apps|batch|extensions)\/v[a-z0-9]+)$/

type Tree = Readonly<Record<string, unknown>>

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Tree | undefined | null)?.[key], value)
}

function isSet(resources: unknown): boolean {
  return ['requests', 'limits'].some((field) =>
    ['cpu', 'memory'].some((name) => Number.parseFloat(String(at(resources, [field, name]) ?? 0)) > 0)
  )
}

/** The class as the documentation of Kubernetes has it: nothing of cpu and memory above zero, on no container nor the pod. */
function isBestEffort(spec: unknown): boolean {
  const containers = ['containers', 'initContainers'].flatMap((list) => (at(spec, [list]) ?? []) as unknown[])
  return !isSet(at(spec, ['resources'])) && !containers.some((container) => isSet(at(container, ['resources'])))
}

function manifestsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.split(sep).some((part) => part === 'node_modules' || part.startsWith('.')))
}

function objectsOf(text: string): unknown[] {
  try {
    return parseAllDocuments(text, { merge: true, logLevel: 'silent', uniqueKeys: false }).flatMap((document) => {
      if (document.errors.length > 0) return []
      const value: unknown = document.toJS({ maxAliasCount: 1_000 })
      return Array.isArray(at(value, ['items'])) ? (at(value, ['items']) as unknown[]) : [value]
    })
  } catch {
    return []
  }
}

/** `file kind name` of each BestEffort workload in a file. */
function bestEffortIn(folder: string, file: string): string[] {
  return objectsOf(readFileSync(join(folder, file), 'utf8')).flatMap((object) => {
    const kind = String(at(object, ['kind']))
    const path = Object.hasOwn(podSpecAt, kind) ? podSpecAt[kind] : undefined
    if (path === undefined || !groups.test(String(at(object, ['apiVersion'])))) return []
    const spec = at(object, path)
    const containers = at(spec, ['containers'])
    if (!Array.isArray(containers) || containers.length === 0 || !isBestEffort(spec)) return []
    // The template of its owner is what is checked.
    const owners = (at(object, ['metadata', 'ownerReferences']) ?? []) as unknown[]
    if (kind !== 'Pod' && owners.some((owner) => at(owner, ['controller']) === true)) return []
    const [name, prefix] = ['name', 'generateName'].map((field) => at(object, ['metadata', field]))
    return [`${file} ${kind} ${name ?? (prefix === undefined ? '' : `${prefix}*`)}`]
  })
}

/** Kinds of Kubernetes that make pods, in a group that serves them. */
function workloadsIn(folder: string, file: string): unknown[] {
  return objectsOf(readFileSync(join(folder, file), 'utf8')).filter(
    (object) =>
      Object.hasOwn(podSpecAt, String(at(object, ['kind']))) && groups.test(String(at(object, ['apiVersion'])))
  )
}

/** Whether a list of containers, each with an image, is anywhere in a value. */
function holdsContainers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(
    ([key, inner]) =>
      (key === 'containers' && Array.isArray(inner) && inner.some((each) => typeof at(each, ['image']) === 'string')) ||
      holdsContainers(inner)
  )
}

/** Kinds of other groups that hold containers, of which pidguard says nothing: neither a finding nor that it has not looked. */
function notNamed(
  folder: string,
  files: readonly string[],
  broken: ReadonlySet<string>,
  notes: readonly string[]
): string[] {
  const left = new Set<string>()
  for (const file of files.filter((each) => !broken.has(each) && !isSource(folder, each))) {
    for (const object of objectsOf(readFileSync(join(folder, file), 'utf8'))) {
      const [kind, version] = [String(at(object, ['kind'])), String(at(object, ['apiVersion']))]
      const group = version.split('/')[0] as string
      // Its own table is what it looks at; the name of the kind alone says that of a policy or a definition.
      if (!version.includes('/') || checkedKinds.has(`${group}/${kind}`) || groups.test(version)) continue
      if (/Polic|CustomResourceDefinition|Template$|Assign|Modify/.test(kind) || !holdsContainers(object)) continue
      if (!notes.some((note) => note.startsWith('not checked') && note.includes(` ${kind} `)))
        left.add(`${version} ${kind} ${file}`)
    }
  }
  return [...left]
}

/** Kinds outside of Kubernetes whose pods pidguard checks. */
const checkedKinds: ReadonlySet<string> = new Set([...knownTemplatePlaces.keys()].map((groupKind) => String(groupKind)))

/** A document that pidguard cannot read is one that kubectl cannot read either. */
function kubectlRefuses(folder: string, problems: Report['problems']): void {
  const kubectl = process.env.PIDGUARD_KUBECTL
  if (kubectl === undefined) return
  // What the API server refuses, kubectl does not see; a key that is there twice and a comma too many are reported all the same.
  const others =
    /^\/|^no API server|^expected a Kubernetes object|is there twice|comma before a closing bracket|more mistakes/
  const files = new Set(problems.filter(({ message }) => !others.test(message)).map(({ file }) => file))
  for (const file of files) {
    const { status } = spawnSync(kubectl, ['label', '--local', '-f', file, 'a=b', '-o', 'name'], { cwd: folder })
    if (status === 0) failures.push(`${folder}: kubectl takes ${file}`)
  }
}

/** Why pidguard says nothing of a file: a template of Helm, or a part of a kustomization; undefined: it should. */
function isSource(folder: string, file: string): boolean {
  for (let path = dirname(file); path !== '.'; path = dirname(path)) {
    if (basename(path) === 'templates' && existsSync(join(folder, dirname(path), 'Chart.yaml'))) return true
  }
  for (let path = dirname(file); ; path = dirname(path)) {
    for (const name of ['kustomization.yaml', 'kustomization.yml', 'Kustomization']) {
      const text = existsSync(join(folder, path, name)) ? readFileSync(join(folder, path, name), 'utf8') : ''
      if (text.includes(basename(file))) return true
    }
    if (path === '.') return false
  }
}

function check(checkout: string): void {
  const folder = join(work, basename(dirname(checkout)) + basename(checkout))
  cpSync(checkout, folder, { recursive: true, filter: (path) => basename(path) !== '.git' })
  const { stdout } = pidguard(folder, 'validate', '-o', 'json', '.')
  const { counts, findings, problems, faults, notes } = JSON.parse(stdout) as Report
  if (faults.length > 0) failures.push(`${checkout}: ${faults.length} faults`)
  if (counts.objects !== counts.checked + counts.podRulesOff + counts.otherKinds) failures.push(`${checkout}: counts`)
  const broken = new Set(problems.map(({ file }) => file))
  const found = new Set(
    findings
      .filter(({ ruleId }) => ruleId === 'best-effort')
      .map(({ file, object }) => `${file} ${object.kind} ${object.name}`)
  )
  const files = manifestsIn(folder)
  const wanted = new Set(files.flatMap((file) => bestEffortIn(folder, file)))
  const fileOf = (each: string): string => each.split(' ')[0] as string
  // Defaults of LimitRanges may fill in requests; how is a matter of pidguard's own tests.
  const mayBeFilled = files.some((file) => /kind: LimitRange/.test(readFileSync(join(folder, file), 'utf8')))
  const missed = [...wanted].filter(
    (each) => !found.has(each) && !broken.has(fileOf(each)) && !isSource(folder, fileOf(each))
  )
  const known = new Set(Object.keys(podSpecAt))
  const alarms = [...found].filter((each) => !wanted.has(each) && known.has(each.split(' ')[1] as string))
  for (const each of mayBeFilled ? [] : missed) failures.push(`${checkout}: BestEffort, and not found: ${each}`)
  for (const each of alarms) failures.push(`${checkout}: found, and not BestEffort: ${each}`)
  for (const each of notNamed(folder, files, broken, notes))
    failures.push(`${checkout}: not checked, not named: ${each}`)
  const { objects, checked, podRulesOff } = counts
  const workloads = files
    .filter((file) => !broken.has(file) && !isSource(folder, file))
    .flatMap((file) => workloadsIn(folder, file))
  if (workloads.length > checked + podRulesOff)
    failures.push(
      `${checkout}: ${workloads.length} workloads, ${checked + podRulesOff} of ${objects} objects were looked at`
    )
  kubectlRefuses(folder, problems)
  const changed = roundTrip(folder, files)
  console.log(
    `${checkout}: ${counts.files} files, ${counts.objects} objects, ${counts.checked} checked, ${wanted.size} BestEffort here, ${found.size} there, ${problems.length} problems, ${changed} files changed by mutate, ${notes.filter((note) => note.startsWith('not checked')).length} kinds named`
  )
}

/** Writes the changes, and counts the files that are not as they were: exactly those that the diff named. */
function roundTrip(folder: string, files: readonly string[]): number {
  const before = new Map(files.map((file) => [file, readFileSync(join(folder, file))]))
  const { stdout } = pidguard(folder, 'mutate', '--diff', '.')
  const announced = new Set([...stdout.matchAll(/^\+\+\+ (?:b\/)?(\S+)/gm)].map(([, file]) => String(file)))
  pidguard(folder, 'mutate', '--write', '.')
  const changed = files.filter((file) => !readFileSync(join(folder, file)).equals(before.get(file) as Buffer))
  for (const file of changed)
    if (!announced.has(file)) failures.push(`${folder}: ${file} was changed and not announced`)
  for (const file of announced)
    if (!changed.includes(file)) failures.push(`${folder}: ${file} was announced and not changed`)
  writeFileSync(join(work, 'announced.diff'), stdout)
  const scratch = mkdtempSync(join(work, 'announced-'))
  for (const file of changed) {
    mkdirSync(dirname(join(scratch, file)), { recursive: true })
    writeFileSync(join(scratch, file), before.get(file) as Buffer)
  }
  // Byte by byte: what the diff says, put into the files as they were, is what is in the files now.
  if (changed.length > 0) {
    const applied = spawnSync('git', ['apply', '--whitespace=nowarn', join(work, 'announced.diff')], {
      cwd: scratch,
      env: outsideOfGit
    })
    if (applied.status !== 0)
      failures.push(`${folder}: git does not apply the diff: ${String(applied.stderr).slice(0, 300)}`)
    for (const file of changed)
      if (!readFileSync(join(scratch, file)).equals(readFileSync(join(folder, file))))
        failures.push(`${folder}: ${file} is not what the diff said`)
  }
  for (const file of changed) onlyAdds(folder, file, String(before.get(file)), readFileSync(join(folder, file), 'utf8'))
  if (/^\+\+\+ /m.test(pidguard(folder, 'mutate', '--diff', '.').stdout))
    failures.push(`${folder}: a second run changes more`)
  return changed.length
}

/** git apply looks for a repository above, and takes paths from its root where it finds one. */
const outsideOfGit = { ...process.env, GIT_CEILING_DIRECTORIES: work }

/** Every line that was there is there still, in its order, but for those that got something at their end. */
function onlyAdds(folder: string, file: string, before: string, after: string): void {
  const lines = after.split('\n')
  let next = 0
  for (const line of before.split('\n')) {
    // calico-update-strategy changes a value, and takes what belonged to it away.
    if (/^\s*(type: RollingUpdate|rollingUpdate:|maxUnavailable:|maxSurge:)/.test(line)) continue
    const start = line.replace(/[\s{}[\]]*(#.*)?$/, '')
    const found = lines.findIndex((each, i) => i >= next && each.startsWith(start))
    if (found < 0) {
      failures.push(`${folder}: ${file} lost the line ${JSON.stringify(line.slice(0, 80))}`)
      return
    }
    next = found + 1
  }
}

try {
  for (const checkout of process.argv.slice(2)) check(checkout)
} finally {
  rmSync(work, { recursive: true, force: true })
}
for (const failure of failures.slice(0, 200)) console.error(failure)
console.log(`${failures.length} things do not hold`)
process.exitCode = failures.length > 0 ? 1 : 0
