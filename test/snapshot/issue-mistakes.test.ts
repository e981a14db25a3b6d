import t from 'tap'
import { issueMistakes } from '../../src/snapshot/issue-mistakes.ts'

t.test('a value below one that is no mapping is missing', async (t) => {
  const issue = { code: 'custom' as const, path: ['spec', 'pids'], message: 'a number', input: undefined }
  for (const document of [undefined, null, 'text', { spec: null }, { spec: 'text' }, { spec: {} }]) {
    t.match(issueMistakes(issue, document), [{ message: 'expected a number, which is missing' }])
  }
  t.match(issueMistakes(issue, { spec: { pids: null } }), [{ message: 'expected a number, found null' }])
})
