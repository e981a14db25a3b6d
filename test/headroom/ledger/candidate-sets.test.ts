import fc from 'fast-check'
import t from 'tap'
import { CandidateSets } from '../../../src/headroom/ledger/candidate-sets.ts'
import type { LedgerNode } from '../../../src/headroom/ledger/ledger-inputs.ts'
import { mayLand } from '../../../src/headroom/ledger/may-land.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { nodeFacts, pinnedTo, placementOf } from '../../support/headroom.ts'

const taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }
const tolerate = (toleration: JsonRecord): JsonRecord => ({ tolerations: [toleration] })

function where(key: string, operator: string, ...values: string[]): JsonRecord {
  const nodeSelectorTerms = [{ matchExpressions: [{ key, operator, values }] }]
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } }
}

t.test('sets follow the nodes one by one and are always what looking at all of them gives', async (t) => {
  const name = fc.constantFrom('n1', 'n2', 'n3', 'n4')
  const facts = fc.record({
    labels: fc.dictionary(fc.constantFrom('zone', 'cores'), fc.constantFrom('a', 'b', '8')),
    taints: fc.subarray([taint, { ...taint, key: 'other' }]),
    unschedulable: fc.boolean()
  })
  const placements = [
    placementOf({}),
    placementOf({ nodeSelector: { zone: 'a' } }),
    placementOf(tolerate({ operator: 'Exists' })),
    placementOf(where('cores', 'Gt', '4')),
    pinnedTo('n2'),
    placementOf({ nodeName: 'n3' })
  ]
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.option(facts)), { maxLength: 30, size: 'max' }), (changes) => {
      const nodes = new Map<string, { name: string; facts: LedgerNode | undefined }>()
      const sets = new CandidateSets(
        () => nodes.values(),
        (one) => nodes.get(one)
      )
      for (const [one, change] of changes) {
        const node = nodes.get(one) ?? { name: one, facts: undefined }
        nodes.set(one, node)
        node.facts = change === null ? undefined : nodeFacts(one, change)
        sets.changed(node)
        for (const placement of placements) {
          const kept = sets.of(placement).nodes.map((held) => held.name)
          const found = [...nodes.values()].filter((held) => held.facts !== undefined && mayLand(placement, held.facts))
          if (
            kept.sort().join() !==
            found
              .map((held) => held.name)
              .sort()
              .join()
          )
            throw new Error(placement.signature)
        }
      }
    }),
    { numRuns: 500, seed: 3 }
  )
  t.pass()
})

t.test('more sets than are remembered are found again', async (t) => {
  const node = { facts: nodeFacts('n1', { labels: { zone: '7' } }) }
  const sets = new CandidateSets(
    () => [node],
    () => node
  )
  const sizes = Array.from(
    { length: 300 },
    (_, i) => sets.of(placementOf({ nodeSelector: { zone: `${i}` } })).nodes.length
  )
  t.equal(sizes.filter((size) => size === 1).length, 1)
  t.equal(sets.of(placementOf({ nodeSelector: { zone: '7' } })).nodes.length, 1)
})

t.test('what a set costs to ask for is told before and after', async (t) => {
  const nodes = ['n1', 'n2', 'n3'].map((name) => ({ facts: nodeFacts(name) }))
  const sets = new CandidateSets(
    () => nodes,
    () => nodes[0]
  )
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`l${i}`, 'x']))
  const cases = [placementOf({}), pinnedTo('n1'), placementOf({ nodeSelector: many })]
  t.strictSame(
    cases.map((placement) => sets.isAtHand(placement)),
    [false, true, true]
  )
  for (const placement of [...cases, ...cases]) sets.of(placement)
  t.equal(sets.looked, 3, 'once all of them, for the one that is not at hand')
  t.ok(sets.isAtHand(placementOf({})))
})
