import t from 'tap'
import { Headroom } from '../../../src/headroom/assess/headroom.ts'
import { Ledger } from '../../../src/headroom/ledger/ledger.ts'
import type { LedgerReading } from '../../../src/headroom/ledger/ledger-inputs.ts'
import { bridgedTime, clockSlack } from '../../../src/headroom/ledger/node-book.ts'
import { assumedTime, waitingTime } from '../../../src/headroom/ledger/pod-states.ts'
import { anyNode, type Placement } from '../../../src/kubernetes/placement.ts'
import { fakeClock } from '../../support/fakes.ts'
import { demand, nodeFacts, pinnedTo, podFacts, reading } from '../../support/headroom.ts'
import { recount } from '../../support/recount.ts'
import { SlowLedger } from '../../support/slow-ledger.ts'

/** Both ledgers, told the same, and the questions asked of the real one. */
function books() {
  const clock = fakeClock(0)
  const ledger = new Ledger(clock, () => 50)
  const slow = new SlowLedger()
  const headroom = new Headroom(ledger, clock)
  const tell = (what: (one: Ledger | SlowLedger) => void): void => {
    what(ledger)
    what(slow)
  }
  return {
    node: (name: string, change = {}) => tell((one) => one.observeNode(nodeFacts(name, change))),
    gone: (name: string) => tell((one) => one.removeNode(name)),
    read: (name: string, change: Partial<LedgerReading> = {}) =>
      tell((one) => one.observeReading(reading(name, clock.now(), change))),
    listed: () => tell((one) => one.retainPods(() => true)),
    pod: (uid: string, change = {}) => tell((one) => one.observePod(podFacts(uid, change))),
    delete: (uid: string) => {
      ledger.removePod(uid)
      slow.remove(uid)
    },
    admit: (uid: string, pids: number, placement: Placement = anyNode) =>
      tell((one) => one.assume({ uid, namespace: 'default', workload: { kind: 'Pod', name: uid }, pids, placement })),
    bind: (uid: string, node: string) => tell((one) => one.confirm(uid, node)),
    release: (uid: string) => tell((one) => one.release(uid)),
    setClock: (span: number) => {
      clock.set(span)
      slow.offset += span
    },
    wait: (span: number) => {
      clock.advance(span)
      ledger.expire()
      slow.advance(span)
    },
    /** The creationTimestamp of a pod of that age. */
    ago: (span: number) => clock.now() - span,
    /** What a pod of so many tasks is told; with the free PIDs of the best node where there is no room. */
    ask: (pids: number, change = {}) => {
      const assessment = headroom.assess(demand({ pids, ...change }))
      if (assessment.verdict === 'full') return `full ${assessment.best.node} ${assessment.best.ceilings[0]?.free}`
      return assessment.verdict === 'unknown' ? `unknown ${assessment.why}` : assessment.verdict
    },
    /** The same for a binding to the node. */
    askNode: (node: string, pids: number, uid?: string, maxAge = 60_000) =>
      headroom.assessNode(node, { pids, uid, floor: { pids: 0 }, maxAge }).verdict,
    check: () => recount(ledger, slow)
  }
}

type Books = ReturnType<typeof books>

interface Step {
  readonly what: string
  readonly act?: (books: Books) => void
  /** Questions and their answers after it. */
  readonly asks?: (books: Books) => readonly unknown[]
  readonly want?: readonly unknown[]
}

