import type { AuditDeps } from '../../src/audit/audit-deps.ts'
import { type AuditOptions, audit } from '../../src/audit/build-report.ts'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { DumpObjects } from '../../src/input/dump-objects.ts'
import { knownTemplatePlaces } from '../../src/kubernetes/pods/template-places.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { KubeletConfig, NodeReading, ReadingFailure } from '../../src/model/node-reading.ts'
import type { ListFailure, ObjectSource } from '../../src/ports/objects.ts'
import type { KubeletConfigs } from '../../src/ports/readings.ts'
import { noConfigs, noReadings } from '../../src/readings/no-readings.ts'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { auditRules } from '../../src/rules/index.ts'
import { type ClusterSnapshot, snapshotReadings } from '../../src/snapshot/snapshot.ts'
import { memoryInputs, policyFrom } from './files.ts'
import { reading } from './headroom.ts'

/** A cluster that exists only in a test. */
export interface ClusterSketch {
  readonly objects: readonly JsonRecord[]
  /** Kinds that may not be listed. */
  readonly forbidden?: readonly string[]
  /** Kinds that the cluster does not serve. */
  readonly unserved?: readonly string[]
  /** Kinds that are in no namespace. */
  readonly clusterWide?: readonly string[]
  readonly readings?: Readonly<Record<string, Partial<NodeReading>>>
  readonly failures?: Readonly<Record<string, ReadingFailure>>
  readonly configs?: Readonly<Record<string, KubeletConfig>>
  /** Why no kubelet can be asked for its configuration. */
  readonly noConfigs?: string
  /** The spec of a policy document in YAML. */
  readonly policy?: string
  readonly nodesPerSecond?: number
  readonly serverVersion?: number
  /** Milliseconds that pass before each node has answered. */
  readonly perNode?: number
  /** Told over which span nodes are to be asked, in milliseconds. */
  spread?(span: number): void
}

/** When every test audits. */
const auditedAt = Date.parse('2026-11-21T10:00:00Z')

/** The report on a cluster as sketched. */
export async function auditOf(sketch: ClusterSketch, options: Partial<AuditOptions> = {}): Promise<AuditReport> {
  const { report } = await audit(
    {
      version: '0.0.0',
      source: { kind: 'cluster', name: 'https://test', readings: 'kubelet' },
      policyName: 'test',
      failOn: 'audit',
      earlier: undefined,
      ...options
    },
    depsOf(sketch)
  )
  return report
}

export interface Dump {
  /** Files by their name. */
  readonly files?: Readonly<Record<string, string>>
  readonly snapshot?: ClusterSnapshot
  readonly configs?: KubeletConfigs
  /** As a report names it. */
  readonly name?: string
  /** The spec of a policy document in YAML. */
  readonly policy?: string
}

/** The report on files and a snapshot, at the moment when the snapshot was taken. */
export async function auditOfDump({
  files = {},
  snapshot,
  configs,
  name = 'dump',
  policy
}: Dump): Promise<AuditReport> {
  const now = () => snapshot?.takenAt ?? auditedAt
  const { report } = await audit(
    {
      version: '0.0.0',
      source: { kind: 'dump', name, readings: snapshot === undefined ? null : 'snapshot' },
      policyName: 'default',
      failOn: 'audit',
      earlier: undefined
    },
    {
      rules: new RuleIndex(auditRules),
      policy: policyFrom(policy),
      templateKinds: new Map([...knownTemplatePlaces, ...(policyFrom(policy).ownKinds ?? [])]),
      objects: new DumpObjects(Object.keys(files), memoryInputs(files), snapshot),
      readings: snapshot === undefined ? noReadings('none') : snapshotReadings(snapshot, { now, monotonic: () => 0 }),
      configs: configs ?? noConfigs('none'),
      targetOf: (facts) => facts,
      now,
      progress: { step() {} },
      signal: new AbortController().signal
    }
  )
  return report
}

const notRead: ReadingFailure = { reason: 'timeout', detail: 'no answer in time' }

function depsOf(sketch: ClusterSketch): AuditDeps {
  let now = auditedAt
  return {
    rules: new RuleIndex(auditRules),
    policy: policyFrom(sketch.policy),
    templateKinds: policyFrom(sketch.policy).ownKinds ?? new Map(),
    serverVersion: sketch.serverVersion,
    objects: memoryObjects(sketch),
    readings: {
      async read(targets, sink, { spread }) {
        sketch.spread?.(spread)
        for (const { name } of targets) {
          now += sketch.perNode ?? 0
          const seen = sketch.readings?.[name]
          if (seen === undefined) sink.observeFailure(name, sketch.failures?.[name] ?? notRead)
          else sink.observeReading(reading(name, now - 5_000, { host: roomy, kubepods: roomy, ...seen }))
        }
      }
    },
    configs: {
      ...(sketch.noConfigs === undefined ? undefined : { absence: sketch.noConfigs }),
      async read(targets, sink) {
        for (const { name } of targets) {
          const config = sketch.configs?.[name]
          if (config === undefined)
            sink.observeConfigFailure(name, { reason: 'forbidden', detail: `HTTP 403 of ${name}` })
          else sink.observeConfig(name, config)
        }
      }
    },
    targetOf: (facts) => facts,
    nodesPerSecond: sketch.nodesPerSecond,
    now: () => now,
    progress: { step() {} },
    signal: new AbortController().signal
  }
}

/** Plenty of room. */
const roomy = { limit: 4_194_304, inUse: 500 }

function memoryObjects({ objects, forbidden = [], unserved = [], clusterWide = [] }: ClusterSketch): ObjectSource {
  return {
    async served(group, kind) {
      if (unserved.includes(kind)) return undefined
      const isClusterWide = clusterWide.includes(kind)
      return { kind, plural: kind.toLowerCase(), apiVersions: [`${group}/v1`], isClusterWide }
    },
    async each(kinds, take) {
      const failures: ListFailure[] = []
      for (const { kind, plural } of kinds) {
        if (forbidden.includes(kind)) {
          failures.push({ part: plural, kind, reason: 'forbidden', detail: `list on ${plural} is needed` })
        } else for (const object of objects) if (object['kind'] === kind) take(structuredClone(object))
      }
      return failures
    }
  }
}

/** Everything a kubelet can be told about PIDs. */
export const goodConfig: KubeletConfig = { podPidsLimit: 1024, reserved: 0, eviction: '10%' }

/** A Pod that runs on node-a, of a Deployment where one is named; BestEffort unless changed. */
export function runningPod(
  name: string,
  change: { deployment?: string; node?: string; resources?: object; phase?: string; namespace?: string } = {}
): JsonRecord {
  const { deployment, node = 'node-a', resources, phase = 'Running', namespace = 'shop' } = change
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${deployment}-abc`, controller: true }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: `uid of ${name}`,
      ...(deployment === undefined ? undefined : { labels: { 'pod-template-hash': 'abc' }, ownerReferences: [owner] })
    },
    spec: {
      nodeName: node,
      containers: [{ name: 'app', image: 'example.com/app:1', ...(resources && { resources }) }]
    },
    status: { phase }
  }
}
