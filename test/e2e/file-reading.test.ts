// What pidguard takes a file for, against what a real API server stores of it: entries that are null, and what LimitRanges give to
// containers of each kind.
import t from 'tap'
import { fillFromLimitRanges } from '../../src/kubernetes/qos/limit-range-defaults.ts'
import { limitRangeItemsOf } from '../../src/kubernetes/qos/limit-range-items.ts'
import { effectiveResources } from '../../src/kubernetes/qos/pod-defaults.ts'
import { firstWithPodLevel } from '../../src/kubernetes/qos/pod-level.ts'
import { type QosClass, qosClassOf } from '../../src/kubernetes/qos/qos.ts'
import { parseQuantity } from '../../src/kubernetes/qos/quantity.ts'
import { isPodSubject, subjectOfObject } from '../../src/kubernetes/subject.ts'
import type { ObjectMeta, PodSpec, ResourceList } from '../../src/kubernetes/types.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { validateTexts } from '../support/files.ts'
import { startControlPlane } from './support/control-plane.ts'
import { restricted, restrictedContainer } from './support/objects.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl, version } = plane
const server = version.minor

/** What an old kubectl refuses by itself, as a null, goes to the API server too. */
const create = ['create', '--validate=false', '--filename=-']

/** The limits of a namespace, in a LimitRange of its own; undefined: it has none. */
const namespaces: Readonly<Record<string, JsonRecord | undefined>> = {
  none: undefined,
  given: { default: { cpu: '2', memory: '256Mi' }, defaultRequest: { cpu: '100m' } },
  bounded: { max: { cpu: '2', memory: '2Gi' }, min: { memory: '1Ki' } },
  nulls: { default: { memory: null }, defaultRequest: { cpu: '50m', memory: null }, max: { cpu: '2' } }
}

function limitRangeOf(namespace: string, limit: JsonRecord): JsonRecord {
  const metadata = { name: 'limits', namespace }
  return { apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits: [{ type: 'Container', ...limit }] } }
}

for (const [namespace, limit] of Object.entries(namespaces)) {
  await plane.createNamespace(namespace)
  if (limit !== undefined) await kubectl.ok(create, JSON.stringify(limitRangeOf(namespace, limit)))
}

const image = 'example.com/app:1'
/** Of one container. */
const resources: readonly unknown[] = [
  undefined,
  null,
  { requests: null, limits: null },
  { requests: { memory: null } },
  { requests: { cpu: null, memory: null } },
  { requests: { memory: null, cpu: '100m' } },
  { requests: { memory: null }, limits: { memory: '64Mi' } },
  { limits: { cpu: null } },
  { limits: { cpu: '1', memory: null } },
  { limits: { memory: null }, requests: { memory: '64Mi' } },
  { limits: { 'example.com/gpu': null } },
  { requests: { 'pidguard.io/pids': null }, limits: { 'pidguard.io/pids': null } },
  { requests: { cpu: '100m' } },
  { limits: { cpu: '1', memory: '64Mi' } }
]

/** What may stand before the container: nothing, an init container, a sidecar. */
const before: readonly (JsonRecord | undefined)[] = [
  undefined,
  ...[undefined, { requests: { cpu: null } }, { requests: { cpu: '10m' } }].flatMap((resources) => [
    { name: 'before', image, resources },
    ...(server >= 29 ? [{ name: 'before', image, resources, restartPolicy: 'Always' }] : [])
  ])
]

interface Stored {
  readonly metadata: Pick<ObjectMeta, 'labels' | 'annotations'>
  readonly spec: PodSpec
  readonly status: { readonly qosClass: QosClass }
}

function podOf(namespace: string, spec: object, metadata: object = {}): JsonRecord {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace, ...metadata }, spec }
}

/** As `kubectl create`, `apply --server-side` and most tools have it stored; a plain `kubectl apply` leaves nulls in maps out. */
async function storedOf(object: JsonRecord): Promise<Stored | undefined> {
  const { code, stdout } = await kubectl.run([...create, '--dry-run=server', '-o', 'json'], JSON.stringify(object))
  return code === 0 ? (JSON.parse(stdout) as Stored) : undefined
}

/** The resources of the containers in figures, as far as there are any. */
function figuresOf(list: readonly { readonly requests?: ResourceList; readonly limits?: ResourceList }[]): unknown {
  const of = (quantities: ResourceList = {}): unknown =>
    Object.entries(quantities)
      .map(([name, text]) => `${name} ${text === undefined || text === null ? text : parseQuantity(text)}`)
      .sort()
  return list.map(({ requests, limits }) => [of(requests), of(limits)])
}

