import t from 'tap'
import { LabelledThreads } from '../../../src/readings/kubelet/labelled-threads.ts'

const of = (pod: string, namespace: string, container: string) =>
  `{container="${container}",namespace="${namespace}",pod="${pod}"} 1`

t.test('containers add up to their pod, whatever their limits', async (t) => {
  const threads = new LabelledThreads()
  t.equal(threads.isEmpty, true)
  threads.record(of('web', 'shop', 'a'), 1, 'id-a', false, 20)
  threads.record(of('web', 'shop', 'b'), 1, 'id-b', false, 3)
  threads.record(of('web', 'other', 'a'), 1, 'id-c', false, 5)
  t.strictSame(
    threads.nearLimits(() => 'u1'),
    undefined,
    'no series is a limit'
  )
  threads.record(of('web', 'shop', 'a'), 1, 'id-a', true, 40)
  threads.record(of('web', 'shop', 'b'), 1, 'id-b', true, 0)
  t.strictSame(Object.fromEntries(threads.pods), { 'shop/web': 23, 'other/web': 5 })
  t.strictSame(
    threads.nearLimits((name) => (name === 'shop/web' ? 'u1' : undefined)),
    [{ of: 'container', pod: 'u1', name: 'a', limit: 40, inUse: 20 }]
  )
  t.equal(threads.isEmpty, false)
})

t.test('what names no pod, or has no labels that end, is passed over', async (t) => {
  const threads = new LabelledThreads()
  threads.record(of('', 'shop', 'a'), 1, 'id-a', false, 20)
  threads.record(of('web', '', 'a'), 1, 'id-a', false, 20)
  threads.record('{id="x"} 1', 1, 'x', false, 20)
  threads.record('{namespace="shop",pod="web', 1, 'x', false, 20)
  t.equal(threads.isEmpty, true)
})
