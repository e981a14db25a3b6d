// Which pods are BestEffort, by a count that shares no code with the rule: over the public manifests of the corpus, where it is
// there (PIDGUARD_CORPUS, or ../shared/corpus), and over edge cases that five other checkers do not agree on.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { validateTexts } from '../support/files.ts'

const corpus = resolve(process.env['PIDGUARD_CORPUS'] ?? join(import.meta.dirname, '../../../shared/corpus'))
const everywhere = '  systemNamespaces: []'

type Json = Readonly<Record<string, unknown>>

const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Json | null | undefined)?.[key], value)

/** Documented rule: some request or limit of cpu or memory above zero, of a container, an init container or the pod. */
function isSet(resources: unknown): boolean {
  return ['requests', 'limits'].some((field) =>
    ['cpu', 'memory'].some((name) => Number.parseFloat(String(at(resources, field, name) ?? 0)) > 0)
  )
}

function isBestEffort(spec: unknown): boolean {
  const containers = [at(spec, 'containers'), at(spec, 'initContainers')].flatMap((list) => (list ?? []) as unknown[])
  return !isSet(at(spec, 'resources')) && !containers.some((container) => isSet(at(container, 'resources')))
}

const kinds: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ...Object.fromEntries(
    ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'].map((kind) => [
      kind,
      ['spec', 'template', 'spec']
    ])
  )
}

interface Template {
  readonly name: string
  readonly isBestEffort: boolean
}

/** The pod templates of a text, those of Kubernetes' own kinds. */
function templatesOf(text: string): Template[] {
  const values = parseAllDocuments(text, { merge: true, logLevel: 'silent' }).map((each) => each.toJS() as unknown)
  const objects = values.flatMap((value) =>
    Array.isArray(at(value, 'items')) ? (at(value, 'items') as unknown[]) : [value]
  )
  return objects.flatMap((object) => {
    const [kind, group] = [String(at(object, 'kind')), String(at(object, 'apiVersion')).split('/')[0] ?? '']
    const path = Object.hasOwn(kinds, kind) && /^(v1|apps|batch|extensions)$/.test(group) ? kinds[kind] : undefined
    if (path === undefined) return []
    const spec = at(object, ...path)
    const name = String(at(object, 'metadata', 'name') ?? `${at(object, 'metadata', 'generateName')}*`)
    return spec === undefined ? [] : [{ name: `${kind} ${name}`, isBestEffort: isBestEffort(spec) }]
  })
}

function manifestsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .map((name) => join(folder, name))
    .sort()
}

const skip = !existsSync(join(corpus, 'workloads')) && `no manifests in ${corpus}; PIDGUARD_CORPUS names another folder`
t.test('every pod template of the corpus has the verdict of the count', { skip }, async (t) => {
  const files = ['workloads', 'calico'].flatMap((name) => manifestsIn(join(corpus, name)))
  let [templates, bestEffort] = [0, 0]
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    const found = templatesOf(text)
    templates += found.length
    const wanted = found.filter((each) => each.isBestEffort).map(({ name }) => name)
    bestEffort += wanted.length
    const report = await validateTexts({ 'a.yaml': text }, { policy: everywhere })
    const named = report.findings
      .filter(({ ruleId }) => ruleId === 'best-effort')
      .map(({ object }) => `${object.kind} ${object.name}`)
    t.strictSame(named.sort(), wanted.sort(), relative(corpus, file))
    t.strictSame([report.problems, report.faults], [[], []], relative(corpus, file))
    t.equal(report.counts.checked >= found.length, true, `${relative(corpus, file)}: nothing is passed over`)
  }
  t.ok(templates >= 140 && bestEffort >= 70, `${templates} templates, ${bestEffort} of them BestEffort`)
})

/** Fields of a container, or of a pod where they begin with `pod:`; what holds of the pod. */
const edges: readonly (readonly [fields: string, verdict: 'best-effort' | 'fine' | 'refused'])[] = [
  ['', 'best-effort'],
  ['resources: {}', 'best-effort'],
  ['resources: null', 'best-effort'],
  ['resources: {requests: null, limits: {}}', 'best-effort'],
  ['resources: {requests: {cpu: null}}', 'best-effort'],
  ['resources: {requests: {cpu: 100mi}}', 'refused'],
  ['resources: {requests: {cpu: -1}}', 'refused'],
  ['resources: {requests: {cpu: 0}}', 'best-effort'],
  ['resources: {requests: {cpu: "0", memory: 0Mi}}', 'best-effort'],
  ['resources: {limits: {cpu: 0m, memory: "0"}}', 'best-effort'],
  ['resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 1}}', 'best-effort'],
  ['resources: {requests: {ephemeral-storage: 1Gi}}', 'best-effort'],
  ['resources: {limits: {hugepages-2Mi: 2Mi}}', 'best-effort'],
  ['resources: {requests: {cpu: 1m}}', 'fine'],
  ['resources: {limits: {memory: 1Mi}}', 'fine'],
  ['resources: {requests: {cpu: 0, memory: 1}}', 'fine'],
  ['resources: {limits: {cpu: 0.5}}', 'fine'],
  ['resources: {requests: {memory: 1e6}}', 'fine'],
  ['pod:resources: {requests: {cpu: 1}}', 'fine'],
  ['pod:resources: {requests: {cpu: 0}}', 'best-effort'],
  ['pod:overhead: {cpu: 1, memory: 1Gi}', 'best-effort'],
  ['pod:initContainers: [{name: i, image: x, resources: {requests: {cpu: 1}}}]', 'fine'],
  ['pod:initContainers: [{name: i, image: x, restartPolicy: Always, resources: {limits: {memory: 1Mi}}}]', 'fine'],
  ['pod:initContainers: [{name: i, image: x}]', 'best-effort']
]

/** As a Pod, in a List, as templates of old and of rare kinds, and behind an alias. */
const shapes: Readonly<Record<string, (pod: string) => string>> = {
  'a Pod': (pod) => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: ${pod}\n`,
  'a List': (pod) =>
    `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: ${pod}\n`,
  'an old Deployment': (pod) => templated('extensions/v1beta1', 'Deployment', pod),
  'a ReplicationController': (pod) => templated('v1', 'ReplicationController', pod),
  'a ReplicaSet': (pod) => templated('apps/v1', 'ReplicaSet', pod),
  'an alias': (pod) =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {x: &x text, z: *x}}\nspec: ${pod}\n`
}

function templated(apiVersion: string, kind: string, pod: string): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\nspec: {template: {metadata: {labels: {a: b}}, spec: ${pod}}}\n`
}

for (const [shape, textOf] of Object.entries(shapes)) {
  t.test(`edge cases in ${shape}`, async (t) => {
    for (const [fields, wanted] of edges) {
      const [ofPod, ofContainer] = fields.startsWith('pod:') ? [`, ${fields.slice(4)}`, ''] : ['', fields]
      const container = `{name: app, image: x${ofContainer === '' ? '' : `, ${ofContainer}`}}`
      const text = textOf(`{containers: [${container}]${ofPod}}`)
      const report = await validateTexts({ 'a.yaml': text }, { policy: everywhere })
      const found = report.findings.some(({ ruleId }) => ruleId === 'best-effort') ? 'best-effort' : 'fine'
      t.equal(report.problems.length > 0 ? 'refused' : found, wanted, fields || 'no resources')
    }
  })
}
