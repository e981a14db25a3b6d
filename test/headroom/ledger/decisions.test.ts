import t, { type Test } from 'tap'
import { Headroom } from '../../../src/headroom/assess/headroom.ts'
import { Ledger } from '../../../src/headroom/ledger/ledger.ts'
import type { LedgerReading } from '../../../src/headroom/ledger/ledger-inputs.ts'
import { bridgedTime, clockSlack } from '../../../src/headroom/ledger/node-book.ts'
import { assumedTime, bindingTime } from '../../../src/headroom/ledger/pod-states.ts'
import { anyNode, type Placement } from '../../../src/kubernetes/placement/placement.ts'
import { fakeClock } from '../../support/fakes.ts'
import { demand, nodeFacts, pinnedTo, placementOf, podFacts, reading } from '../../support/headroom.ts'
import { recount } from '../../support/recount.ts'
import { SlowLedger } from '../../support/slow-ledger.ts'

/** Both ledgers, given the same events, and the questions that are asked of the real one. Recounts after each event. */
function books(t: Test) {
  const clock = fakeClock(0)
  const ledger = new Ledger(clock, () => 50)
  const slow = new SlowLedger()
  const headroom = new Headroom(ledger, clock)
  const recounted = (): void => {
    const { kept, counted } = recount(ledger, slow)
    t.strictSame(kept, counted, 'the sums equal a recount')
  }
  const both = (event: (one: Ledger | SlowLedger) => void): void => {
    event(ledger)
    event(slow)
    recounted()
  }
  const node = (name: string, change = {}) => both((one) => one.observeNode(nodeFacts(name, change)))
  const read = (name: string, change: Partial<LedgerReading> = {}) =>
    both((one) => one.observeReading(reading(name, clock.now(), change)))
  return {
    node,
    read,
    /** Nodes with a reading of now; 1,000 PIDs are free on each. */
    known: (...names: string[]) => {
      for (const name of names) {
        node(name)
        read(name)
      }
    },
    full: (name: string) => read(name, { kubepods: { limit: 1000, inUse: 1000 } }),
    gone: (name: string) => both((one) => one.removeNode(name)),
    listed: () => both((one) => one.retainPods(() => true)),
    pod: (uid: string, change = {}) => both((one) => one.observePod(podFacts(uid, change))),
    /** A pod without a node that may land on any. */
    pending: (uid: string, estimated: number, change = {}) =>
      both((one) => one.observePod(podFacts(uid, { phase: 'Pending', estimated, placement: anyNode, ...change }))),
    delete: (uid: string) => {
      ledger.removePod(uid)
      slow.remove(uid)
      recounted()
    },
    admit: (uid: string, pids: number, placement: Placement = anyNode) =>
      both((one) => one.assume({ uid, namespace: 'default', workload: { kind: 'Pod', name: uid }, pids, placement })),
    bind: (uid: string, name: string) => both((one) => one.confirm(uid, name)),
    setClock: (span: number) => {
      clock.set(span)
      slow.offset += span
    },
    wait: (span: number) => {
      clock.advance(span)
      ledger.expire()
      slow.advance(span)
      recounted()
    },
    ago: (span: number) => clock.now() - span,
    /** The answer to a pod of so many tasks; with the free PIDs of the best node where there is no room. */
    ask: (pids: number, change = {}) => {
      const assessment = headroom.assess(demand({ pids, ...change }))
      if (assessment.verdict === 'full') return `full ${assessment.best.node} ${assessment.best.ceilings[0]?.free}`
      return assessment.verdict === 'unknown' ? `unknown ${assessment.why}` : assessment.verdict
    },
    /** The answer to a binding to the node. */
    askNode: (name: string, pids: number, uid?: string, maxAge = 60_000) =>
      headroom.assessNode(name, { pids, uid, floor: { pids: 0 }, maxAge }).verdict,
    committed: (namespace: string) => ledger.namespace(namespace)?.committed ?? 0,
    is: (answers: readonly unknown[], want: readonly unknown[], message?: string) =>
      t.strictSame(answers, want, message ?? 'the answers')
  }
}

type Books = ReturnType<typeof books>

interface Case {
  readonly what: string
  readonly run: (books: Books) => void
}

