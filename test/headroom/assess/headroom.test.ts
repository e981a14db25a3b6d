import t from 'tap'
import { Headroom } from '../../../src/headroom/assess/headroom.ts'
import { settleTime } from '../../../src/headroom/ledger/peaks/observed-pods.ts'
import { demand, fleetOf, type NodeSketch, nodeFacts, placementOf, plain, podFacts } from '../../support/headroom.ts'

const floor = { pids: 0 }
const maxAge = 60_000

t.test('a floor of the namespace is kept free, and nothing beyond it', async (t) => {
  const { headroom } = fleetOf({ n1: { kubepods: [1000, 500] } })
  const verdict = (pids: number, share: number) => headroom.assess(demand({ pids, floor: { share } })).verdict
  t.strictSame([verdict(200, 0.3), verdict(201, 0.3)], ['fits', 'full'], 'a batch namespace leaves 30 %')
  t.strictSame([verdict(450, 0.05), verdict(451, 0.05)], ['fits', 'full'], 'a system one 5 %')
})

t.test('the best node, its tightest ceiling first, and all of them for the log', async (t) => {
  const { headroom } = fleetOf({
    n1: { host: [1000, 990], kubepods: [1000, 100] },
    n2: { host: [2000, 1000], kubepods: [1000, 950], pods: { a: { estimate: 20, observed: 10 } } },
    n3: { host: [1000, 1100] }
  })
  const assessment = headroom.assess(demand({ pids: 60, floor: { pids: 5 } }))
  if (assessment.verdict !== 'full') return t.fail(assessment.verdict)
  t.match(assessment, { nodes: 3, room: 0, waiting: { pods: 0, pids: 0 } })
  t.strictSame(assessment.best, {
    node: 'n2',
    age: 0,
    ceilings: [
      { ceiling: 'kubepods', limit: 1000, inUse: 950, committed: 960, floor: 5, free: 35 },
      { ceiling: 'node', limit: 2000, inUse: 1000, committed: 1010, floor: 5, free: 985 }
    ]
  })
  t.strictSame(
    assessment.accounts().map(({ node, ceilings }) => `${node} ${ceilings[0]?.ceiling} ${ceilings[0]?.free}`),
    ['n2 kubepods 35', 'n1 node 5', 'n3 node -105']
  )
})

t.test('of many nodes the log gets the hundred freest', async (t) => {
  const nodes = Array.from(
    { length: 250 },
    (_, i) => [`n${i}`, { kubepods: [1000, 900 + ((i * 7) % 100)] as const }] as const
  )
  const { headroom } = fleetOf(Object.fromEntries(nodes))
  const assessment = headroom.assess(demand({ pids: 200 }))
  if (assessment.verdict !== 'full') return t.fail(assessment.verdict)
  const free = assessment.accounts().map(({ ceilings }) => ceilings[0]?.free ?? 0)
  t.equal(free.length, 100)
  t.strictSame(
    free,
    free.toSorted((a, b) => b - a)
  )
  t.equal(free[0], 100)
})

t.test('unknown says why, of how many, and names one', async (t) => {
  const { headroom, ledger } = fleetOf({
    full: { kubepods: [1000, 1000] },
    silent: { age: null },
    old: { age: 60_001 },
    part: { kubepods: [null, null] }
  })
  const about = (name: string) => headroom.assess(demand({ placement: placementOf({ nodeName: name }) }))
  t.match(headroom.assess(demand()), { verdict: 'unknown', nodes: 4, unknown: 3, node: 'silent', why: 'no reading' })
  t.match(about('old'), { why: 'reading too old' })
  t.match(about('part'), { why: 'ceiling not known' })
  t.match(about('other'), { verdict: 'nowhere' })
  t.match(headroom.assessNode('other', { pids: 1, uid: undefined, floor, maxAge }), {
    verdict: 'unknown',
    why: 'node not known'
  })
  const many = { nodeSelector: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`l${i}`, 'x'])) }
  t.match(headroom.assess(demand({ placement: placementOf(many) })), {
    verdict: 'unknown',
    why: 'too many terms'
  })
  ledger.observeReading({
    node: 'silent',
    at: 0,
    host: { limit: 1, inUse: 1 },
    kubepods: { limit: 1, inUse: 1 },
    pods: undefined
  })
  t.match(about('silent'), { why: 'reading too old' })
})

