import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import type { PodFacts } from '../model/cluster-objects.ts'
import type { ReadingFailureReason } from '../model/node-reading.ts'
import { fields } from '../policy/document/fields.ts'
import { issueMistakes, renderPath } from '../policy/document/mistakes.ts'
import { readYaml } from '../policy/document/yaml-source.ts'
import { withKubepods } from '../readings/host-ceiling.ts'
import type { ClusterSnapshot } from './snapshot.ts'

const apiVersion = 'pidguard.io/v1alpha1'
const kind = 'NodeSnapshot'

/** Every reason there is: the compiler wants each of them here. */
const reasons = {
  'no-address': true,
  unreachable: true,
  timeout: true,
  tls: true,
  unauthorized: true,
  forbidden: true,
  'http-error': true,
  'too-large': true,
  malformed: true,
  'not-reported': true
} satisfies Record<ReadingFailureReason, true>

const text = () => z.string({ error: 'a text' })
const instant = () => z.iso.datetime({ offset: true, error: 'an instant like 2026-11-21T10:55:30Z' })
const count = () => z.int({ error: 'a count of tasks' }).min(0, { error: 'a count of tasks' })
const strings = () => z.record(z.string(), text(), { error: 'a mapping of texts' })
const flag = () => z.boolean({ error: 'true or false' })
const list = <S extends z.ZodType>(item: S) => z.array(item, { error: 'a list' })

const limit = () => z.union([z.literal('unlimited'), count()], { error: 'a count of tasks, or unlimited' }).optional()

const ceiling = fields({ limit: limit(), inUse: count().optional() })

const pod = fields({
  namespace: text(),
  name: text(),
  uid: text(),
  /** The uid its cgroup goes by, where that is another: of a static pod. */
  cgroup: text().optional(),
  phase: text().default('Running'),
  workload: fields({ kind: text(), name: text() }),
  declared: count().optional(),
  estimated: count().optional(),
  /** Where `estimated` came from. */
  estimateSource: text().optional(),
  /** The hash of its pod template. */
  template: text().optional(),
  readySince: instant().optional(),
  deleting: flag().default(false),
  threads: count().optional(),
  limit: count().optional()
})

const reading = fields({ at: instant(), host: ceiling.default({}), kubepods: ceiling.default({}) })

const node = fields({
  name: text(),
  uid: text().default(''),
  labels: strings().default({}),
  taints: list(fields({ key: text(), value: text().default(''), effect: text() })).default([]),
  unschedulable: flag().default(false),
  pidPressure: flag().optional(),
  address: text().optional(),
  kubeletPort: z.int({ error: 'a port' }).default(10_250),
  reading: reading.optional(),
  failure: fields({
    reason: z.enum(Object.keys(reasons) as ReadingFailureReason[], { error: 'a reason' }),
    detail: text().default('')
  }).optional(),
  pods: list(pod).default([])
})

const quantities = z.record(z.string(), z.union([z.string(), z.number()]), { error: 'a mapping of quantities' })

const limitRange = fields({
  type: text(),
  min: quantities.optional(),
  max: quantities.optional(),
  default: quantities.optional(),
  defaultRequest: quantities.optional()
})

const namespace = fields({
  name: text(),
  labels: strings().default({}),
  annotations: strings().default({}),
  limitRanges: list(limitRange).default([])
})

const document = fields({
  apiVersion: z.literal(apiVersion, { error: apiVersion }),
  kind: z.literal(kind, { error: kind }),
  takenAt: instant(),
  nodes: list(node),
  /** Pods that no node holds yet. */
  unbound: list(pod).default([]),
  namespaces: list(namespace).default([])
})

type Document = z.output<typeof document>
type Pod = z.output<typeof pod>