/** Nothing is free unless a case says otherwise: each starts with empty books. Limits are 1,000 under both ceilings. */
const nodesAndReadings: readonly Case[] = [
  { what: 'no node: nowhere to land', run: (b) => b.is([b.ask(1)], ['nowhere']) },
  {
    what: 'a node without a reading is unknown',
    run: (b) => {
      b.node('n1')
      b.is([b.ask(1)], ['unknown no reading'])
    }
  },
  {
    what: 'a reading: 1,000 fit, 1,001 do not',
    run: (b) => {
      b.known('n1')
      b.is([b.ask(1000), b.ask(1001)], ['fits', 'full n1 1000'])
    }
  },
  {
    what: 'a reading at its greatest age is still good, and a millisecond later unknown, not zero',
    run: (b) => {
      b.known('n1', 'n2')
      b.read('n1', { kubepods: { limit: 1000, inUse: 100 } })
      b.wait(60_000)
      b.is([b.ask(1), b.ask(1, { maxAge: 59_999 }), b.askNode('n1', 901)], ['fits', 'unknown reading too old', 'full'])
      b.wait(1)
      b.is([b.ask(1)], ['unknown reading too old'])
    }
  },
  {
    what: 'with one fresh node too full and one unknown, the answer is unknown',
    run: (b) => {
      b.known('n1', 'n2')
      b.wait(60_001)
      b.pod('c', { node: 'n1', estimated: 100 })
      b.full('n1')
      b.is([b.ask(1), b.ask(1, { placement: pinnedTo('n1') })], ['unknown reading too old', 'full n1 0'])
    }
  },
  {
    what: 'a reading that comes late changes nothing',
    run: (b) => {
      b.known('n1')
      b.wait(60_001)
      b.full('n1')
      b.read('n1', { at: 5 })
      b.is([b.askNode('n1', 1)], ['full'])
    }
  },
  {
    what: 'a reading without one of the ceilings leaves the last known one in place for a while',
    run: (b) => {
      b.known('n1')
      b.read('n1', { kubepods: { limit: 1000, inUse: 950 } })
      b.wait(bridgedTime - 1)
      const unknown = { limit: undefined, inUse: undefined }
      b.read('n1', { kubepods: unknown, host: { limit: 1000, inUse: 100 }, pods: undefined })
      b.is(
        [b.askNode('n1', 50), b.askNode('n1', 51), b.askNode('n1', 50, undefined, bridgedTime - 2)],
        ['fits', 'full', 'unknown']
      )
    }
  },
  {
    what: 'but not for ever: then there is no yes, but a no where the other ceiling is full',
    run: (b) => {
      b.known('n1')
      b.read('n1', { kubepods: { limit: 1000, inUse: 950 } })
      b.wait(bridgedTime)
      b.read('n1', { kubepods: { limit: undefined, inUse: undefined }, host: { limit: 1000, inUse: 400 } })
      b.is([b.askNode('n1', 600), b.askNode('n1', 601)], ['unknown', 'full'])
    }
  },
  {
    what: 'no limit counts as known',
    run: (b) => {
      b.node('n1')
      b.read('n1', {
        kubepods: { limit: Number.POSITIVE_INFINITY, inUse: undefined },
        host: { limit: 1000, inUse: 100 }
      })
      b.is([b.askNode('n1', 900), b.askNode('n1', 901)], ['fits', 'full'])
    }
  },
  {
    what: 'a cordoned node is no candidate',
    run: (b) => {
      b.known('n1', 'n2')
      b.node('n1', { unschedulable: true })
      b.read('n2', { kubepods: { limit: 1000, inUse: 999 } })
      b.is([b.ask(1), b.ask(2)], ['fits', 'full n2 1'])
    }
  },
  {
    what: 'another machine with the same name has no reading yet',
    run: (b) => {
      b.known('n2')
      b.node('n2', { uid: 'new' })
      b.is([b.ask(1)], ['unknown no reading'])
    }
  },
  {
    what: 'a node that is gone is no candidate',
    run: (b) => {
      b.known('n2')
      b.gone('n2')
      b.is([b.ask(1)], ['nowhere'])
    }
  }
]

const clocks: readonly Case[] = [
  {
    what: 'after the clock was set back the reading held is from the future: unknown',
    run: (b) => {
      b.known('n5')
      b.setClock(-3_600_000)
      b.is([b.ask(300)], ['unknown reading too old'])
    }
  },
  {
    what: 'a reading from the future does not stand in for a ceiling that is missing now',
    run: (b) => {
      b.known('n5')
      b.setClock(-3_600_000)
      b.read('n5', { host: { limit: undefined, inUse: undefined } })
      b.is([b.ask(300)], ['unknown ceiling not known'])
    }
  },
  {
    what: 'the next whole reading counts at once, and one from before it is late again',
    run: (b) => {
      b.known('n5')
      b.setClock(-3_600_000)
      b.read('n5', { host: { limit: 1000, inUse: 600 } })
      b.is([b.ask(400), b.ask(401)], ['fits', 'full n5 400'])
      b.read('n5', { at: b.ago(1_001), host: { limit: 1000, inUse: 900 } })
      b.is([b.ask(400)], ['fits'])
      b.read('n5', { at: b.ago(1_000), host: { limit: 1000, inUse: 800 } })
      b.is([b.ask(200), b.ask(201)], ['fits', 'full n5 200'], 'dates are whole seconds: this may be the later one')
    }
  },
  {
    what: 'readings count whether a clock was set back by its slack, which is that of their dates, or by more',
    run: (b) => {
      b.node('n5')
      b.read('n5', { host: { limit: 1000, inUse: 600 } })
      b.setClock(-clockSlack)
      b.read('n5', { host: { limit: 1000, inUse: 900 } })
      b.is([b.ask(100), b.ask(101)], ['fits', 'full n5 100'])
      b.setClock(-1)
      b.read('n5', { host: { limit: 1000, inUse: 800 } })
      b.is([b.ask(200), b.ask(201)], ['fits', 'full n5 200'])
    }
  }
]

