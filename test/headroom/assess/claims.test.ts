import fc from 'fast-check'
import t from 'tap'
import { unseenByNode } from '../../../src/headroom/assess/claims.ts'
import { Headroom } from '../../../src/headroom/assess/headroom.ts'
import { Ledger } from '../../../src/headroom/ledger/ledger.ts'
import { assumedTime } from '../../../src/headroom/ledger/pod-states.ts'
import { fakeClock } from '../../support/fakes.ts'
import { demand, emptyFleet, nodeFacts, pinnedTo, plain, podFacts, reading } from '../../support/headroom.ts'

const isolation = { namespace: 'shop', share: 0.25 }
const most = 4_194_304

function fleet(nodes = 1) {
  const all = emptyFleet()
  const { ledger, headroom } = all
  for (let i = 1; i <= nodes; i++) {
    ledger.observeNode(nodeFacts(`n${i}`))
    ledger.observeReading(reading(`n${i}`, all.clock.now()))
  }
  let last = 0
  return {
    ...all,
    /** A request for a pod that was admitted; only `store` makes it a pod of the API server. */
    request: (namespace: string, pids: number, node?: string) => {
      const uid = `${++last}`
      const placement = node === undefined ? plain : pinnedTo(node)
      ledger.assume({ uid, namespace, workload: { kind: 'Pod', name: uid }, pids, placement })
      return uid
    },
    store: (namespace: string, pids: number, change: object = {}) => {
      const uid = `${++last}`
      ledger.observePod(podFacts(uid, { namespace, estimated: pids, phase: 'Pending', placement: plain, ...change }))
      return uid
    },
    ask: (pids: number, namespace = 'shop') =>
      headroom.assess(demand({ pids, isolation: { ...isolation, namespace } })).verdict
  }
}

t.test('requests of strangers for all there is, on the node or anywhere, keep a share of it', async (t) => {
  for (const [node, keeps] of [
    ['n1', 250],
    [undefined, 200]
  ] as const) {
    const { request, ask } = fleet()
    for (const namespace of ['kube-system', 'orders', 'no-such-namespace']) request(namespace, most, node)
    for (let i = 0; i < 100; i++) request(`random-${i}`, 100, node)
    t.equal(ask(1000 - keeps), 'fits')
    t.equal(ask(1001 - keeps), 'full')
  }
})

t.test('one that is not stored within seconds holds nothing', async (t) => {
  const { request, ask, clock } = fleet()
  request('shop', 1000)
  t.equal(ask(1), 'full')
  clock.advance(assumedTime)
  t.equal(ask(1000), 'fits')
})

t.test('an annotation for all there is on pods of another namespace keeps a share of the node', async (t) => {
  const { store, ask } = fleet()
  for (let i = 0; i < 5; i++) store('orders', most, { node: 'n1' })
  t.equal(ask(750), 'fits')
  t.equal(ask(751), 'full')
  t.equal(ask(1, 'orders'), 'full', 'its own namespace pays in full')
})

t.test('what is observed counts in full, whoever holds it', async (t) => {
  const { store, ask, ledger, clock } = fleet()
  const uid = store('orders', 400, { node: 'n1' })
  ledger.observeReading(
    reading('n1', clock.now(), { kubepods: { limit: 1000, inUse: 900 }, pods: new Map([[uid, 900]]) })
  )
  t.equal(ask(100), 'fits')
  t.equal(ask(101), 'full')
})

t.test('claims within the share count as they are', async (t) => {
  const { store, ask } = fleet()
  store('orders', 250, { node: 'n1' })
  t.equal(ask(750), 'fits')
  t.equal(ask(751), 'full')
  store('billing', 100)
  t.equal(ask(650), 'fits')
  t.equal(ask(651), 'full')
})

