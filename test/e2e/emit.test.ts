// What pidguard emit prints, on a real API server: each object gets the verdict that the engine gives it, and is stored as the
// engine would store it. The objects are those of the corpus, of the rules' fixtures, and random ones.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type EmitOptions, emit } from '../../src/emit/emit.ts'
import { renderEmitted } from '../../src/emit/render.ts'
import { celRules } from '../../src/emit/rules/cel-rules.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import type { NamespaceFacts } from '../../src/policy/settings.ts'
import { policyRules, rules } from '../../src/rules/index.ts'
import { readFixtures } from '../support/fixtures.ts'
import { enforce, evaluationErrors } from './support/admission-policies.ts'
import type { ApiAnswer } from './support/api-client.ts'
import { comparable } from './support/comparable.ts'
import { startControlPlane } from './support/control-plane.ts'
import { corpusFolder } from './support/corpus.ts'
import { writesIn } from './support/real-workloads.ts'
import { type EngineVerdict, type EngineWorld, engineVerdict } from './support/verdicts.ts'
import { configuration, daemonSet, ofTemplate, pod, type Written } from './support/written.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { minor: server } = plane.version
/** ValidatingAdmissionPolicy is v1 from there on. */
const options = { skip: server < 30 && 'before v1.30' }
/** MutatingAdmissionPolicy is. */
const mutates = server >= 36

const emittedIds = celRules.map(({ id }) => id)

/** Labels of namespaces: a usual one, one with an override, one with exemptions, a system one, one that is left out. */
const namespaceLabels: Readonly<Record<string, Record<string, string>>> = {
  shop: {},
  'batch-a': { team: 'data' },
  'batch-b': { team: 'web' },
  legacy: {},
  'kube-system': {},
  ignored: { 'pidguard.io/admission': 'ignore' }
}
const namespaces = new Map<string, NamespaceFacts>()
const anyPod = { 'pod-security.kubernetes.io/enforce': 'privileged' }
for (const [name, labels] of Object.entries(namespaceLabels)) {
  if (name !== 'kube-system') await plane.createNamespace(name, { ...anyPod, ...labels })
  namespaces.set(name, { labels: { ...anyPod, ...labels, 'kubernetes.io/metadata.name': name }, annotations: {} })
}
for (const [group, version] of [
  ['crd.projectcalico.org', 'v1'],
  ['projectcalico.org', 'v3']
]) {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const names = { kind: 'FelixConfiguration', plural: 'felixconfigurations' }
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `felixconfigurations.${group}` },
    spec: { group, scope: 'Cluster', names, versions: [{ name: version, served: true, storage: true, schema }] }
  }
  await plane.kubectl.ok(['apply', '--filename=-'], JSON.stringify(crd))
  await plane.kubectl.ok(['wait', '--for=condition=Established', `crd/felixconfigurations.${group}`])
}

/** One write: a creation, or an UPDATE of an object that is stored. */
interface Case {
  readonly name: string
  readonly path: string
  readonly namespace: string
  readonly body: JsonRecord
  readonly as: string
  readonly old?: JsonRecord
}

let count = 0

function pathOf(apiVersion: string, resource: string, namespace: string): string {
  const group = apiVersion.includes('/') ? 'apis' : 'api'
  return `/${group}/${apiVersion}${namespace === '' ? '' : `/namespaces/${namespace}`}/${resource}`
}

function creation(written: Omit<Written, 'metadata'> & { metadata: object }, namespace: string, as = 'jane'): Case {
  const { apiVersion, kind, resource, metadata, spec } = written
  const own = { name: `${namespace === 'legacy' && count % 2 === 0 ? 'report' : 'object'}-${count++}`, ...metadata }
  const place = resource === 'felixconfigurations' ? '' : namespace
  const body = { apiVersion, kind, metadata: { ...own, ...(place === '' ? {} : { namespace: place }) }, spec }
  const path = pathOf(apiVersion, resource, place)
  return { name: `${kind} ${own.name} in ${place}`, path, namespace: place, body: body as JsonRecord, as }
}

