import { z } from 'zod'
import { toldRuntimes } from '../kubernetes/pods/told-runtime.ts'
import type { ReadingFailureReason } from '../model/node-reading.ts'
import { withoutCeilingReasons } from '../model/nodes-without-ceiling.ts'
import { unknownKey } from '../policy/document/fields.ts'

export const apiVersion = 'pidguard.io/v1alpha1'
export const kind = 'NodeSnapshot'

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
  'not-reported': true,
  'cri-stats': true,
  'cgroup-drivers': true
} satisfies Record<ReadingFailureReason, true>

/**
 * A mapping with these fields and no others. The error of unknown fields has one line for each, in the order of
 * the issue's `keys`, because zod reports them together and we report them one by one.
 */
function fields<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(String(key), 'field', known)).join('\n')
        : 'a mapping'
  })
}

const text = () => z.string({ error: 'a text' })
const instant = () => z.iso.datetime({ offset: true, error: 'an instant like 2026-11-21T10:55:30Z' })
const count = () => z.int({ error: 'a count of tasks' }).min(0, { error: 'a count of tasks' })
const strings = () => z.record(z.string(), text(), { error: 'a mapping of texts' })
const flag = () => z.boolean({ error: 'true or false' })
const list = <S extends z.ZodType>(item: S) => z.array(item, { error: 'a list' })

const limit = () => z.union([z.literal('unlimited'), count()], { error: 'a count of tasks, or unlimited' }).optional()

export const ceiling = fields({ limit: limit(), inUse: count().optional() })

export const pod = fields({
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
  /** Its request of the resource pidguard.io/pids. */
  requested: count().optional(),
  /** What its program runs on, and what tells it. */
  runtime: fields({
    runtime: z.enum(toldRuntimes, { error: `one of ${toldRuntimes.join(', ')}` }),
    by: text(),
    isCapped: flag().default(false)
  }).optional(),
  deleting: flag().default(false),
  threads: count().optional(),
  limit: count().optional()
})

/** A limit of a container or a unit that is at least half used; those of pods are with the pods. */
const nearLimit = fields({
  of: z.enum(['container', 'unit'], { error: 'container or unit' }),
  pod: text().optional(),
  name: text().default(''),
  limit: count(),
  inUse: count()
})

const failure = fields({
  reason: z.enum(Object.keys(reasons) as ReadingFailureReason[], { error: 'a reason' }),
  detail: text().default('')
})

const reading = fields({
  at: instant(),
  /** The node has no ceiling, and was not asked. */
  withoutCeiling: z.enum(withoutCeilingReasons, { error: 'windows, virtual or labelled' }).optional(),
  host: ceiling.default({}),
  hostCgroup: text().optional(),
  kubepods: ceiling.default({}),
  /** Where it is there, limits were read; a pod without one has none. */
  nearLimits: list(nearLimit).optional(),
  /** Why parts of it are missing. */
  gaps: list(failure).default([])
})

/** A pod's cgroup with tasks in it, whose Pod the API server does not have. */
const leftover = fields({ cgroup: text(), threads: count(), limit: count().optional() })

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
  failure: failure.optional(),
  /** Bytes. */
  memory: z.int({ error: 'a count of bytes' }).min(0, { error: 'a count of bytes' }).optional(),
  /** The resource pidguard.io/pids that the scheduler counts there. */
  offered: count().optional(),
  createdAt: instant().optional(),
  pods: list(pod).default([]),
  leftovers: list(leftover).default([])
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

/** A snapshot as it is written. */
export const document = fields({
  apiVersion: z.literal(apiVersion, { error: apiVersion }),
  kind: z.literal(kind, { error: kind }),
  takenAt: instant(),
  nodes: list(node),
  /** Pods that no node holds yet. */
  unbound: list(pod).default([]),
  namespaces: list(namespace).default([])
})
