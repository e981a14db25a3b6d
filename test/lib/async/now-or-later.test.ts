import t from 'tap'
import { eachInTurn, whenThere } from '../../../src/lib/async/now-or-later.ts'

void t.test('what is there is taken at once, what is not is waited for', async (t) => {
  t.equal(
    whenThere(1, (value) => value + 1),
    2
  )
  const later = whenThere(Promise.resolve(1), (value) => value + 1)
  t.ok(later instanceof Promise)
  t.equal(await later, 2)
})

void t.test('items are taken in their order, whichever has to be waited for', async (t) => {
  const cases = [
    { name: 'none', waits: [] },
    { name: 'the first', waits: [1] },
    { name: 'one in the middle', waits: [2] },
    { name: 'all', waits: [1, 2, 3] }
  ]
  for (const { name, waits } of cases) {
    const taken: number[] = []
    const rest = eachInTurn([1, 2, 3].values(), (item) => {
      if (!waits.some((each) => each === item)) return void taken.push(item)
      return Promise.resolve().then(() => void taken.push(item))
    })
    t.equal(rest === undefined, waits.length === 0, `${name}: a promise only where one is needed`)
    await rest
    t.strictSame(taken, [1, 2, 3], name)
  }
})

void t.test('what fails later ends the rest', async (t) => {
  const taken: number[] = []
  const rest = eachInTurn([1, 2, 3].values(), async (item) => {
    taken.push(item)
    if (item === 2) throw new Error('second')
  })
  await t.rejects(async () => rest, { message: 'second' })
  t.strictSame(taken, [1, 2])
})
