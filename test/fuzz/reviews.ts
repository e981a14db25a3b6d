import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { reviewOf } from '../support/reviews.ts'
import { calicoObject, podObject, workloadObject } from '../support/subjects.ts'

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export type Random = () => number

export function sourceOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function below(random: Random, count: number): number {
  return Math.floor(random() * count)
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)] as T
}

/** Written as it stands: JSON that no value of JavaScript becomes. */
const rawMark = '\u0001raw:'

function nested(depth: number): string {
  return `${rawMark}${'['.repeat(depth)}${']'.repeat(depth)}`
}

/** A value that does not belong where it stands. */
function junk(random: Random, secret: string): unknown {
  const size = () => below(random, random() < 0.1 ? 3_000 : 60)
  return pick<() => unknown>(random, [
    ...[null, true, 0, -1, -0, 1e308, 2 ** 53, 1.5, 4_194_304, 4_194_305, '', 'x', [], {}, [null], [[]], [{}]].map(
      (each) => () => each
    ),
    ...['1e999', '-1e999', `{"__proto__":{"allowed":true},"constructor":{"prototype":{"a":1}}}`].map(
      (each) => () => rawMark + each
    ),
    () => nested(size() + 1),
    () => ({ toString: 1, valueOf: 2, hasOwnProperty: 3, length: 4 }),
    ...[
      '\ud800',
      '\u0000',
      '\u202e\u2066x',
      '1Ki',
      '.',
      '1e9999',
      '0x10',
      '٣',
      '*',
      '?*?*?*a',
      '\u001b[31m',
      '<script>',
      '::error::x'
    ].map((each) => () => each),
    () => 'a'.repeat(size() * 20),
    () => '9'.repeat(size()),
    () => Array(size()).fill(pick(random, [null, 'a', {}])),
    () => [{ name: 'a', value: secret }]
  ])()
}

const keys = [
  ...[
    '__proto__',
    'constructor',
    'metadata',
    'spec',
    'template',
    'annotations',
    'labels',
    'ownerReferences',
    'deletionTimestamp'
  ],
  ...[
    'pidguard.io/pids',
    'pidguard.io/pids-estimate',
    'pidguard.io/admission',
    'kubernetes.io/config.mirror',
    'schedulingGates'
  ],
  ...[
    'containers',
    'initContainers',
    'ephemeralContainers',
    'resources',
    'requests',
    'limits',
    'cpu',
    'memory',
    'env',
    'args'
  ],
  ...[
    'nodeName',
    'nodeSelector',
    'affinity',
    'tolerations',
    'replicas',
    'updateStrategy',
    'managedFields',
    'operation',
    'oldObject'
  ],
  ...['uid', 'kind', 'namespace', 'name', 'userInfo', 'dryRun', '', '\ud800', 'a/b~c', '0', '-1', 'length', 'toString']
]

/** Any object or list in it, and one of its keys. */
function placeIn(random: Random, root: object): readonly [holder: Record<string, unknown>, key: string] {
  let holder = root as Record<string, unknown>
  for (;;) {
    const names = Object.keys(holder)
    const key = names.length === 0 ? '' : pick(random, names)
    const next = holder[key]
    if (typeof next !== 'object' || next === null || random() < 0.15) return [holder, key]
    holder = next as Record<string, unknown>
  }
}

function define(holder: object, key: string, value: unknown): void {
  if (Array.isArray(holder) && !/^\d+$/.test(key)) holder.push(value)
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

/** A review as an API server sends it, changed in up to four places, and sometimes in its bytes. */
export function mutated(random: Random, index: number, secret: string): Buffer {
  const env = [{ name: 'PASSWORD', value: secret }]
  const pod = podObject({ containers: [{ name: 'app', image: 'example.com/app:1', env }] })
  const object = pick(random, [pod, calicoObject(), workloadObject('apps/v1/Deployment')])
  const review = structuredClone(reviewOf(object, { uid: `uid-${index}` }))
  for (let change = below(random, 4); change >= 0; change--) {
    const [holder, key] = placeIn(random, review)
    const value = holder[key]
    const kind = below(random, 5)
    if (kind === 0) define(holder, key, junk(random, secret))
    else if (kind === 1) delete holder[key]
    else if (kind === 2) define(holder, pick(random, keys), junk(random, secret))
    else if (kind === 3) define(holder, key, [value])
    else if (typeof value === 'string')
      define(holder, key, `${value}${pick(random, ['\u0000', '\n', ' ', '*', 'A'.repeat(300)])}`)
  }
  const bytes = bytesOf(review)
  return random() < 0.1 ? damaged(random, bytes) : bytes
}

/** A BestEffort pod of a guarded namespace, with noise where it must not matter: to be denied whatever the noise is. */
export function mustBeDenied(random: Random, index: number, secret: string): Buffer {
  const container = { name: 'app', image: 'example.com/app:1', env: [{ name: 'PASSWORD', value: secret }] as unknown[] }
  const pod = podObject({ containers: [container] }, { uid: `u-${index}` })
  const review = reviewOf(pod, { uid: `uid-${index}` })
  const { metadata, spec } = pod as { metadata: JsonRecord; spec: JsonRecord }
  const noise = junk(random, secret)
  const places: readonly (readonly [holder: object, names: readonly string[]])[] = [
    [
      metadata,
      ['__proto__', 'finalizers', 'managedFields', 'selfLink', 'deletionGracePeriodSeconds', 'deletionTimestamp']
    ],
    [spec, ['__proto__', 'overhead', 'volumes', 'hostPID', 'serviceAccountName', 'runtimeClassName', 'schedulerName']],
    [container, ['__proto__', 'lifecycle', 'livenessProbe', 'ports', 'volumeMounts', 'tty']],
    [review['request'] as object, ['__proto__', 'options', 'requestKind', 'requestResource']]
  ]
  const [holder, names] = pick(random, places)
  define(holder, pick(random, names), noise)
  return bytesOf(review)
}

function bytesOf(review: object): Buffer {
  const text = JSON.stringify(review)
  // The mark and what follows it, as a string of JSON, become what they say.
  return Buffer.from(
    text.replaceAll(/"\\u0001raw:((?:[^"\\]|\\.)*)"/g, (_, raw: string) => JSON.parse(`"${raw}"`)),
    'utf8'
  )
}

function damaged(random: Random, bytes: Buffer): Buffer {
  const at = below(random, bytes.length)
  return pick<() => Buffer>(random, [
    () => bytes.subarray(0, at),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
    () => Buffer.from(bytes.toString('utf8'), 'utf16le'),
    () => Buffer.concat([bytes, Buffer.from('{}')]),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from([below(random, 256)]), bytes.subarray(at + 1)]),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from('"managedFields":['), bytes.subarray(at)])
  ])()
}