t.test('a node that was at its floor and is silent since stays full for ten minutes', async (t) => {
  const seen = (age: number, inUse: number, share = 0) => {
    const { headroom } = fleetOf({ n1: { kubepods: [1000, inUse], age } })
    return headroom.assess(demand({ floor: { share } })).verdict
  }
  t.strictSame([seen(60_001, 1000), seen(600_000, 1000), seen(600_001, 1000)], ['full', 'full', 'unknown'])
  t.strictSame([seen(60_001, 999), seen(60_001, 950)], ['unknown', 'unknown'], 'low, and perhaps no longer')
  t.strictSame([seen(60_001, 900, 0.1), seen(60_001, 899, 0.1)], ['full', 'unknown'])
  t.equal(seen(-60_001, 1000), 'unknown', 'a reading from the future')
})

t.test('one node in fifty that cannot be read does not open a full fleet; one of fewer does', async (t) => {
  const fleet = (full: number) => {
    const nodes = Array.from({ length: full }, (_, i) => [`n${i}`, { kubepods: [1000, 1000] }] as const)
    return fleetOf({ ...Object.fromEntries(nodes), silent: { age: null } }).headroom.assess(demand())
  }
  t.match(fleet(49), { verdict: 'full', nodes: 50, unknown: 1 })
  t.match(fleet(48), { verdict: 'unknown', nodes: 49, unknown: 1, node: 'silent' })
})

t.test('a fresh reading without either ceiling is not known', async (t) => {
  const none = [null, 100] as const
  const { headroom } = fleetOf({ n1: { host: none, kubepods: none } })
  t.match(headroom.assess(demand({ pids: 1 })), { verdict: 'unknown', why: 'ceiling not known', node: 'n1' })
})

t.test('a reading from the future is as far off as it is', async (t) => {
  const { headroom } = fleetOf({ n1: { age: -60_000 }, n2: { age: -60_001 } })
  const on = (name: string) => headroom.assess(demand({ placement: placementOf({ nodeName: name }) })).verdict
  t.strictSame([on('n1'), on('n2')], ['fits', 'unknown'])
})

t.test('one fitting node is enough, however many are unknown or full', async (t) => {
  const { headroom } = fleetOf({ full: { kubepods: [1000, 1000] }, silent: { age: null }, free: {} })
  t.equal(headroom.assess(demand()).verdict, 'fits')
  t.equal(headroom.assess(demand({ pods: 10 })).verdict, 'fits')
  t.equal(headroom.assess(demand({ pods: 11 })).verdict, 'unknown')
  t.equal(headroom.assess(demand({ pods: 0, pids: 1_000_000 })).verdict, 'fits', 'nothing asked')
})

t.test('many pods fit as whole pods, and the room says how many would', async (t) => {
  const { headroom } = fleetOf({ n1: { kubepods: [1000, 450] }, n2: { kubepods: [1000, 750] } })
  t.equal(headroom.assess(demand({ pods: 7 })).verdict, 'fits')
  t.match(headroom.assess(demand({ pods: 8 })), { verdict: 'full', room: 7, best: { node: 'n1' } })
})

t.test('a node behind a taint is named where it has room for one pod, or may have', async (t) => {
  const taints = [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }]
  const behind = (sketch: NodeSketch) => {
    const { headroom, ledger, clock } = fleetOf({ open: {}, tainted: { taints, ...sketch } })
    const unheard = { limit: 1000, inUse: 0 }
    ledger.observeReading({ node: 'gone', at: clock.now(), host: unheard, kubepods: unheard, pods: undefined })
    return headroom.behindTaints(demand({ pods: 50 }))
  }
  t.equal(behind({ kubepods: [1000, 900] }), 'tainted')
  t.equal(behind({ kubepods: [1000, 901] }), undefined)
  t.equal(behind({ age: null }), 'tainted')
  t.equal(behind({ taints: [] }), undefined)
})

