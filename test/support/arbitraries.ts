import fc from 'fast-check'
import { declaredPids, mirrorPod, pidsEstimate, threadCap } from '../../src/kubernetes/annotations.ts'
import { podKinds } from '../../src/kubernetes/workloads.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { Mode } from '../../src/model/finding.ts'
import { settings } from './settings.ts'

/** Keys that hurt programs which use objects as maps, and such that have to be escaped in pointers. */
const hostileKeys = ['__proto__', 'constructor', 'prototype', 'toString', 'a/b', '~', '~1', '', 'k8s-app']

/** Objects whose keys may be any of the above: built from entries, so `__proto__` is a key like any other. */
function dictionary<T>(key: fc.Arbitrary<string>, value: fc.Arbitrary<T>, maxKeys = 4): fc.Arbitrary<JsonRecord> {
  return fc
    .array(fc.tuple(key, value), { maxLength: maxKeys })
    .map((entries) => JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`))
}

function optional<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof({ weight: 4, arbitrary: value }, fc.constantFrom(null, undefined))
}

/** Leaves undefined members out, as JSON does. */
function object(shape: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonRecord> {
  return fc.record(shape).map((record) => JSON.parse(JSON.stringify(record)) as JsonRecord)
}

/** Quantities of every spelling, and some that are none. */
const quantity = fc.oneof(
  fc.constantFrom(
    '0',
    '0m',
    '0.0',
    '1',
    '100m',
    '1.5',
    '1n',
    '0.0000000001',
    '1Gi',
    '1024Mi',
    '1e3',
    '2E2',
    '-1',
    '+5'
  ),
  fc.constantFrom('1Ki', '128974848', '129e6', '129M', '123Mi', 'much', '', '1 Gi', '9'.repeat(30)),
  fc.integer({ min: -1, max: 5 }),
  fc.double({ min: 0, max: 2, noNaN: true })
)

const resourceName = fc.constantFrom(
  'cpu',
  'cpu',
  'memory',
  'memory',
  'ephemeral-storage',
  'nvidia.com/gpu',
  'hugepages-2Mi'
)
const resourceList = dictionary(
  fc.oneof({ weight: 9, arbitrary: resourceName }, fc.constantFrom('__proto__')),
  quantity
)

/** Requests and limits of any kind, and often the equal ones that make a pod Guaranteed. */
const resources = fc.oneof(
  { weight: 3, arbitrary: object({ requests: optional(resourceList), limits: optional(resourceList) }) },
  fc.constantFrom({ cpu: '1', memory: '1Gi' }, { cpu: '500m', memory: '64Mi' }).map((limits) => ({ limits })),
  fc
    .constantFrom({ cpu: '1', memory: '1Gi' }, { cpu: '0.5', memory: '67108864' })
    .map((limits) => ({ limits, requests: { ...limits } }))
)

const felixName = fc.constantFrom(
  'FELIX_IPTABLESBACKEND',
  'felix_iptablesbackend',
  'Felix_IptablesBackend',
  'FELIX_IPTABLES_BACKEND',
  'FELIX_LOGSEVERITYSCREEN',
  'DOTNET_ThreadPool_ForceMaxWorkerThreads',
  'PATH'
)
const felixValue = fc.constantFrom('NFT', 'nft', 'Legacy', 'legacy', 'Auto', '', ' NFT', 'none', 'FF', 'zzz')

const envVar = fc.oneof(
  { weight: 6, arbitrary: object({ name: felixName, value: optional(felixValue) }) },
  object({ name: felixName, valueFrom: fc.constant({ configMapKeyRef: { name: 'c', key: 'k' } }) }),
  object({ name: fc.string({ maxLength: 8 }), value: fc.string({ maxLength: 8 }) })
)
const env = optional(fc.array(envVar, { maxLength: 14 }))

function container(change: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<JsonRecord> {
  return object({
    name: fc.constantFrom('app', 'calico-node', 'proxy', 'x'),
    image: optional(fc.constantFrom('example.com/app:1', 'docker.io/calico/node:v3.28.0', 'mcr.example.com/dotnet:8')),
    env,
    envFrom: optional(fc.array(fc.constant({ configMapRef: { name: 'c' } }), { maxLength: 1 })),
    command: optional(fc.array(fc.string({ maxLength: 5 }), { maxLength: 2 })),
    args: optional(fc.constantFrom(['--collector.processes'], ['-XX:ActiveProcessorCount=2'], [])),
    resources: optional(resources),
    ...change
  })
}

export const podSpec = object({
  containers: fc.array(container(), { minLength: 1, maxLength: 4 }),
  initContainers: optional(
    fc.array(container({ restartPolicy: optional(fc.constantFrom('Always')) }), { maxLength: 3 })
  ),
  ephemeralContainers: optional(fc.array(container({ resources: fc.constant(undefined) }), { maxLength: 1 })),
  resources: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(null, undefined) }, resources),
  nodeSelector: optional(fc.constantFrom({ 'kubernetes.io/os': 'linux' }, { 'kubernetes.io/os': 'windows' }))
})

const annotationValue = fc.oneof(
  fc.constantFrom('1', '50', '4194304', '4194305', '0', '-1', '0x10', '1e3', '', 'inject', 'NaN', ' 5'),
  fc.string({ maxLength: 10 })
)
const annotationKey = fc.constantFrom(declaredPids, declaredPids, pidsEstimate, threadCap, ...hostileKeys)

/** Annotations among which `pidguard.io/pids` is valid or absent. */
const soundAnnotations = dictionary(
  annotationKey.filter((key) => key !== declaredPids),
  annotationValue
).chain((held) =>
  fc.constantFrom<JsonRecord>({}, { [declaredPids]: '1' }, { [declaredPids]: '4194304' }).map((declared) => {
    return Object.assign(held, declared)
  })
)

const owner = object({
  apiVersion: fc.constantFrom('apps/v1', 'operator.tigera.io/v1', 'batch/v1'),
  kind: fc.constantFrom('ReplicaSet', 'Installation', 'Job', 'constructor'),
  name: fc.constantFrom('web', 'default', 'backup-29012345'),
  controller: optional(fc.boolean())
})

function metadata(annotations: fc.Arbitrary<unknown>): fc.Arbitrary<JsonRecord> {
  return object({
    name: optional(fc.constantFrom('web', 'calico-node', '')),
    generateName: optional(fc.constant('web-')),
    namespace: optional(fc.constant('default')),
    labels: optional(
      dictionary(
        fc.constantFrom(...hostileKeys, 'app', 'pod-template-hash'),
        fc.constantFrom('calico-node', 'dotnet', 'x')
      )
    ),
    annotations: optional(annotations),
    ownerReferences: optional(fc.array(owner, { maxLength: 2 }))
  })
}

const anyAnnotations = dictionary(
  annotationKey.filter((key) => key !== mirrorPod),
  annotationValue
)

function podOf(annotations: fc.Arbitrary<unknown>): fc.Arbitrary<JsonRecord> {
  return object({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Pod'),
    metadata: optional(metadata(annotations)),
    spec: podSpec
  })
}

/** Pods as the API server lets them through to webhooks, their annotations hostile. */
export const pod = podOf(anyAnnotations)
/** Pods whose declared PIDs, if any, are a count of tasks. */
export const soundPod = podOf(soundAnnotations)

const template = object({ metadata: optional(metadata(anyAnnotations)), spec: podSpec })

/** Workloads of every kind that holds a template. */
const workload = fc.constantFrom(...podKinds.filter((kind) => kind !== '/Pod')).chain((groupKind) => {
  const [group, kind] = groupKind.split('/') as [string, string]
  return object({
    apiVersion: fc.constant(group === '' ? 'v1' : `${group}/v1`),
    kind: fc.constant(kind),
    metadata: optional(metadata(anyAnnotations)),
    spec:
      kind === 'CronJob'
        ? object({ jobTemplate: object({ spec: object({ template }) }) })
        : object({ template: optional(template) })
  })
})

/** DaemonSets of calico-node, with every way to get its environment and its update strategy wrong. */
export const calico = object({
  apiVersion: fc.constant('apps/v1'),
  kind: fc.constant('DaemonSet'),
  metadata: optional(metadata(anyAnnotations)),
  spec: object({
    updateStrategy: optional(
      fc.constantFrom<unknown>(
        { type: 'OnDelete' },
        { type: 'OnDelete', rollingUpdate: null },
        { type: 'OnDelete', rollingUpdate: { maxUnavailable: 1 } },
        { type: 'RollingUpdate' },
        { type: 7 },
        {}
      )
    ),
    template: object({
      metadata: fc.constant({ labels: { 'k8s-app': 'calico-node' } }),
      spec: object({
        containers: fc
          .tuple(container({ name: fc.constant('calico-node') }), fc.array(container(), { maxLength: 1 }))
          .map(([first, others]) => [...others.filter((other) => other['name'] !== 'calico-node'), first])
      })
    })
  })
})

/** Everything the rules know how to mend. */
export const anyObject = fc.oneof(pod, workload, calico)

/** Objects of known kinds in which anything may stand anywhere. */
export const malformedObject = fc
  .tuple(
    fc.constantFrom(
      'v1/Pod',
      'apps/v1/Deployment',
      'apps/v1/DaemonSet',
      'batch/v1/CronJob',
      'crd.projectcalico.org/v1/FelixConfiguration'
    ),
    fc.oneof(anyObject, fc.constant({})),
    fc.array(
      fc.tuple(
        fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 }),
        fc.oneof(
          fc.jsonValue({ maxDepth: 2 }),
          fc.constantFrom<unknown>({ toString: 1, valueOf: 1 }, null, [], {}, [null], 5)
        )
      ),
      { maxLength: 4 }
    )
  )
  .map(([kind, base, changes]) => {
    const object = JSON.parse(JSON.stringify(base)) as JsonRecord
    const slash = kind.lastIndexOf('/')
    object['apiVersion'] = kind.slice(0, slash)
    object['kind'] = kind.slice(slash + 1)
    for (const [path, value] of changes) replaceAt(object, path, structuredClone(value))
    return object
  })

/** Walks down by the n-th member of each level and puts the value there; identity stays as it is. */
function replaceAt(object: JsonRecord, path: readonly number[], value: unknown): void {
  let holder: Record<string, unknown> = object
  for (const [depth, step] of path.entries()) {
    const keys = Object.keys(holder).filter((key) => depth > 0 || (key !== 'apiVersion' && key !== 'kind'))
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) return
    const next = Object.getOwnPropertyDescriptor(holder, key)?.value as unknown
    if (depth === path.length - 1 || typeof next !== 'object' || next === null) {
      Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
      return
    }
    holder = next as Record<string, unknown>
  }
}

const mode = fc.constantFrom<Mode>('enforce', 'warn', 'audit', 'off')

/** Policies in force: injecting or not, with profiles, with a Calico backend or without. */
export const anySettings = fc
  .record({
    modes: fc.oneof(
      fc.constant({}),
      fc.dictionary(fc.constantFrom('best-effort', 'resource-requests', 'pid-annotations', 'runtime-thread-cap'), mode)
    ),
    bestEffortPods: fc.constantFrom<'inject' | 'reject'>('inject', 'reject'),
    limit: fc.constantFrom(undefined, 100),
    iptablesBackend: fc.constantFrom<'Legacy' | 'NFT' | undefined>('Legacy', 'NFT', undefined),
    operatorManaged: fc.constantFrom<'report' | 'mutate'>('report', 'mutate'),
    updateStrategy: fc.constantFrom<'OnDelete' | 'hold'>('OnDelete', 'hold'),
    runtime: fc.constantFrom<'dotnet' | 'jvm' | 'nodejs' | undefined>('dotnet', 'jvm', 'nodejs', undefined)
  })
  .map(({ modes, bestEffortPods, limit, iptablesBackend, operatorManaged, updateStrategy, runtime }) =>
    settings({
      modes: { 'runtime-thread-cap': 'enforce', ...modes },
      requests: { bestEffortPods },
      pids: {
        limit,
        profiles:
          runtime === undefined
            ? []
            : [
                {
                  name: 'profile',
                  match: { images: runtime === 'dotnet' ? ['*dotnet*'] : [], selector: undefined },
                  estimate: 300,
                  limit: 400,
                  threadCap: { runtime, threads: 64 }
                }
              ]
      },
      calico: { iptablesBackend, operatorManaged, updateStrategy, repair: false }
    })
  )
