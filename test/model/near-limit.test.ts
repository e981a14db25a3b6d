import t from 'tap'
import { type NearLimit, nearest, nearestOfPod } from '../../src/model/near-limit.ts'

const of = (pod: string, inUse: number, limit = 100): NearLimit => ({ of: 'pod', pod, name: '', limit, inUse })

void t.test('limits are kept from half of them on, the fullest first; no limit is none', async (t) => {
  const found = nearest([of('half', 50), of('less', 49), of('full', 100), of('none', 7, 0)])
  t.strictSame(
    found.map(({ pod }) => pod),
    ['full', 'half']
  )
})

void t.test('of a pod the fullest counts, its own or that of a container', async (t) => {
  const container: NearLimit = { of: 'container', pod: 'a', name: 'app', limit: 10, inUse: 9 }
  const limits = nearest([of('a', 60), container])
  t.equal(nearestOfPod(limits, 'a'), container)
  t.equal(nearestOfPod(limits, 'b'), undefined)
})