const podsOnNodes: readonly Case[] = [
  {
    what: 'a pod the API server shows on a node counts in full, and the same event again changes nothing',
    run: (b) => {
      b.known('n1')
      for (const time of ['first', 'second']) {
        b.pod('a', { node: 'n1', estimated: 300 })
        b.is([b.ask(700), b.ask(701)], ['fits', 'full n1 700'], time)
      }
    }
  },
  {
    what: 'observed tasks are in use, and the rest of the estimate still counts',
    run: (b) => {
      b.node('n1')
      b.pod('a', { node: 'n1', estimated: 300 })
      b.read('n1', {
        host: { limit: 1000, inUse: 250 },
        kubepods: { limit: 1000, inUse: 120 },
        pods: new Map([['a', 120]])
      })
      b.is([b.ask(570), b.ask(571)], ['fits', 'full n1 570'])
    }
  },
  {
    what: 'a pod that has grown between its own sample and that of kubepods is not counted twice; one that is only bridged is',
    run: (b) => {
      b.node('n1')
      b.pod('a', { node: 'n1', estimated: 300 })
      const host = { limit: 2000, inUse: 300 }
      b.read('n1', { host, kubepods: { limit: 1000, inUse: 220 }, pods: new Map([['a', 120]]) })
      b.is([b.ask(700), b.ask(701)], ['fits', 'full n1 700'], '100 of its 180 are in use already')
      b.pod('b', { node: 'n1', estimated: 50 })
      b.is([b.ask(650), b.ask(651)], ['fits', 'full n1 650'], 'another pod counts in full')
      b.wait(1_000)
      b.read('n1', { host, kubepods: { limit: 1000, inUse: undefined }, pods: new Map([['a', 120]]) })
      b.is(
        [b.ask(550), b.ask(551)],
        ['fits', 'full n1 550'],
        'without a sample of kubepods nothing is known to be one of these'
      )
    }
  },
  {
    what: 'a pod that holds more than its estimate counts with what it holds, once; the same event again changes nothing',
    run: (b) => {
      b.node('n1')
      b.pod('a', { node: 'n1', estimated: 300 })
      b.read('n1', {
        host: { limit: 1000, inUse: 530 },
        kubepods: { limit: 1000, inUse: 400 },
        pods: new Map([['a', 400]])
      })
      b.is([b.ask(470), b.ask(471)], ['fits', 'full n1 470'])
      b.pod('a', { node: 'n1', estimated: 300 })
      b.is([b.ask(470), b.ask(471)], ['fits', 'full n1 470'])
    }
  },
  ...['Succeeded', 'Failed'].map((phase) => ({
    what: `the observed tasks of a pod that has ${phase} are free at once, once`,
    run: (b: Books) => {
      b.node('n1')
      b.pod('a', { node: 'n1', estimated: 600 })
      b.read('n1', {
        host: { limit: 1000, inUse: 700 },
        kubepods: { limit: 1000, inUse: 650 },
        pods: new Map([['a', 600]])
      })
      b.is([b.ask(300), b.ask(301)], ['fits', 'full n1 300'])
      for (const time of ['seen', 'seen again']) {
        b.pod('a', { node: 'n1', phase, estimated: 600 })
        b.is([b.ask(900), b.ask(901)], ['fits', 'full n1 900'], time)
      }
      b.read('n1', {
        host: { limit: 1000, inUse: 700 },
        kubepods: { limit: 1000, inUse: 650 },
        pods: new Map([['a', 600]])
      })
      b.is([b.ask(900), b.ask(901)], ['fits', 'full n1 900'], 'of a sample from before its end')
      b.delete('a')
      b.is([b.ask(900), b.ask(901)], ['fits', 'full n1 900'])
    }
  })),
  ...['Succeeded', 'Failed'].map((phase) => ({
    what: `a pod that has ${phase} takes nothing more`,
    run: (b: Books) => {
      b.known('n2')
      b.pod('b', { phase: 'Pending', node: 'n2', estimated: 200 })
      b.is([b.ask(800), b.ask(801)], ['fits', 'full n2 800'])
      b.pod('b', { phase, node: 'n2', estimated: 200 })
      b.is([b.ask(1000), b.ask(1001)], ['fits', 'full n2 1000'])
    }
  })),
  {
    what: 'a pod that is being deleted takes nothing beyond its observed tasks; once gone, those are free at once',
    run: (b) => {
      b.node('n1')
      b.pod('a', { node: 'n1', estimated: 300 })
      b.read('n1', {
        host: { limit: 1000, inUse: 530 },
        kubepods: { limit: 1000, inUse: 400 },
        pods: new Map([['a', 400]])
      })
      b.pod('a', { node: 'n1', estimated: 900, deleting: true })
      b.is([b.askNode('n1', 470), b.askNode('n1', 471)], ['fits', 'full'])
      for (const time of ['gone', 'gone twice']) {
        b.delete('a')
        b.is([b.askNode('n1', 870), b.askNode('n1', 871)], ['fits', 'full'], time)
      }
      b.read('n1', { host: { limit: 1000, inUse: 530 }, kubepods: { limit: 1000, inUse: 400 } })
      b.is([b.askNode('n1', 470), b.askNode('n1', 471)], ['fits', 'full'], 'a reading still shows them, or again')
      b.read('n1')
      b.is([b.askNode('n1', 1000)], ['fits'])
    }
  },
  {
    what: 'a pod that grew when it was told to end counts with its estimate until it is surely sampled after that',
    run: (b) => {
      b.node('n1')
      const grows = { node: 'n1', estimated: 400 }
      b.pod('a', grows)
      b.read('n1', { kubepods: { limit: 1000, inUse: 1 }, pods: new Map([['a', 1]]) })
      b.wait(5_000)
      b.pod('a', { ...grows, deleting: true })
      b.is([b.askNode('n1', 600), b.askNode('n1', 601)], ['fits', 'full'], 'it may hold 400 by now')
      const again = { isCheckedAgain: true }
      b.is(
        [b.ask(999, again), b.ask(1_000, again)],
        ['fits', 'full n1 999'],
        'for pods that are checked again it holds 1'
      )
      b.read('n1', { at: 4_999, kubepods: { limit: 1000, inUse: 90 }, pods: new Map([['a', 90]]) })
      b.is([b.askNode('n1', 600), b.askNode('n1', 601)], ['fits', 'full'], 'a sample from before')
      b.read('n1', { kubepods: { limit: 1000, inUse: 350 }, pods: undefined })
      b.is([b.askNode('n1', 600), b.askNode('n1', 601)], ['full', 'full'], 'one that does not show the pods')
      const later = { kubepods: { limit: 1000, inUse: 350 }, pods: new Map([['a', 350]]) }
      b.wait(14_999)
      b.read('n1', later)
      b.is([b.askNode('n1', 600), b.askNode('n1', 601)], ['fits', 'full'], 'its own sample may be 15 s older')
      b.wait(1)
      b.read('n1', later)
      b.is([b.askNode('n1', 650), b.askNode('n1', 651)], ['fits', 'full'])
      b.delete('a')
      b.is([b.askNode('n1', 1000), b.askNode('n1', 1001)], ['fits', 'full'])
    }
  },
  {
    what: 'a pod that has finished while it was told to end counts with nothing',
    run: (b) => {
      b.node('n1')
      const grows = { node: 'n1', estimated: 400 }
      b.pod('a', grows)
      b.read('n1', { kubepods: { limit: 1000, inUse: 1 }, pods: new Map([['a', 1]]) })
      b.pod('a', { ...grows, deleting: true })
      b.is([b.askNode('n1', 601)], ['full'])
      b.pod('a', { ...grows, deleting: true, phase: 'Failed' })
      b.is([b.askNode('n1', 1000), b.askNode('n1', 1001)], ['fits', 'full'])
    }
  },
  {
    what: 'two readings of one sample do not show that a pod is at rest',
    run: (b) => {
      b.node('n1')
      const grows = { node: 'n1', estimated: 400 }
      b.pod('a', grows)
      b.read('n1', { kubepods: { limit: 1000, inUse: 100 }, pods: new Map([['a', 100]]) })
      b.wait(14_999)
      b.read('n1', { kubepods: { limit: 1000, inUse: 100 }, pods: new Map([['a', 100]]) })
      b.pod('a', { ...grows, deleting: true })
      b.is([b.askNode('n1', 600), b.askNode('n1', 601)], ['fits', 'full'])
    }
  },
  {
    what: 'a whole reading is taken in place of one that lacks a ceiling, also where its sample is older',
    run: (b) => {
      b.node('n1')
      const unknown = { limit: undefined, inUse: undefined }
      b.wait(120_000)
      b.read('n1', { kubepods: unknown })
      b.is([b.askNode('n1', 1)], ['unknown'])
      b.read('n1', { at: b.ago(60_001), kubepods: { limit: 1000, inUse: 10 } })
      b.is([b.askNode('n1', 1)], ['unknown'], 'so old a sample says too little')
      b.read('n1', { at: b.ago(10_000), kubepods: { limit: 1000, inUse: 400 } })
      b.is([b.askNode('n1', 600), b.askNode('n1', 601)], ['fits', 'full'])
      b.wait(50_001)
      b.is([b.askNode('n1', 1)], ['unknown'], 'it is as old as its sample')
    }
  },
  {
    what: 'a pod at rest, and one without a container that has started, take no more once they are told to end',
    run: (b) => {
      b.node('n1')
      const rests = { node: 'n1', estimated: 400 }
      const waits = { node: 'n1', estimated: 300, phase: 'Pending' }
      b.pod('a', rests)
      b.pod('b', waits)
      for (const tasks of [200, 219]) {
        b.wait(15_000)
        b.read('n1', { kubepods: { limit: 1000, inUse: tasks }, pods: new Map([['a', tasks]]) })
      }
      b.is([b.askNode('n1', 300), b.askNode('n1', 301)], ['fits', 'full'])
      b.pod('a', { ...rests, deleting: true })
      b.is([b.askNode('n1', 481), b.askNode('n1', 482)], ['fits', 'full'], '219 and 300')
      b.pod('b', { ...waits, deleting: true })
      b.is([b.askNode('n1', 781), b.askNode('n1', 782)], ['fits', 'full'], 'only 219')
    }
  },
  {
    what: 'what pods hold that are told to end is in use, also where the sample of kubepods was taken before',
    run: (b) => {
      b.node('n1')
      const pod = { node: 'n1', estimated: 300 }
      for (const uid of ['a', 'b']) b.pod(uid, pod)
      const pods = new Map([
        ['a', 300],
        ['b', 300]
      ])
      b.read('n1', { kubepods: { limit: 1000, inUse: 300 }, pods })
      b.pod('b', { ...pod, deleting: true })
      b.is([b.askNode('n1', 400), b.askNode('n1', 401)], ['fits', 'full'])
    }
  },
  ...[true, false].map((hasOwn) => ({
    what: `a sample from before the end of a pod counts none of its tasks, ${hasOwn ? 'and shows them' : 'whose own figure is no longer there'}`,
    run: (b: Books) => {
      b.node('n1')
      b.pod('a', { node: 'n1', estimated: 300 })
      b.pod('b', { node: 'n1', estimated: 100 })
      const sample = (at: number, inUse: number, a: number) => ({
        at,
        host: { limit: 10_000, inUse: 5_000 },
        kubepods: { limit: 1000, inUse },
        pods: new Map(
          hasOwn
            ? [
                ['a', a],
                ['b', 100]
              ]
            : [['b', 100]]
        )
      })
      b.wait(1_000)
      b.read('n1', {
        ...sample(1_000, 500, 400),
        pods: new Map([
          ['a', 400],
          ['b', 100]
        ])
      })
      b.is([b.askNode('n1', 500), b.askNode('n1', 501)], ['fits', 'full'])
      b.wait(9_000)
      b.delete('a')
      b.is([b.askNode('n1', 900), b.askNode('n1', 901)], ['fits', 'full'], 'free at once')
      b.read('n1', sample(1_000, 500, 400))
      b.is([b.askNode('n1', 900), b.askNode('n1', 901)], ['fits', 'full'], 'the same sample')
      b.read('n1', sample(9_999, 500, 400))
      b.is([b.askNode('n1', 900), b.askNode('n1', 901)], ['fits', 'full'], 'a later one, from before its end')
      b.read('n1', sample(10_000, 500, 400))
      b.is(
        [b.askNode('n1', 500), b.askNode('n1', 501)],
        ['fits', 'full'],
        'one from after it: something is left of the pod'
      )
      b.read('n1', sample(1_000, 100, 0))
      b.wait(1)
      b.read('n1', sample(10_001, 100, 0))
      b.is([b.askNode('n1', 900), b.askNode('n1', 901)], ['fits', 'full'])
    }
  })),
  {
    what: 'a pod in the reading before the API server shows it is in use, and then not counted twice',
    run: (b) => {
      b.node('n1')
      b.read('n1', {
        kubepods: { limit: 1000, inUse: 90 },
        host: { limit: 1000, inUse: 90 },
        pods: new Map([['c', 90]])
      })
      b.pod('c', { node: 'n1', estimated: 100 })
      b.is([b.askNode('n1', 900), b.askNode('n1', 901)], ['fits', 'full'])
    }
  },
  {
    what: 'pods in every phase: only those to come and those that run count',
    run: (b) => {
      b.known('n3')
      for (const [index, phase] of ['Pending', 'Running', 'Unknown', 'Succeeded', 'Failed'].entries())
        b.pod(`p${index}`, { phase, node: 'n3', estimated: 100 })
      b.is([b.ask(700), b.ask(701)], ['fits', 'full n3 700'])
    }
  },
  {
    what: 'observed tasks are in use, also where the ceiling was sampled before them; those of one that has ended no more',
    run: (b) => {
      b.node('n5')
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
      b.is([b.ask(200), b.ask(201)], ['fits', 'full n5 200'])
      b.pod('k1', { node: 'n5', phase: 'Succeeded', estimated: 300 })
      b.is([b.ask(500), b.ask(501)], ['fits', 'full n5 500'])
    }
  },
  {
    what: 'pods that begin at once count once, although kubepods is sampled before most of them',
    run: (b) => {
      b.node('n5')
      for (const uid of ['k1', 'k2', 'k3', 'k4']) b.pod(uid, { node: 'n5', estimated: 200 })
      const sample = { kubepods: { limit: 1000, inUse: 600 }, host: { limit: 2000, inUse: 700 } }
      b.read('n5', { ...sample, pods: new Map([['k1', 20]]) })
      b.is([b.ask(200), b.ask(201)], ['fits', 'full n5 200'])
      b.pod('k2', { node: 'n5', estimated: 200, readySince: Number.NEGATIVE_INFINITY })
      b.wait(1)
      b.read('n5', { ...sample, pods: new Map([['k1', 20]]) })
      b.is([b.ask(1)], ['full n5 -380'], 'a figure is missing: whose the others are is not known')
    }
  },
  {
    what: 'growth of pods is in use under a ceiling that is missing for a while, of each pod by itself, until it is read again',
    run: (b) => {
      const kubepods = { limit: Number.POSITIVE_INFINITY, inUse: undefined }
      const missing = { limit: undefined, inUse: undefined }
      b.node('n5')
      b.pod('k2', { node: 'n5', estimated: 500 })
      b.read('n5', { kubepods, host: { limit: 1000, inUse: 300 }, pods: new Map([['k2', 100]]) })
      b.wait(15_000)
      b.read('n5', { kubepods, host: missing, pods: new Map([['k2', 500]]) })
      b.is([b.ask(300), b.ask(301)], ['fits', 'full n5 300'])
      const more = new Map([
        ['k2', 200],
        ['new', 50]
      ])
      b.read('n5', { kubepods, host: missing, pods: more })
      b.is([b.askNode('n5', 0), b.askNode('n5', 1)], ['full', 'full'], 'also of a pod the API server has not shown')
      b.read('n5', { host: { limit: 1000, inUse: 400 }, pods: new Map([['k2', 200]]) })
      b.is([b.ask(300), b.ask(301)], ['fits', 'full n5 300'])
    }
  },
  {
    what: 'static pods of one file are one on each node, though their nodes report the same uid; one that is gone is gone from its node alone',
    run: (b) => {
      for (const name of ['n6', 'n7']) {
        b.node(name)
        b.pod(`m-${name}`, { node: name, cgroup: 'file', estimated: 300 })
        b.read(name, { pods: new Map([['file', 100]]), kubepods: { limit: 1000, inUse: 100 } })
      }
      const answers = (name: string, pids: number) => [b.askNode(name, pids), b.askNode(name, pids + 1)]
      b.is([...answers('n6', 700), ...answers('n7', 700)], ['fits', 'full', 'fits', 'full'])
      b.delete('m-n6')
      b.is([...answers('n6', 900), ...answers('n7', 700)], ['fits', 'full', 'fits', 'full'])
    }
  },
  {
    what: "a pod that names another pod's uid as its own takes nothing of it",
    run: (b) => {
      b.node('n6')
      b.pod('mine', { node: 'n6', estimated: 50 })
      b.pod('forged', { node: 'n6', cgroup: 'mine', estimated: 10 })
      b.read('n6', { pods: new Map([['mine', 600]]), kubepods: { limit: 1000, inUse: 600 } })
      b.is([b.askNode('n6', 390), b.askNode('n6', 391)], ['fits', 'full'])
    }
  }
]