/** Reads a snapshot, YAML or JSON. Throws ERR_SNAPSHOT_INVALID with every mistake, its line and its column. */
export function readSnapshot(source: string, content: string): ClusterSnapshot {
  const result = document.safeParse(readValue(source, content))
  if (result.success) return snapshotOf(result.data)
  const yaml = yamlOf(source, content)
  const lines = result.error.issues
    .flatMap((issue) => issueMistakes(issue, yaml.value))
    .map(({ path, message }) => ({ ...yaml.placeOf(path), path: renderPath(path), message }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, 20)
    .map(
      ({ line, column, path, message }) => `${source}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
    )
  throw new AppError('ERR_SNAPSHOT_INVALID', lines.join('\n'), { cause: result.error })
}

/** JSON is read as such: a fleet of 150,000 pods would take the YAML reader half a minute. */
function readValue(source: string, content: string): unknown {
  if (content.trimStart().startsWith('{')) {
    try {
      return JSON.parse(content)
    } catch {
      // YAML in braces, or a mistake: the YAML reader knows where.
    }
  }
  return yamlOf(source, content).value
}

function yamlOf(source: string, content: string) {
  const yaml = readYaml(content, kind)
  if ('placeOf' in yaml) return yaml
  const lines = yaml.map(({ line, column, message }) => `${source}:${line}:${column}: ${message}`)
  throw new AppError('ERR_SNAPSHOT_INVALID', lines.join('\n'))
}

function snapshotOf({ takenAt, nodes, unbound, namespaces }: Document): ClusterSnapshot {
  return {
    takenAt: Date.parse(takenAt),
    nodes: nodes.map(({ reading, failure, pods, pidPressure, address, ...facts }) => ({
      ...facts,
      pidPressure,
      address
    })),
    pods: [
      ...nodes.flatMap(({ name, pods }) => pods.map((each) => podOf(each, name))),
      ...unbound.map((each) => podOf(each, undefined))
    ],
    namespaces: namespaces.map(({ name, labels, annotations }) => ({ name, labels, annotations })),
    // Optional members are left out, and never set to undefined.
    limitRanges: new Map(namespaces.map(({ name, limitRanges }) => [name, limitRanges as readonly LimitRangeItem[]])),
    readings: new Map(nodes.flatMap((each) => (each.reading === undefined ? [] : [[each.name, readingOf(each)]]))),
    failures: new Map(nodes.flatMap(({ name, failure }) => (failure === undefined ? [] : [[name, failure]])))
  }
}

function podOf({ threads, limit, readySince, ...pod }: Pod, node: string | undefined): PodFacts {
  // A static pod is controlled by its Node: people know it by its own name.
  const workload = pod.workload.kind === 'Node' ? { kind: 'Pod', name: pod.name } : pod.workload
  const ready = readySince === undefined ? undefined : { readySince: Date.parse(readySince) }
  return { ...pod, workload, node, declared: pod.declared, estimated: pod.estimated, ...ready }
}

function readingOf({ name, reading, pods }: Document['nodes'][number]) {
  const { at, host, kubepods } = reading ?? { at: '', host: {}, kubepods: {} }
  const threads = pods.flatMap(({ uid, cgroup = uid, threads }) =>
    threads === undefined ? [] : [[cgroup, threads] as const]
  )
  const limits = pods.flatMap(({ uid, cgroup = uid, limit }) => (limit === undefined ? [] : [[cgroup, limit] as const]))
  return {
    node: name,
    at: Date.parse(at),
    host: withKubepods(ceilingOf(host), ceilingOf(kubepods)),
    kubepods: ceilingOf(kubepods),
    pods: threads.length === 0 ? undefined : new Map(threads),
    // A snapshot does not say whether limits were read.
    podLimits: limits.length === 0 ? undefined : new Map(limits),
    gaps: []
  }
}

function ceilingOf({ limit, inUse }: z.output<typeof ceiling>) {
  return { limit: limit === 'unlimited' ? Number.POSITIVE_INFINITY : limit, inUse }
}

/** The document for a snapshot: to be written as JSON or YAML. Reading it back gives the same. */
export function documentOf(snapshot: ClusterSnapshot): object {
  const podsByNode = Map.groupBy(snapshot.pods, ({ node }) => node)
  return {
    apiVersion,
    kind,
    takenAt: new Date(snapshot.takenAt).toISOString(),
    nodes: snapshot.nodes.map((facts) => {
      const reading = snapshot.readings.get(facts.name)
      const failure = snapshot.failures.get(facts.name)
      return {
        ...withoutUndefined(facts),
        ...(reading === undefined
          ? undefined
          : {
              reading: {
                at: new Date(reading.at).toISOString(),
                host: writtenCeiling(reading.host),
                kubepods: writtenCeiling(reading.kubepods)
              }
            }),
        ...(failure === undefined
          ? undefined
          : { failure: { reason: failure.reason satisfies ReadingFailureReason, detail: failure.detail } }),
        pods: (podsByNode.get(facts.name) ?? []).map(({ node, readySince, ...pod }) => {
          const cgroup = pod.cgroup ?? pod.uid
          return withoutUndefined({
            ...pod,
            readySince: readySince === undefined ? undefined : new Date(readySince).toISOString(),
            threads: reading?.pods?.get(cgroup),
            limit: reading?.podLimits?.get(cgroup)
          })
        })
      }
    }),
    unbound: (podsByNode.get(undefined) ?? []).map(({ node, placement, isGated, isUnschedulable, refusedBy, ...pod }) =>
      withoutUndefined(pod)
    ),
    namespaces: snapshot.namespaces.map((namespace) => {
      const limitRanges = snapshot.limitRanges.get(namespace.name) ?? []
      return { ...namespace, ...(limitRanges.length === 0 ? undefined : { limitRanges }) }
    })
  }
}

function writtenCeiling({ limit, inUse }: { limit: number | undefined; inUse: number | undefined }): object {
  return withoutUndefined({ limit: limit === Number.POSITIVE_INFINITY ? 'unlimited' : limit, inUse })
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
}
