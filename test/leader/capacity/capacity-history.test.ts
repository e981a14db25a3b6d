import t from 'tap'
import { CapacityMemory, type SeenNode } from '../../../src/leader/capacity/capacity-history.ts'
import { lateTime } from '../../../src/leader/taint-history.ts'

const seen = (offered: number | undefined, isWhole = true): SeenNode => ({
  name: 'n',
  offered,
  offer: { requests: 0, free: 0, freeForWaiting: 0, isWhole },
  limit: 1000
})

t.test('a node is silent since the first look without a reading, until one has it', async (t) => {
  const memory = new CapacityMemory()
  t.equal(memory.observe(seen(5, false), 100).silentFor, 0)
  t.equal(memory.observe(seen(5, false), 700).silentFor, 600)
  t.equal(memory.observe(seen(5), 800).silentFor, 0)
  t.equal(memory.observe(seen(5, false), 900).silentFor, 0, 'anew')
})

t.test('our last write counts until the cache shows anything new, or for ten seconds', async (t) => {
  const memory = new CapacityMemory()
  memory.wrote('n', 900, 1000, 0)
  t.equal(memory.observe(seen(1000), 1).offered, 900, 'the cache is late')
  t.equal(memory.observe(seen(0), 2).offered, 0, 'a kubelet has set it to zero since')
  t.equal(memory.observe(seen(1000), 3).offered, 1000, 'then the cache is believed')
  memory.wrote('n', undefined, 1000, 10)
  t.equal(memory.observe(seen(1000), 9 + lateTime).offered, undefined)
  t.equal(memory.observe(seen(1000), 10 + lateTime).offered, 1000, 'the write was lost, or undone')
})

t.test('how long ago it was lowered; raising and taking away is not that', async (t) => {
  const memory = new CapacityMemory()
  t.equal(memory.observe(seen(5), 0).loweredFor, Number.POSITIVE_INFINITY)
  memory.wrote('n', 900, 1000, 50)
  memory.wrote('n', 1000, 900, 60)
  memory.wrote('n', undefined, 1000, 70)
  memory.wrote('n', 500, undefined, 80)
  t.equal(memory.observe(seen(500), 100).loweredFor, 50)
  memory.retain(() => false)
  t.equal(memory.observe(seen(500), 100).loweredFor, Number.POSITIVE_INFINITY, 'a node that is gone is forgotten')
})
