import t from 'tap'
import { Bodies, type Body } from '../../src/server/bodies.ts'

/** Bodies by name; `gone` lists those that gave up, in order. */
function bodies(limit: number) {
  const held = new Bodies(limit)
  const gone: string[] = []
  const begin = (name: string, length: number): Body => {
    const body = { length, giveUp: () => gone.push(name) }
    held.begin(body)
    return body
  }
  return { held, gone, begin }
}

void t.test('at the limit nothing gives up; past it the largest that is not complete does', async (t) => {
  const { held, gone, begin } = bodies(200_000)
  begin('a', 50_000)
  begin('b', 100_000)
  begin('c', 50_000)
  t.strictSame([gone, held.held], [[], 200_000])
  begin('d', 40_000)
  t.strictSame([gone, held.held], [['b'], 140_000])
})

void t.test('among equals the oldest gives up, and one larger than all room gives up itself', async (t) => {
  const { held, gone, begin } = bodies(100_000)
  begin('a', 50_000)
  begin('b', 50_000)
  begin('c', 50_000)
  t.strictSame(gone, ['a'])
  begin('d', 100_001)
  t.strictSame([gone, held.held], [['a', 'd'], 100_000])
})

void t.test('small bodies do not count', async (t) => {
  const { held, gone, begin } = bodies(40_000)
  for (let i = 0; i < 100; i++) held.end(begin(`${i}`, 32 * 1024))
  t.strictSame([gone, held.held], [[], 0])
  begin('a', 32 * 1024 + 1)
  t.equal(held.held, 32 * 1024 + 1)
})

void t.test('a complete body counts until it is answered, and gives up no more', async (t) => {
  const { held, gone, begin } = bodies(100_000)
  const done = begin('a', 90_000)
  held.complete(done)
  begin('b', 50_000)
  t.strictSame([gone, held.held], [['b'], 90_000], 'the new one has to')
  held.lose(done)
  t.equal(held.held, 90_000, 'its connection may break: it is under review')
  held.end(done)
  t.equal(held.held, 0)
})

void t.test('a body that broke off is forgotten, once', async (t) => {
  const { held, begin } = bodies(100_000)
  const body = begin('a', 90_000)
  held.lose(body)
  held.lose(body)
  t.equal(held.held, 0)
})