t.test('a binding, and what other replicas may have bound, is bounded in the same way', async (t) => {
  const clock = fakeClock()
  const ledger = new Ledger(clock, () => 50)
  const headroom = new Headroom(
    ledger,
    clock,
    () => true,
    () => 3
  )
  ledger.observeNode(nodeFacts('n1'))
  ledger.observeReading(reading('n1', clock.now()))
  ledger.assume({
    uid: 'a',
    namespace: 'orders',
    workload: { kind: 'Pod', name: 'a' },
    pids: 300,
    placement: pinnedTo('n1')
  })
  const ask = (pids: number, namespace: string) =>
    headroom.assessNode('n1', {
      pids,
      uid: undefined,
      floor: { pids: 0 },
      maxAge: 60_000,
      isolation: { ...isolation, namespace }
    }).verdict
  t.equal(ask(750, 'shop'), 'fits')
  t.equal(ask(751, 'shop'), 'full')
  t.equal(ask(100, 'orders'), 'fits')
  t.equal(ask(101, 'orders'), 'full')
})

t.test('what other replicas may have bound: of each pod with a node, but for the one that asks', async (t) => {
  const { ledger, request } = fleet()
  const asking = request('shop', 100, 'n1')
  request('orders', 300, 'n1')
  request('orders', 50)
  const claims = (peers: number, self?: string) => Object.fromEntries(unseenByNode(ledger, peers, self))
  const orders = { namespace: 'orders', pids: 600 }
  t.strictSame(claims(2, asking), { n1: [orders] })
  t.strictSame(claims(2), { n1: [{ namespace: 'shop', pids: 200 }, orders] })
  t.strictSame(claims(0), {})
})

t.test('a pod that is asked about again is no claim of others, and makes the node no larger', async (t) => {
  const { request, headroom } = fleet()
  const uid = request('shop', 300, 'n1')
  request('orders', 800, 'n1')
  const ask = (pids: number) => headroom.assess(demand({ pids, uid, isolation, placement: pinnedTo('n1') })).verdict
  t.strictSame([ask(750), ask(751)], ['fits', 'full'])
})

t.test('on the node that was chosen, claims within its room count in full, and beyond it are bounded', async (t) => {
  const { store, headroom } = fleet()
  const ask = (pids: number) =>
    headroom.assessNode('n1', {
      pids,
      uid: undefined,
      floor: { pids: 0 },
      maxAge: 60_000,
      isolation: { ...isolation, onlyBeyond: true }
    }).verdict
  store('orders', 1000, { node: 'n1' })
  t.strictSame([ask(0), ask(1)], ['fits', 'full'], 'as much as there is')
  store('orders', 1, { node: 'n1' })
  t.strictSame([ask(750), ask(751)], ['fits', 'full'], 'more than there is: some landed unchecked')
  const floor = { pids: 100 }
  const into = fleet()
  into.store('orders', 950, { node: 'n1' })
  const isInto = into.headroom.assessNode('n1', {
    pids: 1,
    uid: undefined,
    floor,
    maxAge: 60_000,
    isolation: { ...isolation, onlyBeyond: true }
  })
  t.equal(isInto.verdict, 'full', 'claims that reach into the floor were all checked')
})

t.test(
  'claims that are beyond only by what is in use already count in full: samples of different instants count it twice',
  async (t) => {
    const { store, ledger, headroom, clock } = fleet()
    store('orders', 950, { node: 'n1' })
    const host = { limit: 1000, inUse: 300 }
    ledger.observeReading(reading('n1', clock.now(), { host, kubepods: { limit: 1000, inUse: 100 } }))
    const ask = headroom.assessNode('n1', {
      pids: 1,
      uid: undefined,
      floor: { pids: 0 },
      maxAge: 60_000,
      isolation: { ...isolation, onlyBeyond: true }
    })
    t.equal(ask.verdict, 'full')
    for (const [, room] of headroom.rooms({ pids: 0 }, 60_000, 0.25))
      t.equal(room?.ceilings[0]?.free, -150, 'for taints too: the 100 in use are of its 950')
  }
)

