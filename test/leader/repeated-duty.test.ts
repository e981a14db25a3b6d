import t from 'tap'
import { DueLooks, RepeatedDuty, type Term, WriteBudget } from '../../src/leader/repeated-duty.ts'
import { until } from '../support/fake-api.ts'

class Looks implements Term {
  looks = 0
  async look(): Promise<boolean> {
    this.looks++
    return true
  }
}

void t.test('each time of leading has a memory of its own, which nobody sees before or after', async (t) => {
  const begun: AbortSignal[] = []
  const duty = new RepeatedDuty({
    begin(signal) {
      begun.push(signal)
      return new Looks()
    },
    every: 1,
    random: () => 0
  })
  t.equal(duty.term, undefined)
  for (const time of [1, 2]) {
    const abort = new AbortController()
    const running = duty.run(abort.signal)
    const term = duty.term
    await until(
      'it looked several times',
      () => (term?.looks ?? 0) > 3,
      () => term?.looks ?? 0
    )
    t.equal(begun.length, time)
    t.equal(begun[time - 1], abort.signal)
    abort.abort()
    await running
    t.equal(duty.term, undefined)
  }
})

void t.test('a term that ends late does not take the next one away', async (t) => {
  const waiting: (() => void)[] = []
  const duty = new RepeatedDuty({
    begin: () => ({ look: () => new Promise<boolean>((resolve) => waiting.push(() => resolve(true))) }),
    every: 1,
    random: () => 0
  })
  const [first, second] = [new AbortController(), new AbortController()]
  const late = duty.run(first.signal)
  first.abort()
  const running = duty.run(second.signal)
  const term = duty.term
  waiting[0]?.()
  await late
  t.equal(duty.term, term)
  second.abort()
  waiting[1]?.()
  await running
  t.equal(duty.term, undefined)
})

void t.test(
  'a look is due when something changed, after a while, and when the last one could not do everything',
  async (t) => {
    const due = new DueLooks(500)
    t.equal(due.isDue('1 50', 0), true, 'the first')
    t.equal(due.isDue('1 50', 499), false)
    t.equal(due.isDue('1 50', 500), true)
    t.equal(due.isDue('2 90', 501), true)
    t.equal(due.isDue('2 90', 1_000), false, 'counted from the last look')
    due.again()
    t.equal(due.isDue('2 90', 1_000), true)
    t.equal(due.isDue('2 90', 1_001), false)
  }
)

void t.test('a budget of writes is for a time that begins with the first of them', async (t) => {
  const budget = new WriteBudget(2, 500)
  t.equal(budget.isSpent(0), false)
  t.strictSame(
    [100, 200, 300, 599].map((now) => budget.spend(now)),
    [true, true, false, false]
  )
  t.equal(budget.isSpent(599), true)
  t.equal(budget.isSpent(600), false)
  t.strictSame(
    [700, 1_199, 1_199].map((now) => budget.spend(now)),
    [true, true, false]
  )
})