t.test('each node of a DaemonSet', async (t) => {
  const { headroom } = fleetOf({
    n1: {},
    n2: { kubepods: [1000, 950] },
    n3: { host: [1000, 999] },
    n4: { age: null },
    n5: { kubepods: [null, null] }
  })
  const each = headroom.assessEach({ placement: plain, pids: 100, floor, maxAge })
  t.match(each, { nodes: 5, full: 2, unknown: 2, worst: { node: 'n3' } })
  t.match(headroom.assessEach({ placement: plain, pids: 1, floor, maxAge }), { full: 0, worst: undefined })
})

t.test('what is known of a workload is what its pods show', async (t) => {
  const { headroom, ledger, clock } = fleetOf({ n1: { pods: { a: { estimate: 70, observed: 90, workload: 'web' } } } })
  const web = { kind: 'Deployment', name: 'web' }
  t.match(headroom.observedPeak('default', web), { pids: 90, isSettled: false, pod: 'a', age: 0 })
  t.match(headroom.workload('default', web), { estimate: 70 })
  t.equal(headroom.workload('default', { kind: 'Deployment', name: 'other' }), undefined)
  t.equal(headroom.observedPeak('other', web), undefined)
  t.strictSame([headroom.estimateOf('a'), headroom.estimateOf('b')], [70, undefined])
  clock.advance(settleTime)
  const quiet = { limit: 1000, inUse: 10 }
  ledger.observeReading({ node: 'n1', at: clock.now(), host: quiet, kubepods: quiet, pods: new Map([['a', 10]]) })
  t.match(headroom.observedPeak('default', web), { pids: 90, isSettled: true })
  ledger.removePod('a')
  t.equal(headroom.workload('default', web), undefined, 'no pod, so nobody knows what the next is like')
  t.strictSame(headroom.observedPeak('default', web)?.pids, 90, 'but its peak is remembered')
})

t.test('a reading that does not know pods leaves what was seen of them', async (t) => {
  const { headroom, ledger, clock } = fleetOf({
    n1: { kubepods: [1000, 300], pods: { a: { estimate: 300, observed: 300 } } }
  })
  const used = { limit: 1000, inUse: 300 }
  ledger.observeReading({ node: 'n1', at: clock.now(), host: used, kubepods: used, pods: undefined })
  t.strictSame(
    [headroom.assess(demand({ pids: 700 })).verdict, headroom.assess(demand({ pids: 701 })).verdict],
    ['fits', 'full']
  )
})

t.test('after a full list, what it does not hold is gone', async (t) => {
  const { headroom, ledger } = fleetOf({ n1: { pods: { a: { estimate: 500 }, b: { estimate: 400 } } }, n2: {} })
  ledger.assume({
    uid: 'new',
    namespace: 'default',
    workload: { kind: 'Pod', name: 'new' },
    pids: 100,
    placement: placementOf({ nodeName: 'n1' })
  })
  ledger.retainPods((uid) => uid === 'b')
  ledger.retainNodes((name) => name === 'n1')
  t.strictSame(
    [headroom.assess(demand({ pids: 500 })).verdict, headroom.assess(demand({ pids: 501 })).verdict],
    ['fits', 'full']
  )
  t.equal(ledger.podCount, 2, 'a pod just admitted cannot be in it yet')
})

