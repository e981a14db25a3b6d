import fc from 'fast-check'
import t from 'tap'
import { ExpiryQueue } from '../../src/lib/expiry-queue.ts'

t.test('a thing is held until it expires, and taken then, the first to expire first', async (t) => {
  const held = new ExpiryQueue<string>()
  t.equal(held.takeExpired(1_000), undefined, 'nothing held')
  held.add('a', 100)
  held.add('b', 50)
  held.add('c', 100)
  t.equal(held.takeExpired(49), undefined)
  t.equal(held.takeExpired(50), 'b')
  t.equal(held.takeExpired(99), undefined)
  held.add('a', 120)
  held.add('c', 80)
  t.equal(held.takeExpired(100), 'c', 'the new instant counts, earlier or later')
  t.equal(held.takeExpired(100), undefined)
  held.delete('a')
  t.equal(held.takeExpired(1_000), undefined)
  t.equal(held.size, 0)
})

t.test('whatever is added and deleted, in whatever order', async (t) => {
  const thing = fc.integer({ min: 0, max: 9 })
  const at = fc.integer({ min: 0, max: 50 })
  const step = fc.record({ what: fc.constantFrom('add', 'add', 'delete', 'take'), thing, at })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const held = new ExpiryQueue<number>()
      const slow = new Map<number, number>()
      for (const { what, thing, at } of steps) {
        if (what === 'add') {
          held.add(thing, at)
          slow.set(thing, at)
        } else if (what === 'delete') {
          held.delete(thing)
          slow.delete(thing)
        } else {
          const least = Math.min(...slow.values())
          const taken = held.takeExpired(at)
          if (least > at ? taken !== undefined : slow.get(taken as number) !== least) throw new Error(`took ${taken}`)
          if (taken !== undefined) slow.delete(taken)
        }
        if (held.size !== slow.size || held.has(thing) !== slow.has(thing)) throw new Error('not the same are held')
      }
    }),
    { numRuns: 500, seed: 7 }
  )
  t.pass()
})

t.test('what is deleted is not held on to', async (t) => {
  const held = new ExpiryQueue<number>()
  for (let i = 0; i < 5_000; i++) {
    held.add(i, 5_000 - i)
    if (i % 1_000 > 0) held.delete(i)
  }
  const taken: (number | undefined)[] = []
  while (held.size > 0) taken.push(held.takeExpired(5_000))
  t.strictSame(taken, [4_000, 3_000, 2_000, 1_000, 0])
})

t.test('a thing that is added again with the same instant is taken once', async (t) => {
  const held = new ExpiryQueue<string>()
  held.add('a', 100)
  held.add('a', 100)
  t.equal(held.size, 1)
  t.equal(held.takeExpired(100), 'a')
  t.equal(held.takeExpired(1_000), undefined)
})
