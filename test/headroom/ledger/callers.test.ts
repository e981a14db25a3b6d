import t from 'tap'
import { Callers, doubtTime, nobody, provenTime, unknownCaller } from '../../../src/headroom/ledger/callers.ts'
import { assumedTime } from '../../../src/headroom/ledger/pod-states.ts'
import { demand, emptyFleet, nodeFacts, plain, podFacts, reading } from '../../support/headroom.ts'

const podGroup = { key: 'shop/train', size: 2, startsWhole: true }

function asked(uid: string, caller: string | undefined, namespace = 'shop') {
  return { uid, caller, namespace, workload: { kind: 'Deployment', name: 'web' }, pids: 100, placement: plain }
}

/** Pods that it asked about were stored there. */
function knownIn(callers: Callers, caller: string, ...namespaces: readonly string[]): void {
  for (const namespace of namespaces) {
    callers.ask(asked(`known in ${namespace}`, caller, namespace), 0)
    callers.show(`known in ${namespace}`, 0)
  }
}

t.test('while no request was stored, all are believed; then those of callers whose pods are stored', async (t) => {
  const callers = new Callers()
  const names = (at: number) => [callers.ask(asked('x', 'stranger'), at), callers.ask(asked('y', 'api'), at)]
  t.match(names(0), [{ namespace: 'shop' }, { namespace: 'shop' }])
  t.equal(callers.show('y', 1), false, 'it counted in its namespace already')
  t.match(names(1), [{ namespace: nobody, workload: { kind: 'Pod' } }, { namespace: 'shop' }])
  t.equal(callers.show('x', 1), true)
  t.match(names(1), [{ namespace: 'shop' }, { namespace: 'shop' }], 'both ask about pods that are stored')
  t.match(names(provenTime), [{ namespace: 'shop' }, { namespace: 'shop' }])
  t.match(names(provenTime + 1), [{ namespace: 'shop' }, { namespace: 'shop' }], 'as after a start')
})

t.test('a request that was not stored makes its caller doubted: for its namespace, or wholly', async (t) => {
  const callers = new Callers()
  callers.ask(asked('a', 'api'), 0)
  callers.ask(asked('x', 'stranger'), 0)
  callers.miss('x', 0)
  t.equal(callers.believes(asked('', 'stranger', 'other'), 0), false, 'none of its requests was ever stored')
  callers.show('a', 0)
  callers.ask(asked('b', 'api'), 0)
  callers.miss('b', 0)
  t.strictSame(
    ['shop', 'other'].map((namespace) => callers.believes(asked('', 'api', namespace), 0)),
    [false, true]
  )
  t.equal(callers.believes(asked('', 'api'), doubtTime - 1), false)
  t.equal(callers.believes(asked('', 'api'), doubtTime), true)
})

t.test('a caller is believed where its pods were stored, and where those of nobody were', async (t) => {
  const callers = new Callers()
  const isBelieved = (namespace: string, at = 0) => callers.believes({ caller: 'x', namespace }, at)
  knownIn(callers, 'api', 'shop')
  knownIn(callers, 'x', 'own')
  t.strictSame(
    ['own', 'shop', 'new'].map((each) => isBelieved(each)),
    [true, false, true]
  )
  t.match(callers.ask(asked('a', 'x'), 0), { namespace: nobody }, 'not where pods of another caller are stored')
  callers.ask(asked('b', 'api', 'other'), 1)
  callers.show('b', 1)
  knownIn(callers, 'x', 'with a space')
  callers.ask(asked('c', 'x', 'own'), 1)
  callers.show('c', 1)
  t.equal(isBelieved('shop', provenTime), true, 'the pods of the other one were stored an hour ago')
  t.equal(isBelieved('other', provenTime), false)
  callers.ask(asked('d', 'api', 'other'), provenTime)
  callers.show('d', provenTime)
  t.equal(isBelieved('new', provenTime + 1), false, 'its own were, too')
})

t.test('a caller whose address is not known is never believed, also when its pod is stored', async (t) => {
  const callers = new Callers()
  t.match(callers.ask(asked('a', unknownCaller), 0), { namespace: nobody }, 'nor while all others are')
  t.equal(callers.show('a', 0), true, 'it begins anew in its namespace')
  t.match(callers.ask(asked('b', unknownCaller), 0), { namespace: nobody })
  callers.miss('b', 0)
  t.equal(callers.believes(asked('', 'api'), 0), true)
})

t.test('a caller is believed again when one of its pods is stored', async (t) => {
  const callers = new Callers()
  for (const uid of ['a', 'b']) callers.ask(asked(uid, 'api'), 0)
  callers.miss('a', 0)
  t.equal(callers.believes(asked('', 'api'), 0), false)
  callers.show('b', 0)
  t.equal(callers.believes(asked('', 'api'), 0), true)
})

t.test('a request without a caller is believed; what was forgotten is neither proof nor doubt', async (t) => {
  const callers = new Callers()
  callers.ask(asked('a', 'api'), 0)
  callers.ask(asked('x', 'stranger'), 0)
  callers.forget('x')
  callers.miss('x', 0)
  t.equal(callers.show('x', 0), false)
  callers.show('a', 0)
  t.equal(callers.believes(asked('', 'stranger'), 0), false)
  t.strictSame(callers.ask(asked('b', undefined), 0), asked('b', undefined))
  callers.miss('b', 0)
})

