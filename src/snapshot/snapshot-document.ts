import type { z } from 'zod'
import { AppError } from '../errors.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import type { Millis } from '../lib/units.ts'
import type { PodFacts } from '../model/cluster-objects.ts'
import { nearest } from '../model/near-limit.ts'
import type { NodeReading, ReadingFailureReason } from '../model/node-reading.ts'
import { renderPath } from '../policy/document/mistakes.ts'
import { readYaml } from '../policy/document/yaml-source.ts'
import { withKubepods } from '../readings/host-ceiling.ts'
import { issueMistakes } from './issue-mistakes.ts'
import type { ClusterSnapshot } from './snapshot.ts'
import { apiVersion, type ceiling, document, kind, type pod } from './snapshot-schema.ts'

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
    nodes: nodes.map(
      ({ reading, failure, pods, leftovers, pidPressure, address, memory, offered, createdAt, ...facts }) => ({
        ...facts,
        ...(memory === undefined ? undefined : { memory }),
        ...(offered === undefined ? undefined : { offered }),
        ...(createdAt === undefined ? undefined : { createdAt: Date.parse(createdAt) }),
        pidPressure,
        address
      })
    ),
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

function podOf({ threads, limit, readySince, requested, runtime, ...pod }: Pod, node: string | undefined): PodFacts {
  // A static pod is controlled by its Node: people know it by its own name.
  const workload = pod.workload.kind === 'Node' ? { kind: 'Pod', name: pod.name } : pod.workload
  const ready = readySince === undefined ? undefined : { readySince: Date.parse(readySince) }
  const told = {
    ...(runtime === undefined ? undefined : { runtime }),
    ...(requested === undefined ? undefined : { requested })
  }
  return { ...pod, ...told, workload, node, declared: pod.declared, estimated: pod.estimated, ...ready }
}

function readingOf({ name, reading, pods, leftovers }: Document['nodes'][number]): NodeReading {
  const { at, withoutCeiling, host, hostCgroup, kubepods, nearLimits, gaps } = reading ?? {
    at: '',
    host: {},
    kubepods: {},
    gaps: []
  }
  const all = [...pods.map(({ uid, cgroup = uid, threads, limit }) => ({ cgroup, threads, limit })), ...leftovers]
  const threads = all.flatMap(({ cgroup, threads }) => (threads === undefined ? [] : [[cgroup, threads] as const]))
  const limits = all.flatMap(({ cgroup, limit }) => (limit === undefined ? [] : [[cgroup, limit] as const]))
  const hasLimits = nearLimits !== undefined || limits.length > 0
  const counts = new Map(threads)
  return {
    node: name,
    at: Date.parse(at),
    ...(withoutCeiling === undefined ? undefined : { withoutCeiling }),
    host: withKubepods(ceilingOf(host), ceilingOf(kubepods)),
    ...(hostCgroup === undefined ? undefined : { hostCgroup }),
    kubepods: ceilingOf(kubepods),
    pods: threads.length === 0 ? undefined : counts,
    podLimits: hasLimits ? new Map(limits) : undefined,
    nearLimits: hasLimits
      ? nearest([
          ...limits.map(([pod, limit]) => ({ of: 'pod' as const, pod, name: '', limit, inUse: counts.get(pod) ?? 0 })),
          ...(nearLimits ?? []).map(({ pod, ...each }) => ({ ...each, ...(pod === undefined ? undefined : { pod }) }))
        ])
      : undefined,
    gaps
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
        ...withoutUndefined({ ...facts, createdAt: instantOf(facts.createdAt) }),
        ...(reading === undefined
          ? undefined
          : {
              reading: {
                at: new Date(reading.at).toISOString(),
                ...(reading.withoutCeiling === undefined ? undefined : { withoutCeiling: reading.withoutCeiling }),
                host: writtenCeiling(reading.host),
                ...(reading.hostCgroup === undefined ? undefined : { hostCgroup: reading.hostCgroup }),
                kubepods: writtenCeiling(reading.kubepods),
                ...(reading.gaps.length === 0 ? undefined : { gaps: reading.gaps }),
                ...(reading.nearLimits === undefined
                  ? undefined
                  : { nearLimits: reading.nearLimits.filter(({ of }) => of !== 'pod') })
              }
            }),
        ...(failure === undefined
          ? undefined
          : { failure: { reason: failure.reason satisfies ReadingFailureReason, detail: failure.detail } }),
        pods: (podsByNode.get(facts.name) ?? []).map((pod) => {
          const cgroup = pod.cgroup ?? pod.uid
          return withoutUndefined({
            ...writtenPod(pod),
            threads: reading?.pods?.get(cgroup),
            limit: reading?.podLimits?.get(cgroup)
          })
        }),
        ...leftoversOf(reading, podsByNode.get(facts.name) ?? [])
      }
    }),
    unbound: (podsByNode.get(undefined) ?? []).map((pod) => withoutUndefined(writtenPod(pod))),
    namespaces: snapshot.namespaces.map((namespace) => {
      const limitRanges = snapshot.limitRanges.get(namespace.name) ?? []
      return { ...namespace, ...(limitRanges.length === 0 ? undefined : { limitRanges }) }
    })
  }
}

/** Without what counts only while pods come and go: a snapshot is one moment. */
function writtenPod({
  node,
  placement,
  priority,
  group,
  isGated,
  isUnschedulable,
  isOutOfPids,
  refusedBy,
  readySince,
  ...pod
}: PodFacts): object {
  return { ...pod, readySince: instantOf(readySince) }
}

function instantOf(at: Millis | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}

function leftoversOf(reading: NodeReading | undefined, pods: readonly PodFacts[]): object | undefined {
  const known = new Set(pods.map(({ uid, cgroup = uid }) => cgroup))
  const leftovers = [...(reading?.pods ?? [])]
    .filter(([cgroup, threads]) => threads > 0 && !known.has(cgroup))
    .map(([cgroup, threads]) => withoutUndefined({ cgroup, threads, limit: reading?.podLimits?.get(cgroup) }))
  return leftovers.length === 0 ? undefined : { leftovers }
}

function writtenCeiling({ limit, inUse }: { limit: number | undefined; inUse: number | undefined }): object {
  return withoutUndefined({ limit: limit === Number.POSITIVE_INFINITY ? 'unlimited' : limit, inUse })
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
}