const estimates: readonly Case[] = [
  {
    what: "a pod without a figure of its own counts with the default; pidguard's figure goes before what the pod declares",
    run: (b) => {
      b.known('n3')
      b.pod('y', { node: 'n3' })
      b.is([b.askNode('n3', 950), b.askNode('n3', 951)], ['fits', 'full'])
      b.pod('y', { node: 'n3', estimated: 60, declared: 99 })
      b.is([b.askNode('n3', 940), b.askNode('n3', 941)], ['fits', 'full'])
    }
  },
  {
    what: 'a pod counts with what it was admitted with here: shown, bound, and whatever its annotations say later',
    run: (b) => {
      b.known('n4')
      const answers = () => [b.askNode('n4', 500), b.askNode('n4', 501)]
      b.admit('z', 500, pinnedTo('n4'))
      b.pod('z', { phase: 'Pending', placement: pinnedTo('n4') })
      b.is(answers(), ['fits', 'full'], 'shown')
      b.pod('z', { node: 'n4' })
      b.is(answers(), ['fits', 'full'], 'bound')
      for (const change of [{ declared: 900 }, { estimated: 4_194_304 }, { estimated: 1, declared: 1 }, {}]) {
        b.pod('z', { node: 'n4', ...change })
        b.is(answers(), ['fits', 'full'], JSON.stringify(change))
      }
    }
  },
  {
    what: 'of a pod that was admitted elsewhere the first figure it shows counts, and no later one',
    run: (b) => {
      b.known('n4')
      b.pod('z', { node: 'n4', estimated: 500 })
      for (const change of [{ estimated: 4_194_304 }, { estimated: 1 }, { declared: 900 }, {}]) {
        b.pod('z', { node: 'n4', ...change })
        b.is([b.askNode('n4', 500), b.askNode('n4', 501)], ['fits', 'full'], JSON.stringify(change))
      }
    }
  },
  {
    what: 'a pod that was admitted elsewhere, or before a restart, counts with the observed peak of its workload',
    run: (b) => {
      const workload = { kind: 'Deployment', name: 'seen' }
      b.node('n4')
      b.pod('s1', { node: 'n4', workload })
      b.read('n4', { pods: new Map([['s1', 400]]), kubepods: { limit: 1000, inUse: 400 } })
      b.pod('s2', { node: 'n4', workload })
      b.is([b.askNode('n4', 200), b.askNode('n4', 201)], ['fits', 'full'])
    }
  }
]