function send({ path, body, as, old }: Case): Promise<ApiAnswer> {
  const { name } = body['metadata'] as { name: string }
  if (old === undefined) return plane.api.post(`${path}?dryRun=All`, body, as)
  return plane.api.put(`${path}/${name}?dryRun=All`, body, as)
}

const corpus = corpusFolder()
const resourceOf: Readonly<Record<string, string>> = {
  Pod: 'pods',
  DaemonSet: 'daemonsets',
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  ReplicaSet: 'replicasets',
  Job: 'jobs',
  CronJob: 'cronjobs',
  ReplicationController: 'replicationcontrollers',
  FelixConfiguration: 'felixconfigurations'
}

function everyCase(): Case[] {
  const real =
    corpus === undefined
      ? []
      : [
          ...writesIn(join(corpus, 'workloads'), 'batch/v1'),
          ...readdirSync(join(corpus, 'calico'), { withFileTypes: true })
            .filter((entry) => entry.isDirectory())
            .flatMap((entry) => writesIn(join(corpus, 'calico', entry.name), 'batch/v1'))
        ].map(({ manifest, resource }) => {
          const { name: _, ...metadata } = { ...manifest.metadata, namespace: undefined }
          return {
            apiVersion: manifest.apiVersion,
            kind: manifest.kind,
            resource,
            metadata,
            spec: manifest.spec as object
          }
        })
  const fixtures = readFixtures()
    .filter(({ ruleId }) => emittedIds.includes(ruleId))
    .flatMap(({ documents }) => documents)
    .flatMap((document) => {
      const { apiVersion, kind, metadata, spec } = document as JsonRecord & Written
      const resource = resourceOf[kind]
      if (resource === undefined || metadata === undefined) return []
      const { name, namespace: _, ...rest } = metadata as { name?: string; namespace?: string }
      return [{ apiVersion, kind, resource, metadata: kind === 'FelixConfiguration' ? { name, ...rest } : rest, spec }]
    })
  const random = (arbitrary: fc.Arbitrary<Written>, numRuns: number) => fc.sample(arbitrary, { seed: 19, numRuns })
  const made = [...random(pod, 260), ...random(ofTemplate, 200), ...random(daemonSet, 200)]
  const places = Object.keys(namespaceLabels)
  return [
    ...[...real, ...fixtures].map((each) => creation(each as Written, 'shop')),
    ...made.map((each, i) => creation(each, places[i % places.length] ?? 'shop')),
    ...random(configuration, 60).map((each, i) =>
      creation(each, '', i % 3 === 0 ? 'system:serviceaccount:calico-system:calico-node' : 'jane')
    )
  ]
}

/** Pairs of stored object and change: half of them change one part only, so that rules meet what they leave alone. */
async function updates(): Promise<Case[]> {
  const pairs = fc.sample(fc.tuple(daemonSet, daemonSet, fc.nat({ max: 3 })), { seed: 20, numRuns: 160 })
  const templates = fc.sample(fc.tuple(ofTemplate, ofTemplate, fc.nat({ max: 3 })), { seed: 21, numRuns: 120 })
  const changed: Case[] = []
  for (const [first, second, how] of [...pairs, ...templates]) {
    const before = creation(first, ['shop', 'batch-a', 'legacy'][count % 3] ?? 'shop')
    const stored = await plane.api.post(before.path, before.body)
    if (stored.status !== 201) continue
    const old = stored.body as unknown as JsonRecord
    const next = structuredClone(old) as { metadata: Record<string, unknown>; spec: Record<string, unknown> }
    const other = second as { metadata: { labels?: object }; spec: Record<string, unknown> }
    if (how === 0) next.metadata['labels'] = { ...other.metadata.labels, changed: 'yes' }
    if (how === 1 && first.kind === second.kind) Object.assign(next.spec, other.spec)
    if (how === 2) Object.assign(next.spec, { updateStrategy: other.spec['updateStrategy'], minReadySeconds: 7 })
    if (how === 3) next.metadata['annotations'] = { touched: 'yes' }
    changed.push({ ...before, name: `UPDATE ${how} of ${before.name}`, body: next as unknown as JsonRecord, old })
  }
  return changed
}

