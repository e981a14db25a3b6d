import t from 'tap'
import { trailingCommaIn } from '../../../src/yaml/mistakes/trailing-comma.ts'

void t.test('a comma before a closing bracket is one where nothing else is wrong', async (t) => {
  t.match(trailingCommaIn('{"a": [1, 2,], "b": ",]"}'), { at: 11, isReadable: true })
  for (const text of ['{"a": ",]"}', '{"a": 1', '{"a": 1,, }', 'a: [1,]']) t.equal(trailingCommaIn(text), undefined)
})