const admissions: readonly Case[] = [
  {
    what: 'an admitted pod counts before the API server shows it, once, and not against itself; shown, it still counts once',
    run: (b) => {
      b.known('n1')
      b.pod('a', { node: 'n1', estimated: 530 })
      const answers = () => [b.ask(270), b.ask(271)]
      b.admit('b', 200)
      b.is(answers(), ['fits', 'full n1 470'])
      b.admit('b', 200)
      b.is(answers(), ['fits', 'full n1 470'], 'the same uid again')
      b.is([b.ask(470, { uid: 'b' })], ['fits'], 'asked for itself')
      b.pending('b', 200)
      b.is(answers(), ['fits', 'full n1 470'], 'shown, not bound')
    }
  },
  {
    what: 'with a second node a pod on its way may go there; a binding asks for its node alone',
    run: (b) => {
      b.known('n1', 'n2')
      b.pod('a', { node: 'n1', estimated: 530 })
      b.pending('b', 200)
      b.is([b.ask(1000), b.ask(470), b.ask(800), b.ask(801, { pods: 2 })], ['fits', 'fits', 'fits', 'full n2 1000'])
      b.is([b.askNode('n1', 470), b.askNode('n1', 471), b.askNode('n2', 1000)], ['fits', 'full', 'fits'])
    }
  },
  {
    what: 'a DaemonSet pod counts on its node from the start',
    run: (b) => {
      b.known('n1', 'n2')
      b.admit('d', 500, pinnedTo('n1'))
      b.is([b.askNode('n1', 500), b.askNode('n1', 501), b.askNode('n2', 1000)], ['fits', 'full', 'fits'])
    }
  },
  {
    what: 'an admitted pod that never comes counts for so long and no longer',
    run: (b) => {
      b.known('n2')
      b.admit('e', 1000, pinnedTo('n2'))
      b.wait(assumedTime - 1)
      b.is([b.askNode('n2', 1)], ['full'])
      b.wait(1)
      b.is([b.askNode('n2', 1000)], ['fits'])
    }
  }
]

