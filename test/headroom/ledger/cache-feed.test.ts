import t from 'tap'
import { feedOf } from '../../../src/headroom/ledger/cache-feed.ts'
import type { NodeFacts, PodFacts } from '../../../src/model/cluster-objects.ts'
import { demand, emptyFleet, nodeFacts, podFacts, reading } from '../../support/headroom.ts'

function pod(uid: string, on: string): PodFacts {
  return podFacts(uid, { node: on, estimated: 100 })
}

function fed() {
  const fleet = emptyFleet()
  const held = { nodes: new Map<string, NodeFacts>(), pods: new Map<string, PodFacts>() }
  const { nodes, pods } = feedOf(fleet.ledger, () => held)
  return { ...fleet, held, nodes, pods }
}

void t.test('nodes and pods come onto the ledger and leave it as the caches tell', async (t) => {
  const { ledger, clock, nodes, pods } = fed()
  nodes.changed?.(nodeFacts('n1'), undefined)
  pods.changed?.(pod('a', 'n1'), undefined)
  ledger.observeReading(reading('n1', clock.now()))
  t.equal(ledger.node('n1')?.pending, 100)
  pods.removed?.(pod('a', 'n1'))
  t.equal(ledger.node('n1')?.pending, 0)
  nodes.removed?.(nodeFacts('n1'))
  t.equal(ledger.node('n1'), undefined)
})

void t.test('what a full list does not hold any more is taken off, but not what was admitted since', async (t) => {
  const { ledger, headroom, held, nodes, pods } = fed()
  for (const name of ['n1', 'n2']) nodes.changed?.(nodeFacts(name), undefined)
  for (const uid of ['a', 'b']) pods.changed?.(pod(uid, 'n1'), undefined)
  const { placement } = demand()
  ledger.assume({ uid: 'new', namespace: 'default', workload: { kind: 'Pod', name: 'new' }, pids: 50, placement })
  held.nodes.set('n1', nodeFacts('n1'))
  held.pods.set('a', pod('a', 'n1'))
  nodes.synced?.()
  pods.synced?.()
  t.strictSame(
    [...headroom.accounts({ pids: 0 })].map((account) => account.node),
    ['n1']
  )
  t.strictSame(
    [ledger.pod('a')?.state, ledger.pod('b')?.state, ledger.pod('new')?.state],
    ['bound', undefined, 'assumed']
  )
})
