import t from 'tap'
import {
  knownCeilings,
  lackOfLimit,
  lackOfUse,
  lowerLimit,
  shareOfLower,
  usedShareOf
} from '../../src/headroom/node-ceilings.ts'
import { nodeState } from '../support/nodes.ts'

t.test('the fuller ceiling comes first; one that is not known whole is none', async (t) => {
  const names = (state: Parameters<typeof nodeState>[0]) => knownCeilings(nodeState(state)).map(({ name }) => name)
  t.strictSame(names({ host: [100, 10], kubepods: [100, 20] }), ['kubepods', 'node'])
  t.strictSame(names({ host: [100, 20], kubepods: [100, 10] }), ['node', 'kubepods'])
  t.strictSame(names({ host: [100, null], kubepods: [100, 20] }), ['kubepods'])
  t.strictSame(names({ host: [null, 10] }), [])
  t.strictSame(names({}), [])
})

t.test('of no limit nothing is used, of a limit of nothing all', async (t) => {
  t.match(knownCeilings(nodeState({ host: ['unlimited', null], kubepods: [0, 0] })), [
    { name: 'kubepods', used: 1 },
    { name: 'node', limit: Number.POSITIVE_INFINITY, used: 0 }
  ])
})

t.test('the lower limit, whatever is used of it', async (t) => {
  t.strictSame(lowerLimit(nodeState({ host: [100, null], kubepods: [50, null] })), { name: 'kubepods', limit: 50 })
  t.strictSame(lowerLimit(nodeState({ host: [100, null] })), { name: 'node', limit: 100 })
  const unlimited = { host: ['unlimited', 1], kubepods: ['unlimited', 1] } as const
  t.equal(lowerLimit(nodeState(unlimited))?.limit, Number.POSITIVE_INFINITY)
  t.equal(lowerLimit(nodeState({})), undefined)
})

t.test('what is missing is named, and nothing is where all is known', async (t) => {
  t.equal(lackOfLimit(nodeState({}), ['node']), 'node not read')
  t.equal(lackOfLimit(nodeState({ host: [100, null] }), ['node']), undefined)
  t.equal(lackOfLimit(nodeState({ host: [100, null] }), ['node', 'kubepods']), 'ceiling of kubepods not known')
  t.equal(lackOfUse(nodeState({ host: [100, null], kubepods: [100, 1] })), 'ceiling of the node not known')
  t.equal(lackOfUse(nodeState({ host: [100, 1], kubepods: ['unlimited', null] })), undefined)
})

t.test('the share in use of a ceiling: unknown is not 0, and a limit of 0 is full', async (t) => {
  t.equal(usedShareOf({ limit: 200, inUse: 50 }), 0.25)
  t.equal(usedShareOf({ limit: 0, inUse: 0 }), 1)
  t.equal(usedShareOf({ limit: Number.POSITIVE_INFINITY, inUse: 50 }), 0)
  t.equal(usedShareOf({ limit: undefined, inUse: 50 }), undefined)
  t.equal(usedShareOf({ limit: 200, inUse: undefined }), undefined)
})

t.test('the share of the lower ceiling is known where both limits are', async (t) => {
  const of = (host: number | undefined, kubepods: number | undefined) =>
    shareOfLower(100, {
      node: 'n',
      at: 0,
      host: { limit: host, inUse: 1 },
      kubepods: { limit: kubepods, inUse: 1 },
      pods: undefined,
      podLimits: undefined,
      gaps: []
    })
  t.equal(of(1000, 500), 0.2)
  t.equal(of(1000, Number.POSITIVE_INFINITY), 0.1)
  t.equal(of(1000, undefined), undefined, 'the other may be the lower one')
  t.equal(of(undefined, 500), undefined)
  t.equal(of(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY), undefined)
  t.equal(of(0, 500), undefined)
  t.equal(shareOfLower(1, undefined), undefined)
})
