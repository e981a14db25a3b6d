import t from 'tap'
import { qosClassOf } from '../../src/kubernetes/qos/qos.ts'
import type { LimitRangeItem } from '../../src/kubernetes/types.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { pidAnnotations } from '../../src/rules/pid-annotations.ts'
import { pidRequests } from '../../src/rules/pid-requests.ts'
import { fleetOf, type NodeSketch } from '../support/headroom.ts'
import { findingsOf, mended, skipsOf, told, type World } from '../support/judge.ts'
import { podObject, podSubject, workloadObject } from '../support/subjects.ts'

const on = { headroom: { schedulePids: true } }
const offering: NodeSketch = { offered: 900 }

function world(
  nodes: Readonly<Record<string, NodeSketch>> = { a: offering },
  limitRanges: LimitRangeItem[] = []
): World {
  return { settings: on, facts: { headroom: fleetOf(nodes).headroom, limitRanges } }
}

const name = 'pidguard.io/pids'
const declaring = (pids: string) => ({ annotations: { [name]: pids } })
const app = (more: object = {}) => ({ name: 'app', image: 'example.com/app:1', ...more })

/** The request of the first container after the fix; its limit is the same. */
function requested(spec: JsonRecord, metadata: JsonRecord, around: World): unknown {
  const { object } = mended([pidRequests], podObject(spec, metadata), around)
  const { containers } = object['spec'] as { containers: { resources?: Record<string, Record<string, unknown>> }[] }
  const { requests, limits } = containers[0]?.resources ?? {}
  t.strictSame(limits?.[name], requests?.[name], 'request = limit')
  return requests?.[name]
}

t.test('a pod requests its estimate', async (t) => {
  t.equal(requested({}, {}, world()), '50', 'the default')
  t.equal(requested({}, declaring('120'), world()), '120', 'what it declares')
  t.equal(requested({ containers: [app(), app({ name: 'b' })] }, {}, world()), '50', 'once, for all its containers')
})

t.test('every node that it may land on has to offer the resource', async (t) => {
  t.equal(requested({}, {}, world({ a: offering, b: {} })), undefined)
  t.equal(requested({}, {}, world({ a: offering, b: { offered: 0 } })), '50', 'also one that has none left')
  t.equal(requested({}, {}, world({ a: offering, b: { unschedulable: true } })), '50', 'a cordoned one is none of them')
  t.equal(
    requested({}, {}, world({ a: offering, b: { joined: 119_999 } })),
    '50',
    'a new one will offer it in a moment'
  )
  t.equal(requested({}, {}, world({ a: offering, b: { joined: 120_001 } })), undefined, 'one that still does not')
  t.equal(requested({}, {}, world({ b: { joined: 0 } })), undefined, 'new ones alone')
  t.equal(requested({}, {}, world({})), undefined, 'no node at all')
  const elsewhere = { nodeSelector: { pool: 'x' } }
  t.equal(requested(elsewhere, {}, world()), '50', 'no node that matches yet: the one that comes will offer it')
  t.equal(requested(elsewhere, {}, world({ a: offering, b: {} })), undefined, 'unless others do not')
  const scaled = { ...world(), settings: { headroom: { schedulePids: true, autoscaled: true } } }
  t.equal(requested(elsewhere, {}, scaled), undefined, 'an autoscaler may not know that')
  t.equal(requested({}, {}, scaled), '50')
  const pools = { a: { ...offering, labels: { pool: 'x' } }, b: { labels: { pool: 'y' } } }
  t.equal(requested({ nodeSelector: { pool: 'x' } }, {}, world(pools)), '50')
  t.equal(requested({ nodeName: 'a' }, {}, world()), undefined, 'its kubelet would refuse it')
  t.equal(requested({ nodeName: '' }, {}, world()), '50')
})