t.test('every node as it stands, for tables and taints', async (t) => {
  const { headroom, ledger, clock } = fleetOf({ n1: { kubepods: [1000, 450], age: 7 }, n2: { age: null } })
  ledger.observePod(podFacts('lost', { node: 'gone' }))
  const tells = () =>
    [...headroom.accounts({ share: 0.1 })].map(({ node, age, ceilings }) => [node, age, ceilings[0]?.free])
  t.strictSame(tells(), [
    ['n1', 7, 450],
    ['n2', undefined, undefined]
  ])
  const empty = { limit: 1, inUse: 0 }
  ledger.observeReading({ node: 'late', at: clock.now(), host: empty, kubepods: empty, pods: undefined })
  t.equal([...ledger.nodes].length, 4)
  clock.advance(300_001)
  ledger.sweep()
  t.strictSame(
    [...ledger.nodes].map(({ name }) => name),
    ['n1', 'n2', 'gone'],
    'what nothing refers to is swept away'
  )
  ledger.observeNode(nodeFacts('n1'))
  t.equal(tells().length, 2)
})

t.test('while nodes and pods are those of some time ago, no room is unknown, and room is room', async (t) => {
  const { ledger, clock } = fleetOf({ n1: { kubepods: [1000, 500] } })
  let isCurrent = true
  const headroom = new Headroom(ledger, clock, () => isCurrent)
  const { placement } = demand()
  const asked = () => [
    headroom.assess(demand({ pids: 600 })),
    headroom.assessNode('n1', demand({ pids: 600 })),
    headroom.assess(demand({ pids: 500 }))
  ]
  t.match(asked(), [{ verdict: 'full' }, { verdict: 'full' }, { verdict: 'fits' }])
  t.match(headroom.assessEach(demand({ pids: 600 })), { full: 1, unknown: 0 })
  const budget = {
    namespace: 'a',
    placement,
    pids: 600,
    pods: 1,
    uid: undefined,
    maxAge,
    perNode: undefined,
    total: 500
  }
  t.match(headroom.overBudget(budget), [{ isCertain: true }])
  isCurrent = false
  const unknown = { verdict: 'unknown', why: 'API server not heard lately', nodes: 1, unknown: 1 }
  t.match(asked(), [unknown, unknown, { verdict: 'fits' }])
  t.match(headroom.assessEach(demand({ pids: 600 })), { full: 1, unknown: 1 })
  t.match(headroom.overBudget(budget), [{ isCertain: false }])
})

t.test('replicas that do not see each other’s bindings yet stay within the room together', async (t) => {
  const replica = () => {
    const { ledger, clock } = fleetOf({ n1: { kubepods: [1000, 100] } })
    const headroom = new Headroom(ledger, clock, undefined, () => 3)
    return { ledger, headroom }
  }
  const bind = ({ ledger, headroom }: ReturnType<typeof replica>, uid: string): boolean => {
    ledger.observePod(podFacts(uid, { estimated: 100, phase: 'Pending' }))
    if (headroom.assessNode('n1', demand({ uid })).verdict !== 'fits') return false
    ledger.confirm(uid, 'n1')
    return true
  }
  const three = [replica(), replica(), replica()]
  const allowed = Array.from({ length: 30 }, (_, i) => bind(three[i % 3] ?? replica(), `p${i}`))
  t.equal(allowed.filter((yes) => yes).length, 9, 'nine pods of 100 for 900, and not 27')

  const one = replica()
  for (const uid of ['a', 'b', 'c']) t.equal(bind(one, uid), true)
  t.equal(bind(one, 'd'), false, 'the other two may have bound three each')
  t.match(one.headroom.assessNode('n1', demand({ uid: 'd' })), { verdict: 'full', setAside: 600 })
  t.equal(one.headroom.assessNode('n1', demand({ uid: 'c' })).verdict, 'fits', 'asked again, it does not count twice')
  for (const uid of ['a', 'b', 'c']) one.ledger.observePod(podFacts(uid, { estimated: 100, node: 'n1' }))
  t.equal(bind(one, 'd'), true, 'shown, they are what they are')
})

t.test('the next pod of a workload is counted as the last one was, annotated or not', async (t) => {
  const { headroom, ledger } = fleetOf({})
  const web = { kind: 'Deployment', name: 'web' }
  ledger.assume({ uid: 'a', namespace: 'default', workload: web, pids: 500, placement: plain })
  ledger.observePod(podFacts('a', { workload: web, placement: plain }))
  t.match(headroom.workload('default', web), { estimate: 500 })
})
