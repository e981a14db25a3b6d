import t from 'tap'
import { withoutUndefined } from '../../src/lib/without-undefined.ts'

void t.test('only a setting that is undefined is left out, and the original stays as it is', async (t) => {
  const settings = { ca: undefined, cert: '', rejectUnauthorized: false, retries: 0, key: null }
  const left = withoutUndefined(settings)
  t.strictSame(left, { cert: '', rejectUnauthorized: false, retries: 0, key: null })
  t.notOk('ca' in left)
  t.ok('ca' in settings)
})
