import t from 'tap'
import { objectNameOf } from '../../src/report/object-name.ts'

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
