import t from 'tap'
import { containersLimit } from '../../../src/kubernetes/pods/pod-shape.ts'
import { keysLimit } from '../../../src/kubernetes/qos/resource-lists.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { podObject, subjectFrom } from '../../support/subjects.ts'

const malformedPods: { name: string; object: JsonRecord; at: string }[] = [
  { name: 'metadata that is text', object: { ...podObject(), metadata: 'text' }, at: '/metadata' },
  { name: 'a spec that is a list', object: { apiVersion: 'v1', kind: 'Pod', spec: [] }, at: '/spec' },
  { name: 'a label that is a number', object: podObject({}, { labels: { a: 1 } }), at: '/metadata/labels/a' },
  {
    name: 'an annotation that is an object; its key is escaped',
    object: podObject({}, { annotations: { 'pidguard.io/pids~': {} } }),
    at: '/metadata/annotations/pidguard.io~1pids~0'
  },
  { name: 'labels that are a list', object: podObject({}, { labels: [] }), at: '/metadata/labels' },
  {
    name: 'an owner that is none',
    object: podObject({}, { ownerReferences: [{}] }),
    at: '/metadata/ownerReferences/0'
  },
  {
    name: 'owners that are an object',
    object: podObject({}, { ownerReferences: {} }),
    at: '/metadata/ownerReferences'
  },
  { name: 'a name that is a number', object: podObject({}, { name: 1 }), at: '/metadata/name' },
  { name: 'containers that are an object', object: podObject({ containers: {} }), at: '/spec/containers' },
  { name: 'a container that is null', object: podObject({ containers: [null] }), at: '/spec/containers/0' },
  { name: 'a container without a name', object: podObject({ containers: [{}] }), at: '/spec/containers/0/name' },
  {
    name: 'an image that is a number',
    object: podObject({ initContainers: [{ name: 'a', image: 1 }] }),
    at: '/spec/initContainers/0/image'
  },
  {
    name: 'env that is an object',
    object: podObject({ ephemeralContainers: [{ name: 'a', env: {} }] }),
    at: '/spec/ephemeralContainers/0/env'
  },
  { name: 'envFrom', object: podObject({ containers: [{ name: 'a', envFrom: 1 }] }), at: '/spec/containers/0/envFrom' },
  {
    name: 'command',
    object: podObject({ containers: [{ name: 'a', command: 'sh' }] }),
    at: '/spec/containers/0/command'
  },
  {
    name: 'an argument that is an object without toString',
    object: podObject({ containers: [{ name: 'a', args: ['x', { toString: 1 }] }] }),
    at: '/spec/containers/0/args/1'
  },
  { name: 'args', object: podObject({ containers: [{ name: 'a', args: {} }] }), at: '/spec/containers/0/args' },
  {
    name: 'a quantity that is an object',
    object: podObject({ containers: [{ name: 'a', resources: { requests: { 'example.com/gpu': {} } } }] }),
    at: '/spec/containers/0/resources/requests/example.com~1gpu'
  },
  { name: 'pod-level limits', object: podObject({ resources: { limits: [] } }), at: '/spec/resources/limits' },
  { name: 'a node selector', object: podObject({ nodeSelector: [] }), at: '/spec/nodeSelector' }
]
for (const { name, object, at } of malformedPods) {
  void t.test(`malformed: ${name} is refused with its place`, async (t) => {
    t.throws(() => subjectFrom(object), { code: 'ERR_OBJECT_MALFORMED', message: new RegExp(`^${at}: expected `) })
  })
}

void t.test('containers and keys have bounds, at them and one past', async (t) => {
  const containers = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `c${i}` }))
  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, '1']))
  const cases: [(count: number) => JsonRecord, number, string][] = [
    [(count) => podObject({ containers: containers(count) }), containersLimit, '/spec/containers'],
    [(count) => podObject({ initContainers: containers(count) }), containersLimit, '/spec/initContainers'],
    [(count) => podObject({}, { labels: keys(count) }), keysLimit, '/metadata/labels'],
    [(count) => podObject({}, { annotations: keys(count) }), keysLimit, '/metadata/annotations'],
    [(count) => podObject({ nodeSelector: keys(count) }), keysLimit, '/spec/nodeSelector'],
    [
      (count) => podObject({ containers: [{ name: 'a', resources: { requests: keys(count) } }] }),
      keysLimit,
      '/spec/containers/0/resources/requests'
    ]
  ]
  for (const [object, limit, at] of cases) {
    t.doesNotThrow(() => subjectFrom(object(limit)), at)
    const message = new RegExp(`^${at}: expected at most ${limit} .*, found ${limit + 1}$`)
    t.throws(() => subjectFrom(object(limit + 1)), { code: 'ERR_OBJECT_TOO_LARGE', message })
  }
})

void t.test('null is what the API server decodes it to', async (t) => {
  const spec = {
    resources: { requests: { cpu: null } },
    nodeSelector: { zone: null },
    initContainers: [{ name: 'i', resources: { limits: { memory: null, 'example.com/gpu': null } } }],
    containers: [{ name: 'a', command: [null], args: ['x', null], resources: { requests: null, limits: { cpu: '1' } } }]
  }
  const { object } = subjectFrom(podObject(spec, { labels: { a: null }, annotations: { b: null } }))
  t.match(object, {
    metadata: { labels: { a: '' }, annotations: { b: '' } },
    spec: {
      resources: { requests: { cpu: '0' } },
      nodeSelector: { zone: '' },
      initContainers: [{ resources: { limits: { memory: '0', 'example.com/gpu': '0' } } }],
      containers: [{ command: [''], args: ['x', ''], resources: { requests: null, limits: { cpu: '1' } } }]
    }
  })
})
