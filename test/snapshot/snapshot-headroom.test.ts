import { readFileSync } from 'node:fs'
import t from 'tap'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { standingOf } from '../../src/snapshot/snapshot-headroom.ts'
import { demand } from '../support/headroom.ts'

const load = (name: string) =>
  readSnapshot(name, readFileSync(new URL(`../fixtures/snapshots/${name}`, import.meta.url), 'utf8'))

void t.test('the incident, as it stood then: in use, and what two pods had still to show', async (t) => {
  const { headroom, ledger } = standingOf(load('kubepods-full.yaml'), () => 50)
  t.equal(ledger.podCount, 4)
  const floor = { pids: 0 }
  const full = headroom.assess(demand({ pids: 1, floor, maxAge: 7_000 }))
  t.equal(full.verdict, 'full')
  // 1500 - 1006 - 2 × (502 - 1): two pods of the template hold 502, so the two that have just started are expected to.
  t.match(full, { best: { node: 'node-a', ceilings: [{ ceiling: 'kubepods', committed: 2008, free: -508 }] } })
  // Its reading was 6 s old. It showed no free PIDs, so the node may be silent because it still has none.
  t.equal(headroom.assess(demand({ pids: 1, floor, maxAge: 5_000 })).verdict, 'full')
})

void t.test('the estimate is asked for each namespace; a node without a reading is not known', async (t) => {
  const asked: string[] = []
  const { headroom, ledger } = standingOf(load('thread-leak.yaml'), (namespace) => {
    asked.push(namespace)
    return 100
  })
  t.ok(asked.includes('orders'))
  t.match(headroom.assessNode('node-3', demand()), { verdict: 'unknown', why: 'no reading' })
  t.equal(ledger.pod('u8')?.state, 'waiting')
})