const bindings: readonly Case[] = [
  {
    what: 'an allowed binding counts on its node at once; an event from before it changes nothing; shown bound, it counts once',
    run: (b) => {
      b.known('n1', 'n2')
      b.pod('a', { node: 'n1', estimated: 530 })
      b.pending('b', 200)
      b.bind('b', 'n2')
      b.is(
        [b.ask(800), b.ask(801), b.askNode('n2', 801), b.askNode('n2', 1000, 'b')],
        ['fits', 'full n2 800', 'full', 'fits']
      )
      b.pending('b', 200)
      b.is([b.ask(801)], ['full n2 800'], 'an event from before the binding')
      b.pod('b', { phase: 'Pending', node: 'n2', estimated: 200 })
      b.is([b.ask(800), b.ask(801)], ['fits', 'full n2 800'], 'shown bound')
    }
  },
  {
    what: 'a binding that the API server refused after all is dropped: the pod waits again',
    run: (b) => {
      b.known('n1', 'n3')
      b.pod('w', { node: 'n3', estimated: 900 })
      b.pending('x', 100)
      b.bind('x', 'n3')
      b.wait(bindingTime)
      b.read('n3')
      b.full('n1')
      b.is([b.askNode('n3', 100), b.ask(1)], ['fits', 'full n3 100'])
    }
  }
]

