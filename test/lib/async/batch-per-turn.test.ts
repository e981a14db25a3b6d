import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { batchPerTurn, onePerTurn } from '../../../src/lib/async/batch-per-turn.ts'

void t.test('what arrives in one turn is worked on together, in its order, and only once', async (t) => {
  const worked: string[][] = []
  const take = batchPerTurn<string>((items) => worked.push([...items]))
  take('a')
  process.nextTick(() => take('b'))
  void Promise.resolve().then(() => take('c'))
  t.strictSame(worked, [], 'not at once')
  await turn()
  t.equal(worked.length, 1)
  t.strictSame(worked.flat().toSorted(), ['a', 'b', 'c'])
  t.equal(worked[0]?.[0], 'a')
  await turn()
  t.equal(worked.length, 1, 'none left: nothing to do')
})

void t.test('what arrives while others are worked on is of the next turn', async (t) => {
  const worked: string[][] = []
  const take = batchPerTurn<string>((items) => {
    worked.push([...items])
    if (items.includes('a')) take('b')
  })
  take('a')
  await turn()
  t.strictSame(worked, [['a']])
  await turn()
  t.strictSame(worked, [['a'], ['b']])
})

void t.test('work that fails takes nothing from the next turn', async (t) => {
  const worked: string[] = []
  const take = batchPerTurn<string>((items) => {
    worked.push(...items)
    if (items.includes('broken')) throw new Error('broken')
  })
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
  take('broken')
  t.match(await thrown, /broken/)
  take('next')
  await turn()
  t.strictSame(worked, ['broken', 'next'])
})

void t.test('one at a time: others have their turn between two', async (t) => {
  const worked: string[] = []
  const alone = onePerTurn<string>((item) => {
    worked.push(item)
    if (item === 'A') alone('D')
  })
  const together = batchPerTurn<string>((items) => worked.push(items.join('')))
  for (const item of ['A', 'B', 'C']) alone(item)
  together('x')
  await turn()
  t.strictSame(worked, ['A', 'x'])
  together('y')
  await turn()
  t.strictSame(worked, ['A', 'x', 'B', 'y'])
  await turn()
  await turn()
  t.strictSame(worked.slice(4), ['C', 'D'])
  alone('E')
  await turn()
  t.equal(worked.at(-1), 'E')
})

void t.test('one that fails takes nothing from the others', async (t) => {
  const worked: string[] = []
  const alone = onePerTurn<string>((item) => {
    if (item === 'broken') throw new Error('broken')
    worked.push(item)
  })
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
  for (const item of ['broken', 'B']) alone(item)
  await thrown
  await turn()
  await turn()
  t.strictSame(worked, ['B'])
})
