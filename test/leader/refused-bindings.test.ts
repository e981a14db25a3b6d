import t from 'tap'
import { RefusedPods } from '../../src/leader/refused-bindings.ts'
import { podFacts } from '../support/headroom.ts'

t.test(
  'the largest of those refused by a node, until it is refused elsewhere, bound, on its way out, or gone',
  async (t) => {
    const refused = new RefusedPods()
    const large = podFacts('large', { declared: 400, estimated: 500, refusedBy: 'a' })
    const small = podFacts('small', { declared: 300, refusedBy: 'a' })
    t.equal(refused.largest('a'), 0)
    refused.changed(large, undefined)
    refused.changed(small, undefined)
    refused.changed(podFacts('other'), undefined)
    t.equal(refused.largest('a'), 500)
    t.equal(refused.largest('b'), 0)
    const moved = { ...large, refusedBy: 'b' }
    refused.changed(moved, large)
    t.strictSame([refused.largest('a'), refused.largest('b')], [300, 500])
    refused.changed({ ...moved, node: 'c', refusedBy: undefined }, moved)
    t.equal(refused.largest('b'), 0)
    refused.changed({ ...small, deleting: true }, small)
    t.equal(refused.largest('a'), 0)
    refused.removed({ ...small, deleting: true })
    refused.changed(small, undefined)
    refused.removed(small)
    t.equal(refused.largest('a'), 0)
  }
)

t.test('one of the usual size says nothing beyond that', async (t) => {
  const refused = new RefusedPods()
  refused.changed(podFacts('usual', { refusedBy: 'a' }), undefined)
  t.equal(refused.largest('a'), 0)
})