const waiting: readonly Case[] = [
  {
    what: 'a pod that is not bound counts however long it waits, and however often it is shown, until it is bound',
    run: (b) => {
      b.known('n3')
      b.pod('p', { node: 'n3', estimated: 300 })
      b.pending('w', 600)
      b.wait(24 * 3_600_000)
      b.read('n3')
      b.is([b.ask(100), b.ask(101)], ['fits', 'full n3 700'])
      b.listed()
      b.pending('w', 600)
      b.is([b.ask(100), b.ask(101)], ['fits', 'full n3 700'], 'shown again')
      b.pod('w', { phase: 'Pending', node: 'n3', estimated: 600 })
      b.is([b.ask(100), b.ask(101)], ['fits', 'full n3 100'], 'bound')
    }
  },
  {
    what: 'a pod that the scheduler reports as unschedulable holds nothing, wherever it may go, until that changes',
    run: (b) => {
      b.known('n5')
      b.pending('u1', 600, { isUnschedulable: true })
      b.pending('u2', 600, { isUnschedulable: true, placement: pinnedTo('n5') })
      b.is([b.ask(1000), b.askNode('n5', 1000)], ['fits', 'fits'])
      b.pending('u1', 600, { isUnschedulable: false })
      b.is([b.ask(400), b.ask(401)], ['fits', 'full n5 1000'])
      b.pod('u2', { phase: 'Pending', node: 'n5', estimated: 600 })
      b.is([b.askNode('n5', 400), b.askNode('n5', 401)], ['fits', 'full'], 'bound after all')
    }
  },
  {
    what: 'an allowed binding of an unschedulable pod counts on its node',
    run: (b) => {
      b.known('n5')
      b.pending('u1', 600, { isUnschedulable: true })
      b.bind('u1', 'n5')
      b.is([b.askNode('n5', 400), b.askNode('n5', 401)], ['fits', 'full'])
      b.wait(bindingTime)
      b.read('n5')
      b.is([b.askNode('n5', 1000)], ['fits'])
    }
  },
  {
    what: 'where a waiting pod may go is followed: a toleration that is added opens another node to it',
    run: (b) => {
      b.known('n1')
      b.node('n2', { taints: [{ key: 'dedicated', value: '', effect: 'NoSchedule' }] })
      b.read('n2')
      b.pending('w', 600, { placement: placementOf({}) })
      b.is([b.ask(400), b.ask(401, { placement: placementOf({}) })], ['fits', 'full n1 1000'])
      b.pending('w', 600, { placement: placementOf({ tolerations: [{ key: 'dedicated', operator: 'Exists' }] }) })
      b.is([b.ask(1000, { placement: placementOf({}) })], ['fits'])
    }
  }
]