for (const [namespace, limit] of Object.entries(namespaces)) {
  void t.test(
    `namespace ${namespace}: each container has what is stored, and the class is the stored one`,
    async (t) => {
      const limitRange = limit && limitRangeOf(namespace, limit)
      const seen = new Set<string>()
      for (const first of before) {
        for (const own of resources) {
          const app = { name: 'app', image, ...(own === undefined ? {} : { resources: own }) }
          const spec = restricted([app], first && { initContainers: [restrictedContainer(first)] })
          const object = podOf(namespace, spec)
          const stored = await storedOf(object)
          const name = JSON.stringify([first, own])
          const report = await validateTexts({
            'a.yaml': [limitRange, object]
              .map((each) => (each === undefined ? '' : JSON.stringify(each)))
              .join('\n---\n')
          })
          t.strictSame(report.problems, [], name)
          // That requests have to fit their limits is for the API server to say.
          if (stored === undefined) continue
          const subject = subjectOfObject(structuredClone(object))
          if (!isPodSubject(subject)) throw new Error('a Pod')
          fillFromLimitRanges(
            subject.podSpec,
            limitRange === undefined ? [] : limitRangeItemsOf(structuredClone(limitRange))
          )
          const containers = [...(stored.spec.initContainers ?? []), ...(stored.spec.containers ?? [])]
          t.strictSame(
            figuresOf(effectiveResources(subject.podSpec, server).containers),
            figuresOf(containers.map(({ resources }) => resources as never)),
            name
          )
          t.equal(qosClassOf(subject.podSpec, server), stored.status.qosClass, name)
          const found = report.findings.some(({ ruleId }) => ruleId === 'best-effort')
          t.equal(found, stored.status.qosClass === 'BestEffort', name)
          seen.add(stored.status.qosClass)
        }
      }
      t.ok(seen.has('Burstable'))
    }
  )
}

void t.test('pod-level resources and a LimitRange', async (t) => {
  if (server < firstWithPodLevel) return t.pass('older API servers drop them')
  const levels = [{ requests: { cpu: null } }, { requests: { cpu: '1' } }, { limits: { cpu: '2', memory: '1Gi' } }, {}]
  let taken = 0
  for (const [namespace, limit] of Object.entries(namespaces)) {
    for (const own of resources) {
      for (const level of levels) {
        const app = { name: 'app', image, ...(own === undefined ? {} : { resources: own }) }
        const object = podOf(namespace, { ...restricted([app]), resources: level })
        const stored = await storedOf(object)
        if (stored === undefined) continue
        taken++
        const texts = limit === undefined ? [object] : [limitRangeOf(namespace, limit), object]
        const report = await validateTexts(
          { 'a.yaml': texts.map((each) => JSON.stringify(each)).join('\n---\n') },
          { kubernetesVersion: server }
        )
        const found = report.findings.some(({ ruleId }) => ruleId === 'best-effort')
        t.equal(found, stored.status.qosClass === 'BestEffort', JSON.stringify([namespace, own, level]))
      }
    }
  }
  t.ok(taken > 50, `${taken} of them were taken`)
})

/** Every map and list of strings that pidguard reads. */
function textsOf(pod: Stored | undefined): unknown {
  const { labels = {}, annotations = {} } = pod?.metadata ?? {}
  const { nodeSelector = {}, containers } = pod?.spec ?? {}
  // Old API servers add annotations of their own.
  return [labels, annotations?.['example.com/a'], nodeSelector, containers?.map(({ command, args }) => [command, args])]
}

void t.test('null in maps and lists of strings is the empty string, elsewhere absent, and no container', async (t) => {
  const app = { name: 'app', image }
  const taken: readonly JsonRecord[] = [
    podOf('none', restricted([app]), { labels: { a: null }, annotations: { 'example.com/a': null } }),
    podOf('none', { ...restricted([app]), nodeSelector: { zone: null } }),
    podOf('none', restricted([{ ...app, command: [null], args: ['a', null] } as never])),
    podOf('none', { ...restricted([{ ...app, env: null, envFrom: null } as never]), hostPID: null, affinity: null })
  ]
  for (const object of taken) {
    const stored = await storedOf(object)
    const { problems } = await validateTexts({ 'a.yaml': JSON.stringify(object) })
    t.strictSame(problems, [])
    const read = subjectOfObject(structuredClone(object)).object as unknown as Stored
    t.strictSame(textsOf(stored), textsOf(read))
  }
  const refused = [{ containers: null }, { containers: [null] }, { containers: [{ ...app, name: null }] }]
  for (const spec of [...refused, { ...restricted([app]), initContainers: [null] }]) {
    const object = podOf('none', spec)
    t.equal(await storedOf(object), undefined)
    t.equal((await validateTexts({ 'a.yaml': JSON.stringify(object) })).problems.length, 1, JSON.stringify(spec))
  }
})

void t.test('LimitRanges that the API server refuses are problems, and no others', async (t) => {
  const limits: readonly unknown[] = [
    null,
    [],
    [null],
    ['x'],
    {},
    [{}],
    [{ type: null }],
    [{ type: '', default: { cpu: '1' } }],
    [{ type: 'Container' }],
    [{ type: 'Container', default: null }],
    [{ type: 'Container', default: [] }],
    [{ type: 'Container', default: { cpu: null } }],
    [{ type: 'Container', default: { cpu: '1x' } }],
    [{ type: 'Container', min: { memory: '64MB' } }],
    [{ type: 'Container', max: { memory: true } }],
    [{ type: 'Container', default: { memory: 5 } }],
    [{ type: 'Container', default: { memory: 'M' } }],
    [{ type: 'Container', default: { memory: '' } }],
    [{ type: 'Container', maxLimitRequestRatio: { cpu: 'many' } }],
    [{ type: 'Container', min: { memory: '-1' } }],
    [{ type: 'Container', default: { memory: -5 } }],
    [{ type: 'Pod', max: { cpu: '1' } }]
  ]
  for (const each of limits) {
    const object = { ...limitRangeOf('none', {}), spec: { limits: each } }
    const isTaken = (await storedOf(object)) !== undefined
    const { problems } = await validateTexts({ 'a.yaml': JSON.stringify(object) })
    t.equal(problems.length === 0, isTaken, `${JSON.stringify(each)}: ${problems[0]?.message ?? 'no problem'}`)
  }
})
