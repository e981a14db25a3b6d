// Runs the built program over checkouts of public repositories, and checks what it says against a reader and a reckoning of
// the QoS class that share no code with it. Usage: node test/corpus/repositories.ts FOLDER … Prints one line for each folder,
// then what does not hold. A checkout is copied and never changed.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, sep } from 'node:path'
import { parseAllDocuments } from 'yaml'

interface Named {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

interface Report {
  readonly counts: Readonly<Record<'files' | 'objects' | 'checked' | 'podRulesOff' | 'otherKinds' | 'changed', number>>
  readonly findings: readonly { readonly ruleId: string; readonly file: string; readonly object: Named }[]
  readonly problems: readonly { readonly file: string; readonly message: string }[]
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
  for (const file of changed) onlyAdds(folder, file, String(before.get(file)), readFileSync(join(folder, file), 'utf8'))
  if (/^\+\+\+ /m.test(pidguard(folder, 'mutate', '--diff', '.').stdout))
    failures.push(`${folder}: a second run changes more`)
  return changed.length
}

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
