import t from 'tap'
import { RepairMemory } from '../../../src/leader/calico/repair-memory.ts'

t.test('what is wrong is news once, and again after it was well or is something else', async (t) => {
  const memory = new RepairMemory()
  t.equal(memory.broken('u', 'a').isNews, true)
  t.equal(memory.broken('u', 'a').isNews, true, 'until it was reported')
  memory.reported('u', 'a')
  t.equal(memory.broken('u', 'a').isNews, false)
  t.equal(memory.broken('u', 'b').isNews, true)
  memory.reported('u', 'b')
  memory.clean('u', 0)
  t.equal(memory.broken('u', 'b').isNews, true)
  t.equal(memory.broken('v', 'a').isNews, true, 'each for itself')
})

t.test('a repair that was undone twice is the last one', async (t) => {
  const memory = new RepairMemory()
  memory.broken('u', 'a')
  for (let undone = 1; undone <= 2; undone++) {
    memory.repaired('u', 'r')
    memory.clean('u', undone)
    t.equal(memory.mayRepair('u'), true)
    t.equal(memory.broken('u', 'a').stops, undone === 2, `undone ${undone} times`)
  }
  t.equal(memory.mayRepair('u'), false)
  t.equal(memory.broken('u', 'a').stops, false, 'said once')
  t.equal(memory.stopped, 1)
  memory.retain(() => false)
  t.equal(memory.stopped, 0)
})

t.test('one that is undone before it was ever seen to be well counts too', async (t) => {
  const memory = new RepairMemory()
  memory.broken('u', 'a')
  memory.repaired('u', 'strategy')
  memory.repaired('u', 'variable')
  t.equal(memory.broken('u', 'a').stops, false, 'two rules make one repair')
  memory.repaired('u', 'variable')
  memory.repaired('u', 'variable')
  t.equal(memory.broken('u', 'a').stops, true)
})

t.test('what others repaired and others broke is no fight of ours', async (t) => {
  const memory = new RepairMemory()
  for (let i = 0; i < 5; i++) {
    t.equal(memory.broken('u', 'a').stops, false)
    memory.clean('u', i)
  }
})

t.test('an hour without another writer, and what was undone before counts no more', async (t) => {
  const memory = new RepairMemory()
  const undo = (at: number) => {
    memory.repaired('u', 'r')
    memory.clean('u', at)
    return memory.broken('u', 'a').stops
  }
  memory.broken('u', 'a')
  t.equal(undo(0), false)
  memory.repaired('u', 'r')
  memory.clean('u', 10)
  memory.clean('u', 10 + 3_599_999)
  memory.clean('u', 10 + 3_600_000)
  t.equal(memory.broken('u', 'a').stops, false, 'it begins from nothing')
  t.equal(undo(20), false)
  t.equal(undo(30), true)
})
