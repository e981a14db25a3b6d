import t from 'tap'
import { fillFromLimitRanges } from '../../../src/kubernetes/qos/limit-range-defaults.ts'
import type { LimitRangeItem, PodSpec, ResourceRequirements } from '../../../src/kubernetes/types.ts'

const cases: readonly {
  name: string
  resources?: ResourceRequirements
  items: readonly LimitRangeItem[]
  want: ResourceRequirements | undefined
}[] = [
  {
    name: 'a default request and a default limit fill what is missing',
    items: [{ type: 'Container', default: { memory: '256Mi' }, defaultRequest: { cpu: '200m' } }],
    want: { limits: { memory: '256Mi' }, requests: { memory: '256Mi', cpu: '200m' } }
  },
  {
    name: 'the max is the default limit, the min the default request',
    items: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '8Mi' } }],
    want: { limits: { cpu: '2' }, requests: { cpu: '2', memory: '8Mi' } }
  },
  {
    name: 'a limit without a request has become the request before',
    resources: { limits: { cpu: '1' } },
    items: [{ type: 'Container', defaultRequest: { cpu: '200m' } }],
    want: { limits: { cpu: '1' } }
  },
  {
    name: 'what is written stays, an explicit zero too',
    resources: { requests: { cpu: 0 } },
    items: [{ type: 'Container', defaultRequest: { cpu: '200m', memory: '8Mi' } }],
    want: { requests: { cpu: 0, memory: '8Mi' } }
  },
  {
    name: 'the first LimitRange that gives a resource wins',
    items: [
      { type: 'Container', defaultRequest: { cpu: '1m' } },
      { type: 'Container', defaultRequest: { cpu: '2m', memory: '1Mi' } }
    ],
    want: { requests: { cpu: '1m', memory: '1Mi' } }
  },
  { name: 'those of Pods and PVCs give nothing', items: [{ type: 'Pod', max: { cpu: '2' } }], want: undefined }
]
for (const { name, resources, items, want } of cases) {
  void t.test(name, async (t) => {
    const podSpec: PodSpec = { containers: [{ name: 'a', ...(resources && { resources }) }] }
    const before = structuredClone(podSpec)
    const isChanged = fillFromLimitRanges(podSpec, items)
    t.strictSame(podSpec.containers?.[0]?.resources, want)
    t.equal(isChanged, JSON.stringify(podSpec) !== JSON.stringify(before))
  })
}

void t.test('init containers are filled, ephemeral ones are not', async (t) => {
  const podSpec: PodSpec = {
    initContainers: [{ name: 'i' }],
    containers: [{ name: 'a' }],
    ephemeralContainers: [{ name: 'e' }]
  }
  fillFromLimitRanges(podSpec, [{ type: 'Container', defaultRequest: { cpu: '1m' } }])
  t.strictSame(podSpec.initContainers?.[0]?.resources, { requests: { cpu: '1m' } })
  t.equal(podSpec.ephemeralContainers?.[0]?.resources, undefined)
})