const gates: readonly Case[] = [
  {
    what: 'a pod with scheduling gates holds nothing, wherever it may go, nor of a budget; shown without them it does',
    run: (b) => {
      b.known('n5')
      b.pending('o4', 100)
      b.pending('g1', 500, { isGated: true })
      b.pending('g2', 500, { placement: pinnedTo('n5'), isGated: true })
      b.is([b.ask(900), b.ask(901), b.askNode('n5', 1000)], ['fits', 'full n5 1000', 'fits'])
      b.is([b.committed('default')], [100])
      b.pending('g1', 500)
      b.is([b.ask(400), b.ask(401)], ['fits', 'full n5 1000'])
      b.is([b.committed('default')], [600])
    }
  },
  {
    what: 'once the removal of its gates is allowed it counts at once; an event from before that changes nothing',
    run: (b) => {
      b.known('n5')
      b.pending('g1', 500, { isGated: true })
      b.admit('g1', 500)
      b.is([b.ask(500), b.ask(501)], ['fits', 'full n5 1000'])
      b.is([b.ask(1000, { uid: 'g1' })], ['fits'], 'not against itself')
      b.admit('g1', 500)
      b.pending('g1', 500, { isGated: true })
      b.is([b.ask(500), b.ask(501)], ['fits', 'full n5 1000'], 'an event from before')
      b.pending('g1', 500)
      b.wait(assumedTime)
      b.is([b.ask(500), b.ask(501)], ['fits', 'full n5 1000'], 'shown without gates')
    }
  },
  {
    what: 'a removal of gates that the API server refused after all is dropped: the pod is gated again',
    run: (b) => {
      b.known('n5')
      b.pending('g1', 500, { isGated: true })
      b.admit('g1', 500, pinnedTo('n5'))
      b.wait(assumedTime - 1)
      b.is([b.askNode('n5', 500), b.askNode('n5', 501)], ['fits', 'full'])
      b.wait(1)
      b.is([b.askNode('n5', 1000), b.ask(1000)], ['fits', 'fits'])
    }
  }
]

for (const { what, run } of [
  ...nodesAndReadings,
  ...clocks,
  ...podsOnNodes,
  ...estimates,
  ...admissions,
  ...bindings,
  ...waiting,
  ...gates
]) {
  t.test(what, async (t) => run(books(t)))
}
