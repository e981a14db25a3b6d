import t from 'tap'
import { objectKey, objectNameOf } from '../../src/report/object-name.ts'

t.test('an object is named from whatever it looks like', async (t) => {
  const metadata = { name: 'web', namespace: 'shop' }
  t.strictSame(objectNameOf({ apiVersion: 'v1', kind: 'Pod', metadata }, 'default'), {
    apiVersion: 'v1',
    kind: 'Pod',
    ...metadata
  })
  t.match(objectNameOf({ metadata: { generateName: 'web-' } }, 'default'), {
    kind: '',
    namespace: 'default',
    name: 'web-*'
  })
  t.match(objectNameOf({ metadata: 3, kind: [] }, ''), { kind: '', namespace: '', name: '' })
})

t.test('objects are told apart by the group of a kind that no rule knows, and by no version', async (t) => {
  const key = (apiVersion: string, kind = 'Deployment') =>
    objectKey({ apiVersion, kind, namespace: 'shop', name: 'web' })
  t.equal(key('apps/v1'), 'Deployment shop web')
  t.equal(key('extensions/v1beta1'), key('apps/v1'))
  t.equal(objectKey({ kind: 'Deployment', namespace: 'shop', name: 'web' }), key('apps/v1'))
  t.equal(key('projectcalico.org/v3', 'FelixConfiguration'), key('crd.projectcalico.org/v1', 'FelixConfiguration'))
  t.equal(key('apps.example.com/v1'), 'Deployment.apps.example.com shop web')
  t.equal(key('apps.example.com/v2'), key('apps.example.com/v1'))
})
