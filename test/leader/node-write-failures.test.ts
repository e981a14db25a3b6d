import t from 'tap'
import { aboutNode, isMissingRight } from '../../src/leader/node-write-failures.ts'

t.test('a missing right is told from the denial of another webhook', async (t) => {
  const message = 'nodes "a" is forbidden: User "x" cannot patch resource "nodes/status" in API group ""'
  t.equal(isMissingRight({ failure: 'forbidden', message }), true)
  t.equal(isMissingRight({ failure: 'forbidden', message: 'admission webhook "w" denied the request' }), false)
  t.equal(isMissingRight({ failure: 'conflict', message }), false)
})

t.test('a failure of one node does not end the others', async (t) => {
  t.ok(aboutNode.has('conflict'))
  t.notOk(aboutNode.has('unreachable'))
})