t.test('what pods that are being deleted may still take is left out once, also where claims are bounded', async (t) => {
  const { ledger, headroom, clock } = emptyFleet()
  ledger.observeNode(nodeFacts('n1'))
  const grows = { node: 'n1', namespace: 'orders', estimated: 600 }
  ledger.observePod(podFacts('a', grows))
  const seen = { kubepods: { limit: 1000, inUse: 100 }, pods: new Map([['a', 100]]) }
  ledger.observeReading(reading('n1', clock.now(), seen))
  ledger.observePod(podFacts('a', { ...grows, deleting: true }))
  const verdict = (pids: number, isCheckedAgain: boolean, bounded = isolation) =>
    headroom.assess(demand({ pids, floor: { pids: 0 }, isolation: bounded, isCheckedAgain })).verdict
  const whole = { namespace: 'shop', share: 1 }
  t.strictSame([verdict(400, false, whole), verdict(401, false, whole)], ['fits', 'full'])
  for (const bounded of [whole, isolation])
    t.strictSame([verdict(900, true, bounded), verdict(901, true, bounded)], ['fits', 'full'])
})

t.test('a denial shows the node as it was counted', async (t) => {
  const { store, headroom } = fleet()
  store('orders', most, { node: 'n1' })
  t.match(headroom.assess(demand({ pids: 751, isolation })), {
    verdict: 'full',
    best: { ceilings: [{ free: 750, committed: 250 }] }
  })
})

t.test('rooms for taints: no namespace lets nodes be tainted by what it says it needs', async (t) => {
  const { store, headroom } = fleet()
  store('orders', most, { node: 'n1' })
  const [[, room] = []] = [...headroom.rooms({ pids: 0 }, 60_000, 0.25)]
  t.equal(room?.ceilings[0]?.free, 750)
  const [[, whole] = []] = [...headroom.rooms({ pids: 0 }, 60_000)]
  t.equal(whole?.ceilings[0]?.free, 1000 - most)
})

/** What a tenant, or strangers, may do; nothing of it is observed. */
const act = fc.record({
  what: fc.constantFrom('request', 'store', 'annotate', 'bind', 'wait'),
  pids: fc.constantFrom(1, 50, 400, 1000, most),
  node: fc.constantFrom('n1', 'n2', 'n3', undefined),
  span: fc.constantFrom(1, 2_000, assumedTime, 61_000)
})

t.test(
  'nothing that one tenant does without running threads keeps more than its share, nor do strangers',
  async (t) => {
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 40, size: 'max' }),
        fc.constantFrom('tenant', 'strangers'),
        (acts, who) => {
          const { ledger, clock, request, store, headroom } = fleet(3)
          const uids: string[] = []
          for (const { what, pids, node, span } of acts) {
            const isStranger = who === 'strangers'
            const target = uids.at(-1)
            if (what === 'request' || isStranger)
              uids.push(request(isStranger ? `x${uids.length}` : 'tenant', pids, node))
            else if (what === 'store') uids.push(store('tenant', pids, node === undefined ? {} : { node }))
            else if (target === undefined) continue
            else if (what === 'annotate')
              ledger.observePod(
                podFacts(target, {
                  namespace: 'tenant',
                  estimated: most,
                  declared: most,
                  phase: 'Pending',
                  placement: plain
                })
              )
            else if (what === 'bind') ledger.confirm(target, node ?? 'n1')
            if (what === 'wait') clock.advance(span)
          }
          for (let i = 1; i <= 3; i++) ledger.observeReading(reading(`n${i}`, clock.now()))
          // A share by stored pods, and one by requests that are not stored: on nodes, and again without a node.
          const left = who === 'tenant' ? 0.5 : 0.75
          const asked = demand({ pids: 1000 * left, isolation })
          const onEach = ['n1', 'n2', 'n3'].every((name) => headroom.assessNode(name, { ...asked }).verdict === 'fits')
          return onEach && headroom.assess({ ...asked, pids: Math.floor(1000 * left * left) }).verdict === 'fits'
        }
      ),
      { numRuns: 500, seed: 5 }
    )
    t.pass()
  }
)
