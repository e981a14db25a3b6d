import t from 'tap'
import { Placements } from '../../../src/kubernetes/placement/placement.ts'
import { pinnedTo, placementOf } from '../../support/headroom.ts'

t.test('the same text is the same placement', async (t) => {
  const placements = new Placements()
  const spec = () => ({ nodeSelector: { zone: 'a' }, tolerations: [{ operator: 'Exists' }] })
  t.equal(placements.of(spec()), placements.of(spec()))
  t.not(placements.of(spec()), placements.of({ nodeSelector: { zone: 'a' } }))
  t.not(placements.of(spec()), placements.of(spec(), 'daemon-set'), 'its maker adds tolerations')
  const onHost = { ...spec(), hostNetwork: true }
  t.not(
    placements.of(onHost, 'daemon-set'),
    placements.of(spec(), 'daemon-set'),
    'it adds one more on the host network'
  )
  t.equal(placements.of(onHost), placements.of(spec()), 'which is nothing to any other')
  t.equal(placements.of({}).signature, placements.of({ nodeName: '', nodeSelector: null, affinity: null }).signature)
})

t.test('a pod that can only go to one node names it', async (t) => {
  t.equal(placementOf({ nodeName: 'n1' }).pinned, 'n1')
  t.equal(pinnedTo('n2').pinned, 'n2')
  t.equal(placementOf({}).pinned, undefined)
  const field = (operator: string) => ({ matchFields: [{ key: 'metadata.name', operator, values: ['n1'] }] })
  const required = (...nodeSelectorTerms: unknown[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
  })
  t.equal(placementOf(required(field('NotIn'))).pinned, undefined)
  t.equal(placementOf(required(field('In'), field('In'))).pinned, undefined, 'one of several')
})

t.test('100 tests are looked into, and not one more', async (t) => {
  const selector = (count: number) => ({
    nodeSelector: Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']))
  })
  t.equal(placementOf(selector(100)).isTooLong, false)
  t.equal(placementOf(selector(101)).isTooLong, true)
  t.equal(placementOf({ ...selector(101), nodeName: 'n1' }).isTooLong, false, 'where they decide nothing')
  const tolerations = Array.from({ length: 101 }, () => ({ key: 'a' }))
  t.equal(placementOf({ tolerations }).isTooLong, true)
  const values = Array.from({ length: 20_000 }, (_, i) => `v${i}`)
  const nodeSelectorTerms = [{ matchExpressions: [{ key: 'zone', operator: 'In', values }] }]
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
  t.equal(placementOf({ affinity }).isTooLong, true, 'nor a megabyte of values')
})

t.test('many placements are forgotten, not kept for ever', async (t) => {
  const placements = new Placements()
  const first = placements.of({ nodeSelector: { a: 'x' } })
  for (let i = 0; i < 1_000; i++) placements.of({ nodeSelector: { a: `${i}` } })
  t.not(placements.of({ nodeSelector: { a: 'x' } }), first)
})
