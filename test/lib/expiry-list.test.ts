import t from 'tap'
import { Deadlines } from '../../src/lib/expiry-list.ts'

t.test('a thing is held until its span is over, and not at it', async (t) => {
  const held = new Deadlines<string>(100)
  t.equal(held.takeExpired(1_000), undefined, 'nothing held')
  held.add('a', 0)
  held.add('b', 50)
  t.equal(held.takeExpired(99), undefined)
  t.equal(held.takeExpired(100), 'a')
  t.equal(held.takeExpired(100), undefined)
  t.equal(held.has('a'), false)
  t.equal(held.has('b'), true)
  held.add('b', 120)
  t.equal(held.takeExpired(200), undefined, 'its span was started anew')
  t.equal(held.takeExpired(220), 'b')
  held.add('c', 0)
  held.delete('c')
  t.equal(held.takeExpired(1_000), undefined)
})