/** Cases as the API server takes them without any policy: what it refuses by itself says nothing of us. */
const taken: (Case & { readonly seen: JsonRecord })[] = []
if (options.skip === false) {
  for (const each of [...everyCase(), ...(await updates())]) {
    const { status, body } = await send(each)
    if (status === 201 || status === 200) taken.push({ ...each, seen: body as unknown as JsonRecord })
  }
}

/** Everything that a policy says about these rules. */
const common = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  pids:
    profiles:
      - {name: sized, match: {images: ['*/app*']}, estimate: 70}
      - {name: dotnet, match: {images: ['*/dotnet/*']}, threadCap: {runtime: dotnet, threads: 200}}
      - {name: jvm, match: {selector: {matchLabels: {runtime: jvm}}}, threadCap: {runtime: jvm, threads: 200}}
  exemptions:
    - {rules: [best-effort, calico-update-strategy], namespaces: [legacy], names: ['report-*'], reason: A reason of some length, expires: 2999-01-31}
    - {rules: ['*'], kinds: [CronJob], namespaces: ['leg*'], reason: A reason of some length, expires: 2999-01-31}
    - {rules: [pid-annotations], names: [report], selector: {matchExpressions: [{key: runtime, operator: NotIn, values: [x]}]}, reason: A reason of some length, expires: 2999-01-31}`

function withModes(mode: string, more = ''): string {
  const modes = [...emittedIds.map((id) => `${id}: ${mode}`), 'resource-requests: off'].join(', ')
  return `${common}\n  rules: {${modes}}\n${more}`
}

/** With requests and estimates, and overrides of both. */
function withFills(bestEffortPods: string): string {
  const modes = emittedIds.map((id) => `${id}: enforce`).join(', ')
  const profiles =
    "{name: small, match: {images: ['*/app*']}, estimate: 70, limit: 90}, {name: web, match: {selector: {matchLabels: {runtime: jvm}}}, estimate: 60}"
  return `${common.replace('profiles:', `limit: 300\n    profiles:\n      - ${profiles.replace('}, {', '}\n      - {')}`)}
  rules: {${modes}, resource-requests: enforce}
  requests: {bestEffortPods: ${bestEffortPods}, cpu: 15m, memory: 48Mi}
  overrides:
    - {name: batch, namespaces: {names: ['batch-*']}, requests: {cpu: 20m}, pids: {estimate: 40}}