t.test('what its author wrote stays', async (t) => {
  const own = (list: object) => ({ containers: [app(), app({ name: 'b', resources: list })] })
  t.equal(requested(own({ requests: { [name]: '7' }, limits: { [name]: '7' } }), {}, world()), undefined)
  t.equal(requested(own({ requests: { [name]: '0' }, limits: { [name]: '0' } }), {}, world()), undefined, 'also zero')
  t.equal(requested(own({ limits: { [name]: '7' } }), {}, world()), undefined)
})

t.test('LimitRanges bound it', async (t) => {
  const cases: { items: LimitRangeItem[]; want: unknown }[] = [
    { items: [{ type: 'Container', max: { [name]: '40' } }], want: '40' },
    { items: [{ type: 'Container', min: { [name]: '60' } }], want: '60' },
    { items: [{ type: 'Pod', max: { [name]: '49' } }], want: '49' },
    { items: [{ type: 'Container', max: { [name]: '50' } }], want: '50' },
    { items: [{ type: 'Container', max: { [name]: '0' } }], want: undefined },
    { items: [{ type: 'Container', max: { cpu: '1' } }], want: '50' },
    { items: [{ type: 'PersistentVolumeClaim', max: { [name]: '1' } }], want: '50' }
  ]
  for (const { items, want } of cases) t.equal(requested({}, {}, world(undefined, items)), want, JSON.stringify(items))
})

t.test('the QoS class stays', async (t) => {
  for (const resources of [undefined, { requests: { cpu: '1' } }, { limits: { cpu: '1', memory: '1Gi' } }]) {
    const spec = { containers: [app(resources === undefined ? {} : { resources })] }
    const { object } = mended([pidRequests], podObject(spec), world())
    t.equal(qosClassOf(object['spec'] as object), qosClassOf(podSubject(spec).podSpec))
  }
})

t.test(
  'together with the annotations: the second time nothing is left to do, and the estimate is the same',
  async (t) => {
    const { object } = mended([pidAnnotations, pidRequests], podObject({}, declaring('120')), world())
    t.match(object, {
      metadata: { annotations: { 'pidguard.io/pids-estimate': '120', 'pidguard.io/pids-estimate-source': 'declared' } },
      spec: { containers: [{ resources: { requests: { [name]: '120' }, limits: { [name]: '120' } } }] }
    })
    const { object: plain } = mended([pidAnnotations, pidRequests], podObject(), world())
    t.match(plain, { metadata: { annotations: { 'pidguard.io/pids-estimate-source': 'default' } } })
  }
)

t.test('what is not known gives no request, and is said', async (t) => {
  const { facts } = world()
  for (const missing of ['headroom', 'limitRanges'] as const) {
    const { [missing]: _, ...rest } = facts ?? {}
    const without = { settings: on, facts: rest }
    t.strictSame(mended([pidRequests], podObject(), without).operations, [])
    t.strictSame(skipsOf(pidRequests, podObject(), without), [`${missing} not known`])
  }
})

t.test('without the setting nothing is asked', async (t) => {
  const off = { ...world(), settings: {} }
  t.strictSame(mended([pidRequests], podObject(), off).operations, [])
  t.strictSame(findingsOf(pidRequests, podObject(), off), [])
  t.strictSame(skipsOf(pidRequests, podObject(), { settings: {} }), [])
})

t.test(
  'a pod that comes without, as when the mutating webhook is away, is warned about and never denied',
  async (t) => {
    t.strictSame(told(findingsOf(pidRequests, podObject(), world())), [
      'advice /spec/containers/0/resources/requests/pidguard.io~1pids'
    ])
  }
)

t.test('templates, existing pods and subresources are left as they are', async (t) => {
  t.strictSame(mended([pidRequests], workloadObject('apps/v1/Deployment'), world()).operations, [])
  const update: World = { ...world(), request: { operation: 'UPDATE', oldObject: podObject() } }
  t.strictSame(mended([pidRequests], podObject(), update).operations, [])
  t.strictSame(findingsOf(pidRequests, podObject(), update), [])
  t.strictSame(mended([pidRequests], podObject(), { ...world(), request: { subResource: 'resize' } }).operations, [])
})