t.test('doubts are kept of so many callers and namespaces, and no more', async (t) => {
  const callers = new Callers()
  for (let i = 0; i < 10_001; i++) {
    callers.ask(asked(`${i}`, `s${i}`), 0)
    callers.miss(`${i}`, 0)
  }
  t.equal(callers.believes(asked('', 's9999'), 0), false)
  t.equal(callers.believes(asked('', 's10000'), 0), true)
})

/** A node with room for 1,000 tasks, and an API server that is known. */
function fleet() {
  const all = emptyFleet()
  const { ledger, clock, headroom } = all
  ledger.observeNode(nodeFacts('n1'))
  ledger.observeReading(reading('n1', clock.now()))
  ledger.assume(asked('first', 'api', 'default'))
  ledger.observePod(podFacts('first', { phase: 'Succeeded' }))
  const isolation = { namespace: 'shop', share: 0.25 }
  return {
    ...all,
    most: () => {
      let pids = 1000
      while (headroom.assess(demand({ pids, isolation })).verdict !== 'fits') pids--
      return pids
    }
  }
}

t.test(
  'one who is not believed takes no more than the share from the namespace that he names, nor its budget',
  async (t) => {
    const { ledger, most, clock } = fleet()
    for (let i = 0; i < 50; i++) ledger.assume({ ...asked(`x${i}`, 'stranger'), group: podGroup })
    t.equal(most(), 800, 'as many whole pods as fit into a quarter')
    t.equal(ledger.namespace('shop'), undefined)
    t.equal(ledger.workloads.get('shop', { kind: 'Deployment', name: 'web' }), undefined)
    t.equal(ledger.gangs.get(podGroup.key), undefined)
    clock.advance(assumedTime)
    t.equal(most(), 1000)
  }
)

t.test('a pod that is stored after all counts in its namespace, with the figure that was stored', async (t) => {
  const { ledger, most } = fleet()
  ledger.assume({ ...asked('x', 'new API server'), pids: 900 })
  t.equal(most(), 1000, 'more than a quarter, so not at all')
  ledger.observePod(podFacts('x', { namespace: 'shop', estimated: 300, phase: 'Pending', placement: plain }))
  t.equal(most(), 700)
  t.equal(ledger.namespace('shop')?.estimates, 300)
  t.equal(ledger.reservations.admitted, 0)
  ledger.assume(asked('y', 'new API server'))
  t.equal(most(), 600, 'and its next requests there count in full')
})

t.test('nobody who is not believed has the gates of a pod removed', async (t) => {
  const { ledger } = fleet()
  ledger.observePod(podFacts('g', { namespace: 'shop', isGated: true, phase: 'Pending', estimated: 50 }))
  ledger.assume({ ...asked('g', 'stranger'), pids: 900 })
  t.match(ledger.pod('g'), { state: 'gated', estimate: 50 })
  ledger.assume({ ...asked('shown', 'api') })
  ledger.observePod(podFacts('shown', { namespace: 'shop', phase: 'Succeeded' }))
  ledger.assume({ ...asked('g', 'api'), pids: 900 })
  t.match(ledger.pod('g'), { state: 'waiting', estimate: 900 })
})

t.test(
  'a binding counts wherever pods of the namespace were stored for that caller, also after one that was not',
  async (t) => {
    const { ledger, clock } = fleet()
    ledger.observeNode(nodeFacts('dedicated', { taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] }))
    ledger.assume(asked('stored', 'api'))
    ledger.observePod(podFacts('stored', { namespace: 'shop', phase: 'Pending', placement: plain }))
    ledger.assume(asked('refused', 'api'))
    clock.advance(assumedTime)
    ledger.expire()
    const pending = { namespace: 'shop', phase: 'Pending', estimated: 50, placement: plain } as const
    for (const [uid, caller, want] of [
      ['a', 'api', 'dedicated'],
      ['b', 'stranger', undefined]
    ] as const) {
      ledger.observePod(podFacts(uid, pending))
      ledger.confirm(uid, 'dedicated', caller)
      t.equal(ledger.pod(uid)?.node?.name, want, caller)
    }
  }
)

t.test('of one who is not believed a binding counts only where a scheduler may have bound the pod', async (t) => {
  const { ledger } = fleet()
  ledger.observeNode(nodeFacts('dedicated', { taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] }))
  const pending = { namespace: 'shop', phase: 'Pending', estimated: 50, placement: plain } as const
  ledger.observePod(podFacts('gated', { ...pending, isGated: true }))
  ledger.observePod(podFacts('stuck', { ...pending, isUnschedulable: true }))
  ledger.observePod(podFacts('waits', pending))
  const nodeOf = (uid: string, node: string, caller: string) => {
    ledger.confirm(uid, node, caller)
    return ledger.pod(uid)?.node?.name
  }
  for (const caller of ['stranger', unknownCaller]) {
    t.equal(nodeOf('gated', 'n1', caller), undefined)
    t.equal(nodeOf('stuck', 'dedicated', caller), undefined)
    t.equal(nodeOf('waits', 'dedicated', caller), undefined)
  }
  t.equal(nodeOf('stuck', 'n1', 'stranger'), 'n1', 'the scheduler tries it again, and its status says nothing of that')
  t.equal(nodeOf('waits', 'n1', 'stranger'), 'n1', 'it may have been the scheduler')
  t.equal(nodeOf('waits', 'dedicated', 'stranger'), 'n1', 'and stays there')
  ledger.assume(asked('shown', 'api'))
  ledger.observePod(podFacts('shown', { namespace: 'shop', phase: 'Succeeded' }))
  for (const uid of ['gated', 'stuck', 'waits']) t.equal(nodeOf(uid, 'dedicated', 'api'), 'dedicated')
})
