import t from 'tap'
import { AwaitedRoom, type AwaitingPods } from '../../src/leader/awaited-room.ts'

const all = ['a', 'b', 'c']

function pods(pids: number, nodes: readonly string[] = all, count = 1): AwaitingPods {
  return { key: `${pids} ${nodes.join()}`, pids, count, nodes: nodes.map((name) => ({ name })) }
}

/** Room of 300 on a, 800 on b, 20 on c. */
const free = new Map([
  ['a', 300],
  ['b', 800],
  ['c', 20]
])

const needs = (waiting: readonly AwaitingPods[], room = new AwaitedRoom(), now = 0) =>
  Object.fromEntries(room.needs(waiting, free, now))

t.test('nobody waits: nothing is asked of any node', async (t) => {
  t.strictSame(needs([]), {})
})

t.test('the largest that fits somewhere decides for all nodes it may land on', async (t) => {
  t.strictSame(needs([pods(50), pods(500)]), { a: 500, b: 500, c: 500 })
  t.strictSame(needs([pods(500, ['b']), pods(200)]), { a: 200, b: 500, c: 200 })
})

t.test('one that fits nowhere closes only where nobody who waits fits', async (t) => {
  t.strictSame(needs([pods(900), pods(100)]), { a: 100, b: 100, c: 100 })
  t.strictSame(needs([pods(900), pods(4_000)]), { a: 900, b: 900, c: 900 }, 'the smallest of them decides')
  t.strictSame(needs([pods(900, ['c'])]), { c: 900 })
})

t.test('a hundred sizes are looked at, the largest ones', async (t) => {
  const sizes = Array.from({ length: 101 }, (_, at) => pods(200 + at, [`n${at}`]))
  const room = new Map(sizes.map(({ nodes: [node] }) => [node?.name ?? '', 1_000] as const))
  const needed = new AwaitedRoom().needs(sizes, room, 0)
  t.equal(needed.size, 100)
  t.equal(needed.has('n0'), false, 'the smallest is left out')
})

t.test('what is not known, or closed by others, is left as it is', async (t) => {
  t.strictSame(needs([pods(500, ['b', 'unread'])]), { b: 500 })
})

t.test(
  'a pod that does not land closes nodes for half a minute, then leaves them to others for a minute',
  async (t) => {
    const room = new AwaitedRoom()
    const waiting = [pods(500), pods(50)]
    const at = (now: number) => needs(waiting, room, now)['a']
    t.equal(at(0), 500)
    t.equal(at(29_999), 500)
    t.equal(at(30_000), 50)
    t.equal(at(89_999), 500, 'the small one has not landed either')
    t.equal(at(90_000), 500)
    t.strictSame(needs([], room, 200_000), {})
    t.equal(at(200_001), 500, 'one that went and came is new')
  }
)

t.test(
  'as many as possible of the pods that wait fit on an open node, while open nodes hold all of them',
  async (t) => {
    // Room of 300 on a, 800 on b.
    t.strictSame(needs([pods(100, all, 8)]), { a: 800, b: 800, c: 800 }, 'b alone holds them')
    t.strictSame(needs([pods(100, all, 9)]), { a: 400, b: 400, c: 400 }, 'at first only where half as many fit as on b')
    t.strictSame(needs([pods(100, all, 40)]), { a: 400, b: 400, c: 400 }, 'not all of them fit')
    t.strictSame(needs([pods(100, all, 1)]), { a: 100, b: 100, c: 100 })
    const room = new AwaitedRoom()
    t.equal(needs([pods(100, all, 9)], room)['a'], 400)
    t.equal(needs([pods(100, all, 9)], room, 1_999)['a'], 400)
    t.equal(needs([pods(100, all, 9)], room, 2_000)['a'], 300, 'then wherever they fit')
    t.equal(needs([pods(100, all, 40)], room, 2_001)['a'], 100)
  }
)

t.test(
  'who has waited for half a minute goes first for half a minute, and the smallest of them before all',
  async (t) => {
    const room = new AwaitedRoom()
    const small = [pods(40, ['a']), pods(50)]
    const at = (now: number, ...larger: number[]) => needs([...larger.map((pids) => pods(pids)), ...small], room, now)
    t.strictSame(at(0, 800), { a: 800, b: 800, c: 800 })
    t.strictSame(at(29_000, 700), { a: 700, b: 700, c: 700 }, 'another size goes before them')
    t.strictSame(at(29_999, 700), { a: 700, b: 700, c: 700 })
    t.strictSame(at(30_000, 700), { a: 40, b: 50, c: 50 }, 'they have waited for long enough')
    t.strictSame(at(59_999, 600), { a: 40, b: 50, c: 50 })
    t.strictSame(at(60_000, 600), { a: 600, b: 600, c: 600 }, 'something else than PIDs keeps them')
    t.strictSame(at(119_999, 600), { a: 600, b: 600, c: 600 }, 'or larger ones have landed meanwhile')
    t.strictSame(at(120_000, 500), { a: 40, b: 50, c: 50 }, 'once more')
  }
)

t.test('one of a hundred larger sizes does not keep a small one out of sight for ever', async (t) => {
  const room = new AwaitedRoom()
  const waiting = [...Array.from({ length: 100 }, (_, at) => pods(200 + at, ['b'])), pods(10, ['a'])]
  t.equal(needs(waiting, room)['a'], undefined)
  t.equal(needs(waiting, room, 30_000)['a'], 10)
})

t.test('for half a minute after pods have landed, others like them are expected', async (t) => {
  const room = new AwaitedRoom()
  t.strictSame(needs([pods(100, all, 8)], room), { a: 800, b: 800, c: 800 })
  t.strictSame(needs([pods(10, ['c'], 2)], room, 29_999), { c: 20, a: 800, b: 800 }, 'one that waits goes before them')
  t.strictSame(needs([], room, 30_000), { c: 20 })
  t.strictSame(needs([], room, 60_000), {})
})

t.test(
  'pods that begin to wait open no node that is closed for those expected while the others hold them',
  async (t) => {
    const room = new AwaitedRoom()
    t.equal(needs([pods(500)], room)['a'], 500)
    t.strictSame(needs([pods(10)], room, 1), { a: 500, b: 500, c: 500 }, 'b holds it')
    t.strictSame(needs([pods(10)], room, 2_000), { a: 500, b: 500, c: 500 })
    t.strictSame(needs([pods(10)], room, 2_001), { a: 10, b: 10, c: 10 }, 'something keeps it from b')
    t.strictSame(needs([pods(10, ['a'])], room, 2_002), { a: 10, b: 500, c: 500 }, 'a is all that this one has')
    t.equal(
      needs([pods(10, all, 81)], room, 2_003)['a'],
      400,
      'b does not hold so many, and half of what it holds is asked of a'
    )
    t.equal(needs([pods(900), pods(10)], room, 2_004)['a'], 500, 'one that fits nowhere needs no node')
  }
)

t.test('pods that fit nowhere any more are not expected, and no more than a hundred sizes are', async (t) => {
  const room = new AwaitedRoom()
  t.strictSame(needs([pods(900, all, 2)], room), { a: 900, b: 900, c: 900 })
  t.strictSame(needs([], room, 1), {})
  const many = (from: number) => Array.from({ length: 100 }, (_, at) => pods(from + at, ['b']))
  needs([pods(20, ['c'])], room, 2)
  needs(many(100), room, 3)
  t.strictSame(Object.keys(needs([], room, 4)), ['b'], 'the one seen first is forgotten')
})
