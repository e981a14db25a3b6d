import t from 'tap'
import { fleetOf, plain, podFacts, reading } from '../../../support/headroom.ts'

t.test('no pod counts for more than the limit that its node has set for it', async (t) => {
  const { ledger, clock } = fleetOf({
    n1: { pods: { a: { estimate: 900 }, b: { estimate: 100 }, c: { estimate: 900 } } }
  })
  const read = (podLimits: ReadonlyMap<string, number> | undefined, a: number) => {
    clock.advance(1)
    ledger.observeReading({ ...reading('n1', clock.now()), pods: new Map([['a', a]]), podLimits })
    return [ledger.pod('a')?.estimate, ledger.node('n1')?.pending, ledger.namespace('default')?.committed]
  }
  t.strictSame(read(undefined, 0), [900, 1900, 1900])
  const limits = new Map([
    ['a', 700],
    ['b', 700]
  ])
  t.strictSame(read(limits, 200), [700, 500 + 100 + 900, 700 + 100 + 900], 'b needs less, c was not seen')
  ledger.observePod(podFacts('a', { node: 'n1', estimated: 900 }))
  t.equal(ledger.pod('a')?.estimate, 700, 'also after a change of the pod')
  t.strictSame(read(undefined, 200), [700, 1500, 1700], 'a reading without limits changes nothing')
  t.strictSame(read(new Map([['a', 1000]]), 200), [900, 700 + 100 + 900, 1900], 'its container was given more')
})

t.test(
  'a pod that was admitted with more than its annotations say counts with that, from no source they name',
  async (t) => {
    const { ledger } = fleetOf({ n1: {} })
    const workload = { kind: 'Pod', name: 'a' }
    ledger.assume({ uid: 'a', namespace: 'default', workload, pids: 120, placement: plain })
    const facts = podFacts('a', { phase: 'Pending', placement: plain })
    ledger.observePod(facts)
    t.strictSame(ledger.explain(facts), { pids: 120, source: undefined })
  }
)

t.test('tables say what a pod counts with, and where that comes from', async (t) => {
  const { ledger, clock } = fleetOf({ n1: {} })
  const said = (change: object) => {
    const facts = podFacts('a', { node: 'n1', ...change })
    ledger.observePod(facts)
    return ledger.explain(facts)
  }
  t.strictSame(said({}), { pids: 50, source: 'default' })
  t.strictSame(said({ estimated: 900, estimateSource: 'declared' }), { pids: 900, source: 'declared' })
  ledger.observeReading({ ...reading('n1', clock.now()), podLimits: new Map([['a', 700]]) })
  t.strictSame(said({ estimated: 900, estimateSource: 'declared' }), { pids: 700, source: 'limit' })
  t.equal(ledger.explain(podFacts('b')), undefined, 'a pod that is not here')
})