`
}

const policies: readonly { name: string; text: string; options?: Partial<EmitOptions> }[] = [
  { name: 'everything warns', text: withModes('warn', '  calico: {iptablesBackend: NFT}') },
  {
    name: 'everything is enforced, with overrides',
    text: withModes(
      'enforce',
      `  calico: {iptablesBackend: NFT}
  systemNamespaces: [kube-system, 'ign*']
  overrides:
    - {name: data, namespaces: {names: ['batch-*'], selector: {matchLabels: {team: data}}}, rules: {best-effort: warn, calico-update-strategy: 'off', pid-annotations: audit}}
    - {name: batch, namespaces: {names: [batch-?]}, calico: {iptablesBackend: Legacy}, pids: {profiles: []}}`
    )
  },
  {
    name: 'no backend is named, and no namespace has a LimitRange',
    text: withModes('enforce'),
    options: { noLimitRanges: true }
  },
  {
    name: 'Legacy, also where an operator owns the DaemonSet',
    text: withModes('enforce', '  calico: {iptablesBackend: Legacy, operatorManaged: mutate}')
  },
  {
    name: 'Pods are filled, by two layers',
    text: withFills('reject'),
    options: { fillPods: true }
  },
  { name: 'Pods without any request are filled too', text: withFills('inject'), options: { fillPods: true } }
]

let verdicts = 0
for (const { name, text, options: more } of policies) {
  const skip = options.skip || (more?.fillPods === true && !mutates && 'before v1.36')
  void t.test(name, { skip }, async (t) => {
    const policy = readPolicy(text, { rules: policyRules, source: 'the test' })
    const given: EmitOptions = {
      server,
      fallback: false,
      noLimitRanges: false,
      fillPods: false,
      static: undefined,
      ...more
    }
    const inForce = await enforce(plane, renderEmitted(emit(policy, policyRules, given, Date.now()), 'the test'))
    const filling = given.fillPods ? ['resource-requests', 'pid-annotations'] : []
    const fixing = mutates ? ['calico-update-strategy', 'calico-iptables-backend', ...filling] : []
    const world: EngineWorld = {
      policy,
      rules: rules.filter(({ id }) => emittedIds.includes(id) || filling.includes(id)),
      fixing,
      server,
      noLimitRanges: given.noLimitRanges,
      namespaces
    }
    const wrong: string[] = []
    const seen = { denied: 0, warned: 0, changed: 0 }
    for (const each of taken) {
      const { seen: object, old, as: userName, namespace } = each
      const write = { operation: old === undefined ? 'CREATE' : 'UPDATE', object, userName, namespace } as const
      const want = isAsked(each)
        ? engineVerdict(old === undefined ? write : { ...write, oldObject: old }, world)
        : asItIs(object)
      const answer = await send(each)
      verdicts += emittedIds.length
      const found = foundIn(answer)
      if (want.denies.size > 0) seen.denied++
      if (want.warns.size > 0) seen.warned++
      if (want.denies.size > 0 ? !found.denied || !want.denies.has(found.denied) : found.denied !== undefined) {
        wrong.push(`${each.name}: the engine denies for ${shown(want.denies)}: ${answer.body.message ?? 'admitted'}`)
        continue
      }
      if (found.denied !== undefined) continue
      if (shown(want.warns) !== shown(found.warns))
        wrong.push(`${each.name}: the engine warns for ${shown(want.warns)}, not for ${shown(found.warns)}`)
      const [stored, expected] = [storedIn(answer), storedIn({ status: 200, body: want.stored })]
      if (!t.same(stored, expected, each.name)) wrong.push(`${each.name}: stored otherwise`)
      if (JSON.stringify(want.stored) !== JSON.stringify(object)) seen.changed++
    }
    await inForce.remove()
    t.strictSame(wrong, [])
    t.comment(`${taken.length} objects, ${seen.denied} denied, ${seen.warned} warned about, ${seen.changed} changed`)
    t.ok(seen.warned > 50 && (text.includes(': enforce') ? seen.denied > 50 : seen.denied === 0), JSON.stringify(seen))
  })
}

/** Without what the API server itself works out: the count of templates of a DaemonSet, and the class of a Pod, which requests change. */
function storedIn(answer: ApiAnswer): unknown {
  return JSON.parse(JSON.stringify(comparable(answer)), (key, value) =>
    ['deprecated.daemonset.template.generation', 'qosClass'].includes(key) ? undefined : value
  )
}

/** Whether the webhook would be called: for DaemonSets and FelixConfigurations everywhere, else not for the cluster's own namespaces. */
function isAsked({ path, namespace }: Case): boolean {
  if (/daemonsets|felixconfigurations/.test(path)) return true
  return namespace !== 'kube-system' && namespaceLabels[namespace]?.['pidguard.io/admission'] !== 'ignore'
}

function asItIs(stored: JsonRecord): EngineVerdict {
  return { denies: new Set(), warns: new Set(), stored }
}

/** What the policies of the API server said, by rule. */
function foundIn({ status, body, warnings = [] }: ApiAnswer): { denied: string | undefined; warns: Set<string> } {
  const denied =
    status === 403 || status === 422
      ? (/ValidatingAdmissionPolicy '([a-z-]+)\./.exec(body.message ?? '')?.[1] ?? `another reason: ${body.message}`)
      : undefined
  const warns = warnings.map((each) => /ValidatingAdmissionPolicy '([a-z-]+)\./.exec(each)?.[1])
  return { denied, warns: new Set(warns.filter((each) => each !== undefined)) }
}

function shown(ids: ReadonlySet<string>): string {
  return [...ids].sort().join(', ')
}

void t.test('no expression ended in an error', options, async (t) => {
  t.strictSame(await evaluationErrors(plane), [])
  t.comment(`${verdicts} verdicts`)
  t.ok(verdicts >= 5_000, `${verdicts} verdicts`)
})
