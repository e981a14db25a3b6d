import t from 'tap'
import { escapeToken, tokensOf } from '../../src/model/pointer.ts'

void t.test('a slash and a tilde in a key are escaped, and come back as they were', async (t) => {
  const cases = [
    { token: 'plain', escaped: 'plain' },
    { token: 'pidguard.io/pids', escaped: 'pidguard.io~1pids' },
    { token: 'a~b', escaped: 'a~0b' },
    { token: '~1', escaped: '~01' },
    { token: '/~/', escaped: '~1~0~1' },
    { token: '', escaped: '' }
  ]
  for (const { token, escaped } of cases) {
    t.equal(escapeToken(token), escaped)
    t.strictSame(tokensOf(`/${escaped}`), [token])
  }
})

void t.test('the empty pointer is the whole document; a single slash is the empty key', async (t) => {
  t.strictSame(tokensOf(''), [])
  t.strictSame(tokensOf('/'), [''])
  t.strictSame(tokensOf('/a//0'), ['a', '', '0'])
})