/** A life of three nodes. Limits are 1,000 under both ceilings unless a step says otherwise. */
const steps: readonly Step[] = [
  { what: '1 no node: nowhere to land', asks: (b) => [b.ask(1)], want: ['nowhere'] },
  {
    what: '2 a node that has said nothing is unknown',
    act: (b) => b.node('n1'),
    asks: (b) => [b.ask(1)],
    want: ['unknown no reading']
  },
  {
    what: '3 a reading: 1,000 fit, 1,001 do not',
    act: (b) => b.read('n1'),
    asks: (b) => [b.ask(1000), b.ask(1001)],
    want: ['fits', 'full n1 1000']
  },
  {
    what: '4 a pod the API shows there counts in full',
    act: (b) => b.pod('a', { node: 'n1', estimated: 300 }),
    asks: (b) => [b.ask(700), b.ask(701)],
    want: ['fits', 'full n1 700']
  },
  {
    what: '5 what it shows of its estimate is in use, and the rest still counts',
    act: (b) =>
      b.read('n1', {
        host: { limit: 1000, inUse: 250 },
        kubepods: { limit: 1000, inUse: 120 },
        pods: new Map([['a', 120]])
      }),
    asks: (b) => [b.ask(570), b.ask(571)],
    want: ['fits', 'full n1 570']
  },
  {
    what: '6 one that shows more than its estimate counts as what it shows, once',
    act: (b) =>
      b.read('n1', {
        host: { limit: 1000, inUse: 530 },
        kubepods: { limit: 1000, inUse: 400 },
        pods: new Map([['a', 400]])
      }),
    asks: (b) => [b.ask(470), b.ask(471)],
    want: ['fits', 'full n1 470']
  },
  {
    what: '7 the same event again changes nothing',
    act: (b) => b.pod('a', { node: 'n1', estimated: 300 }),
    asks: (b) => [b.ask(470), b.ask(471)],
    want: ['fits', 'full n1 470']
  },
  {
    what: '8 an admitted pod counts before anybody shows it',
    act: (b) => b.admit('b', 200),
    asks: (b) => [b.ask(270), b.ask(271)],
    want: ['fits', 'full n1 470']
  },
  {
    what: '9 the same uid counts once',
    act: (b) => b.admit('b', 200),
    asks: (b) => [b.ask(270), b.ask(271)],
    want: ['fits', 'full n1 470']
  },
  { what: '10 not against itself', asks: (b) => [b.ask(470, { uid: 'b' })], want: ['fits'] },
  {
    what: '11 the API shows it, not bound: still once',
    act: (b) => b.pod('b', { phase: 'Pending', estimated: 200, placement: anyNode }),
    asks: (b) => [b.ask(270), b.ask(271)],
    want: ['fits', 'full n1 470']
  },
  {
    what: '12 with a second node the pod on its way may go there',
    act: (b) => {
      b.node('n2')
      b.read('n2')
    },
    asks: (b) => [b.ask(1000), b.ask(470), b.ask(800), b.ask(801, { pods: 2 })],
    want: ['fits', 'fits', 'fits', 'full n2 1000']
  },
  {
    what: '13 a binding asks for the node alone, without those on their way',
    asks: (b) => [b.askNode('n1', 470), b.askNode('n1', 471), b.askNode('n2', 1000)],
    want: ['fits', 'full', 'fits']
  },
  {
    what: '14 a binding allowed here counts on its node at once',
    act: (b) => b.bind('b', 'n2'),
    asks: (b) => [b.ask(800), b.ask(801), b.askNode('n2', 801), b.askNode('n2', 1000, 'b')],
    want: ['fits', 'full n2 800', 'full', 'fits']
  },
  {
    what: '15 a late word that it is not bound is older than the binding',
    act: (b) => b.pod('b', { phase: 'Pending', estimated: 200, placement: anyNode }),
    asks: (b) => [b.ask(801)],
    want: ['full n2 800']
  },
  {
    what: '16 the API shows it bound: still once',
    act: (b) => b.pod('b', { phase: 'Pending', node: 'n2', estimated: 200 }),
    asks: (b) => [b.ask(800), b.ask(801)],
    want: ['fits', 'full n2 800']
  },
  {
    what: '17 a finished pod takes nothing more',
    act: (b) => b.pod('b', { phase: 'Succeeded', node: 'n2', estimated: 200 }),
    asks: (b) => [b.ask(1000), b.ask(1001)],
    want: ['fits', 'full n2 1000']
  },
  {
    what: '18 nor does a failed one',
    act: (b) => b.pod('b', { phase: 'Failed', node: 'n2', estimated: 200 }),
    asks: (b) => [b.ask(1000)],
    want: ['fits']
  },
  {
    what: '19 nor one on its way out, beyond what it shows',
    act: (b) => b.pod('a', { node: 'n1', estimated: 900, deleting: true }),
    asks: (b) => [b.askNode('n1', 470), b.askNode('n1', 471)],
    want: ['fits', 'full']
  },
  {
    what: '20 a pod that is gone is off the books; what is in use is told by the next reading',
    act: (b) => b.delete('a'),
    asks: (b) => [b.askNode('n1', 470), b.askNode('n1', 471)],
    want: ['fits', 'full']
  },
  { what: '21 gone twice is gone', act: (b) => b.delete('a') },
  { what: '22 a reading says so', act: (b) => b.read('n1'), asks: (b) => [b.askNode('n1', 1000)], want: ['fits'] },
  {
    what: '23 a pod in the reading before the API shows it is in use, and then not counted twice',
    act: (b) => {
      b.read('n1', {
        kubepods: { limit: 1000, inUse: 90 },
        host: { limit: 1000, inUse: 90 },
        pods: new Map([['c', 90]])
      })
      b.pod('c', { node: 'n1', estimated: 100 })
    },
    asks: (b) => [b.askNode('n1', 900), b.askNode('n1', 901)],
    want: ['fits', 'full']
  },
  {
    what: '24 a DaemonSet pod counts on its node from the start',
    act: (b) => b.admit('d', 500, pinnedTo('n1')),
    asks: (b) => [b.askNode('n1', 400), b.askNode('n1', 401), b.askNode('n2', 1000)],
    want: ['fits', 'full', 'fits']
  },
  {
    what: '25 one that is released does not',
    act: (b) => b.release('d'),
    asks: (b) => [b.askNode('n1', 900)],
    want: ['fits']
  },
  {
    what: '26 what the API has shown is not released',
    act: (b) => b.release('c'),
    asks: (b) => [b.askNode('n1', 901)],
    want: ['full']
  },
  {
    what: '27 an admitted pod that never comes counts for so long',
    act: (b) => {
      b.admit('e', 1000, pinnedTo('n2'))
      b.wait(assumedTime - 1)
    },
    asks: (b) => [b.askNode('n2', 1)],
    want: ['full']
  },
  { what: '28 and no longer', act: (b) => b.wait(1), asks: (b) => [b.askNode('n2', 1000)], want: ['fits'] },
  {
    what: '29 readings of that age are still good, and a millisecond later unknown, not zero',
    asks: (b) => [b.ask(1), b.ask(1, { maxAge: 59_999 }), b.askNode('n1', 901)],
    want: ['fits', 'unknown reading too old', 'full']
  },
  {
    what: '30 with one fresh node too full and one unknown nobody knows',
    act: (b) => {
      b.wait(1)
      b.read('n1', { kubepods: { limit: 1000, inUse: 1000 } })
    },
    asks: (b) => [b.ask(1), b.ask(1, { placement: pinnedTo('n1') })],
    want: ['unknown reading too old', 'full n1 -100']
  },
  {
    what: '31 a reading that comes late changes nothing',
    act: (b) => b.read('n1', { at: 5 }),
    asks: (b) => [b.askNode('n1', 1)],
    want: ['full']
  },
  {
    what: '32 a reading without one of the ceilings does not take away what is known of it',
    act: (b) => {
      b.read('n1', { kubepods: { limit: 1000, inUse: 950 }, pods: new Map([['c', 100]]) })
      b.wait(bridgedTime - 1)
      const unknown = { limit: undefined, inUse: undefined }
      b.read('n1', { kubepods: unknown, host: { limit: 1000, inUse: 100 }, pods: undefined })
    },
    asks: (b) => [b.askNode('n1', 50), b.askNode('n1', 51), b.askNode('n1', 50, undefined, bridgedTime - 2)],
    want: ['fits', 'full', 'unknown']
  },
  {
    what: '33 but not for ever: then no yes, but a no where the other one is full',
    act: (b) => {
      b.wait(1)
      b.read('n1', {
        kubepods: { limit: undefined, inUse: undefined },
        host: { limit: 1000, inUse: 400 },
        pods: new Map([['c', 100]])
      })
    },
    asks: (b) => [b.askNode('n1', 600), b.askNode('n1', 601)],
    want: ['unknown', 'full']
  },
  {
    what: '34 no limit is known',
    act: (b) => b.read('n1', { kubepods: { limit: Number.POSITIVE_INFINITY, inUse: undefined } }),
    asks: (b) => [b.askNode('n1', 900), b.askNode('n1', 901)],
    want: ['fits', 'full']
  },
  {
    what: '35 a cordoned node is no candidate',
    act: (b) => {
      b.node('n1', { unschedulable: true })
      b.read('n2', { kubepods: { limit: 1000, inUse: 999 } })
    },
    asks: (b) => [b.ask(1), b.ask(2)],
    want: ['fits', 'full n2 1']
  },
  {
    what: '36 another machine by the same name has said nothing yet',
    act: (b) => b.node('n2', { uid: 'new' }),
    asks: (b) => [b.ask(1)],
    want: ['unknown no reading']
  },
  {
    what: '37 a node that is gone is no candidate',
    act: (b) => b.gone('n2'),
    asks: (b) => [b.ask(1)],
    want: ['nowhere']
  },
  {
    what: '38 pods in every phase: only those to come count',
    act: (b) => {
      b.node('n3')
      b.read('n3')
      for (const [index, phase] of ['Pending', 'Running', 'Unknown', 'Succeeded', 'Failed'].entries())
        b.pod(`p${index}`, { phase, node: 'n3', estimated: 100 })
    },
    asks: (b) => [b.ask(700), b.ask(701)],
    want: ['fits', 'full n3 700']
  },
  {
    what: '39 a pod that nobody binds counts as long as the scheduler may still place it',
    act: (b) => {
      b.pod('w', { phase: 'Pending', estimated: 600, placement: anyNode })
      b.wait(waitingTime - 1)
      b.pod('w', { phase: 'Pending', estimated: 600, placement: anyNode })
      b.read('n3')
      b.read('n1', { kubepods: { limit: 1000, inUse: 1000 } })
    },
    asks: (b) => [b.ask(100), b.ask(101)],
    want: ['fits', 'full n3 700']
  },
  {
    what: '40 and then waits for something else than PIDs',
    act: (b) => b.wait(1),
    asks: (b) => [b.ask(700)],
    want: ['fits']
  },
  {
    what: '41 whatever is still told of it while it waits',
    act: (b) => b.pod('w', { phase: 'Pending', estimated: 600, placement: anyNode }),
    asks: (b) => [b.ask(700)],
    want: ['fits']
  },
  {
    what: '42 until it is bound',
    act: (b) => b.pod('w', { phase: 'Pending', node: 'n3', estimated: 600 }),
    asks: (b) => [b.ask(100), b.ask(101)],
    want: ['fits', 'full n3 100']
  },
  {
    what: '43 a binding that the API server refused after all is let go',
    act: (b) => {
      b.pod('x', { phase: 'Pending', estimated: 100, placement: anyNode })
      b.bind('x', 'n3')
      b.wait(assumedTime)
      b.read('n3')
      b.read('n1', { kubepods: { limit: 1000, inUse: 1000 } })
    },
    asks: (b) => [b.askNode('n3', 100), b.ask(1)],
    want: ['fits', 'full n3 100']
  },
  {
    what: '44 a pod without a figure of its own counts with the default',
    act: (b) => b.pod('y', { node: 'n3' }),
    asks: (b) => [b.askNode('n3', 50), b.askNode('n3', 51)],
    want: ['fits', 'full']
  },
  {
    what: '45 what pidguard wrote goes before what the pod declares',
    act: (b) => b.pod('y', { node: 'n3', estimated: 60, declared: 99 }),
    asks: (b) => [b.askNode('n3', 40), b.askNode('n3', 41)],
    want: ['fits', 'full']
  },
  {
    what: '46 a pod that nobody wrote a figure on counts with what it was admitted with here, also once it is shown',
    act: (b) => {
      b.node('n4')
      b.read('n4')
      b.admit('z', 500, pinnedTo('n4'))
      b.pod('z', { phase: 'Pending', placement: pinnedTo('n4') })
    },
    asks: (b) => [b.askNode('n4', 500), b.askNode('n4', 501)],
    want: ['fits', 'full']
  },
  {
    what: '47 and once it is bound',
    act: (b) => b.pod('z', { node: 'n4' }),
    asks: (b) => [b.askNode('n4', 500), b.askNode('n4', 501)],
    want: ['fits', 'full']
  },
  {
    what: '48 what is written on it later goes before that, and is not missed once it is taken off',
    act: (b) => {
      b.pod('z', { node: 'n4', declared: 900 })
      b.pod('z', { node: 'n4' })
    },
    asks: (b) => [b.askNode('n4', 500), b.askNode('n4', 501)],
    want: ['fits', 'full']
  },
  {
    what: '49 one admitted elsewhere, or before a restart, counts with what was seen of its workload',
    act: (b) => {
      const workload = { kind: 'Deployment', name: 'seen' }
      b.delete('z')
      b.pod('s1', { node: 'n4', workload })
      b.read('n4', { pods: new Map([['s1', 400]]), kubepods: { limit: 1000, inUse: 400 } })
      b.pod('s2', { node: 'n4', workload })
    },
    asks: (b) => [b.askNode('n4', 200), b.askNode('n4', 201)],
    want: ['fits', 'full']
  },
  {
    what: '50 a pod that was pending for long before this process came holds nothing, one a millisecond younger does',
    act: (b) => {
      for (const name of ['n1', 'n3', 'n4']) b.gone(name)
      b.delete('x')
      b.node('n5')
      b.read('n5')
      b.pod('o1', { phase: 'Pending', estimated: 600, placement: anyNode, createdAt: b.ago(waitingTime) })
      b.pod('o2', { phase: 'Pending', estimated: 300, placement: anyNode, createdAt: b.ago(waitingTime - 1) })
    },
    asks: (b) => [b.ask(700), b.ask(701)],
    want: ['fits', 'full n5 1000']
  },
  {
    what: '51 and no longer than its age allows',
    act: (b) => b.wait(1),
    asks: (b) => [b.ask(1000)],
    want: ['fits']
  },
  {
    what: '52 one that was created in the future, by our clock, begins to wait now',
    act: (b) => {
      b.pod('o3', { phase: 'Pending', estimated: 400, placement: anyNode, createdAt: b.ago(-waitingTime) })
      b.wait(waitingTime - 1)
      b.read('n5')
    },
    asks: (b) => [b.ask(600), b.ask(601)],
    want: ['fits', 'full n5 1000']
  },
  { what: '53 and not later', act: (b) => b.wait(1), asks: (b) => [b.ask(1000)], want: ['fits'] },
  {
    what: '54 once all pods have been listed one that is told of is new, however old it seems',
    act: (b) => {
      b.listed()
      b.pod('o4', { phase: 'Pending', estimated: 100, placement: anyNode, createdAt: b.ago(waitingTime) })
    },
    asks: (b) => [b.ask(900), b.ask(901)],
    want: ['fits', 'full n5 1000']
  },
  {
    what: '55 a pod with scheduling gates holds nothing, wherever it may go',
    act: (b) => {
      b.admit('g1', 500)
      b.pod('g1', { phase: 'Pending', estimated: 500, placement: anyNode, isGated: true })
      b.pod('g2', { phase: 'Pending', estimated: 500, placement: pinnedTo('n5'), isGated: true })
    },
    asks: (b) => [b.ask(900), b.ask(901), b.askNode('n5', 1000)],
    want: ['fits', 'full n5 1000', 'fits']
  },
  {
    what: '56 when they go it does, from that moment on',
    act: (b) => {
      b.wait(waitingTime)
      b.pod('g1', { phase: 'Pending', estimated: 500, placement: anyNode })
      b.wait(waitingTime - 1)
      b.read('n5')
    },
    asks: (b) => [b.ask(500), b.ask(501)],
    want: ['fits', 'full n5 1000']
  },
  {
    what: '57 and waits no longer than any other',
    act: (b) => b.wait(1),
    asks: (b) => [b.ask(1000)],
    want: ['fits']
  },
  {
    what: '58 what pods show is in use, also where the ceiling was sampled before it',
    act: (b) => {
      b.pod('k1', { node: 'n5', estimated: 300 })
      b.pod('k2', { node: 'n5', estimated: 500 })
      b.read('n5', {
        kubepods: { limit: 1000, inUse: 300 },
        host: { limit: 1000, inUse: 310 },
        pods: new Map([
          ['k1', 300],
          ['k2', 400]
        ])
      })
    },
    asks: (b) => [b.ask(200), b.ask(201)],
    want: ['fits', 'full n5 200']
  },
  {
    what: '59 but not what was seen of one that has ended: the ceiling says what is left of that',
    act: (b) => b.pod('k1', { node: 'n5', phase: 'Succeeded', estimated: 300 }),
    asks: (b) => [b.ask(500), b.ask(501)],
    want: ['fits', 'full n5 500']
  },
  {
    what: '60 what pods grow by is in use under a ceiling that is not read for a while',
    act: (b) => {
      const kubepods = { limit: Number.POSITIVE_INFINITY, inUse: undefined }
      b.delete('k1')
      b.read('n5', { kubepods, host: { limit: 1000, inUse: 300 }, pods: new Map([['k2', 100]]) })
      b.wait(15_000)
      b.read('n5', { kubepods, host: { limit: undefined, inUse: undefined }, pods: new Map([['k2', 500]]) })
    },
    asks: (b) => [b.ask(300), b.ask(301)],
    want: ['fits', 'full n5 300']
  },
  {
    what: '61 of each by itself, also of those the API has yet to tell of',
    act: (b) => {
      const kubepods = { limit: Number.POSITIVE_INFINITY, inUse: undefined }
      b.read('n5', {
        kubepods,
        host: { limit: undefined, inUse: undefined },
        pods: new Map([
          ['k2', 200],
          ['new', 50]
        ])
      })
    },
    asks: (b) => [b.askNode('n5', 0), b.askNode('n5', 1)],
    want: ['full', 'full']
  },
  {
    what: '62 until the ceiling is read again',
    act: (b) => b.read('n5', { host: { limit: 1000, inUse: 400 }, pods: new Map([['k2', 200]]) }),
    asks: (b) => [b.ask(300), b.ask(301)],
    want: ['fits', 'full n5 300']
  },
  {
    what: '63 after the clock was set back what is held is of a time to come: unknown',
    act: (b) => b.setClock(-3_600_000),
    asks: (b) => [b.ask(300)],
    want: ['unknown reading too old']
  },
  {
    what: '64 and bridges nothing',
    act: (b) => b.read('n5', { host: { limit: undefined, inUse: undefined } }),
    asks: (b) => [b.ask(300)],
    want: ['unknown ceiling not known']
  },
  {
    what: '65 the next reading counts at once',
    act: (b) => b.read('n5', { host: { limit: 1000, inUse: 100 } }),
    asks: (b) => [b.ask(400), b.ask(401)],
    want: ['fits', 'full n5 400']
  },
  {
    what: '66 and one before it is late again, as it is when the clock was set back by no more than clocks are off',
    act: (b) => {
      b.read('n5', { at: b.ago(1), host: { limit: 1000, inUse: 900 } })
      b.setClock(-clockSlack)
      b.read('n5', { host: { limit: 1000, inUse: 900 } })
    },
    asks: (b) => [b.ask(400)],
    want: ['fits']
  },
  {
    what: '67 but not by a millisecond more',
    act: (b) => {
      b.setClock(-1)
      b.read('n5', { host: { limit: 1000, inUse: 300 } })
    },
    asks: (b) => [b.ask(200), b.ask(201)],
    want: ['fits', 'full n5 200']
  },
  {
    what: '68 static pods of one file are one on each node, though their nodes call them the same',
    act: (b) => {
      for (const name of ['n6', 'n7']) {
        b.node(name)
        b.pod(`m-${name}`, { node: name, cgroup: 'file', estimated: 300 })
        b.read(name, { pods: new Map([['file', 100]]), kubepods: { limit: 1000, inUse: 100 } })
      }
    },
    asks: (b) => ['n6', 'n7'].flatMap((name) => [b.askNode(name, 700), b.askNode(name, 701)]),
    want: ['fits', 'full', 'fits', 'full']
  },
  {
    what: '69 one that is gone is gone from its node alone',
    act: (b) => b.delete('m-n6'),
    asks: (b) => [b.askNode('n6', 900), b.askNode('n6', 901), b.askNode('n7', 700), b.askNode('n7', 701)],
    want: ['fits', 'full', 'fits', 'full']
  },
  {
    what: "70 a pod that says it goes by another pod's uid takes nothing of it",
    act: (b) => {
      b.pod('mine', { node: 'n6', estimated: 50 })
      b.pod('forged', { node: 'n6', cgroup: 'mine', estimated: 10 })
      b.read('n6', { pods: new Map([['mine', 600]]), kubepods: { limit: 1000, inUse: 600 } })
    },
    asks: (b) => [b.askNode('n6', 390), b.askNode('n6', 391)],
    want: ['fits', 'full']
  }
]

t.test('the decision table', async (t) => {
  const held = books()
  for (const { what, act, asks, want } of steps) {
    await t.test(what, async (t) => {
      act?.(held)
      if (asks !== undefined) t.strictSame(asks(held), want)
      const { kept, counted } = held.check()
      t.strictSame(kept, counted, 'counted anew')
    })
  }
})
