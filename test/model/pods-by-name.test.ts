import t from 'tap'
import { claimByName, withClaims } from '../../src/model/pods-by-name.ts'
import { reading } from '../support/headroom.ts'

const web = { namespace: 'shop', name: 'web', uid: 'u1' }
const byName = () => new Map([['shop/web', 25]])

t.test('a pod takes the figure its node counts by its name, once', async (t) => {
  const found = withClaims(reading('n1', 0, { pods: undefined, podsByName: byName() }))
  t.strictSame(found.pods, new Map(), 'known, as far as pods are claimed')
  claimByName(found, web)
  claimByName(found, { ...web, uid: 'u2' })
  t.strictSame(found.pods, new Map([['u1', 25]]))
  t.strictSame(found.podsByName, new Map())
})

t.test('a static pod goes by the uid of its cgroup', async (t) => {
  const found = withClaims(reading('n1', 0, { podsByName: byName() }))
  claimByName(found, { ...web, cgroup: 'hash' })
  t.strictSame(found.pods, new Map([['hash', 25]]))
})

t.test('a reading by uids stays as it is', async (t) => {
  const plain = reading('n1', 0, { pods: new Map([['u1', 3]]) })
  t.equal(withClaims(plain), plain)
  claimByName(plain, web)
  claimByName(undefined, web)
  claimByName(reading('n1', 0, { pods: undefined, podsByName: byName() }), web)
  t.strictSame(plain.pods, new Map([['u1', 3]]))
})
