import t from 'tap'
import { escapeToken, indexOf, namedPointer, splitPointer, tokensOf } from '../../../src/lib/json/pointer.ts'

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
    t.strictSame(splitPointer(`/${escaped}`), [token])
  }
})

void t.test('the empty pointer is the whole document; a single slash is the empty key', async (t) => {
  t.strictSame(tokensOf(''), [])
  t.strictSame(tokensOf('/'), [''])
  t.strictSame(tokensOf('/a//0'), ['a', '', '0'])
})

void t.test('entries of lists are called by their names, and keep them when another comes first', async (t) => {
  const app = { name: 'a/b', env: [{ name: 'X' }, { value: 'no name' }, { name: '' }], args: ['--on'] }
  const spec = { containers: [app], conditions: [{ type: 'PIDPressure' }], byNumber: { 0: { name: 'x' } } }
  const cases = [
    { pointer: '/spec/containers/0/args', want: '/spec/containers/a~1b/args' },
    { pointer: '/spec/containers/0/args/0', want: '/spec/containers/a~1b/args/*' },
    { pointer: '/spec/containers/0/env/0/value', want: '/spec/containers/a~1b/env/X/value' },
    { pointer: '/spec/containers/0/env/1', want: '/spec/containers/a~1b/env/*' },
    { pointer: '/spec/containers/0/env/2', want: '/spec/containers/a~1b/env/*' },
    { pointer: '/spec/containers/1/args', want: '/spec/containers/*/args' },
    { pointer: '/spec/containers/-', want: '/spec/containers/-' },
    { pointer: '/spec/conditions/0', want: '/spec/conditions/PIDPressure' },
    { pointer: '/spec/byNumber/0', want: '/spec/byNumber/0' },
    { pointer: '/spec/missing/0', want: '/spec/missing/0' },
    { pointer: '', want: '' }
  ]
  for (const { pointer, want } of cases) t.equal(namedPointer({ spec }, pointer), want)
  const pushed = { spec: { ...spec, containers: [{ name: 'proxy' }, app] } }
  t.equal(namedPointer(pushed, '/spec/containers/1/args'), namedPointer({ spec }, '/spec/containers/0/args'))
})

void t.test('an index is written in digits without a zero in front', async (t) => {
  for (const [token, index] of [
    ['0', 0],
    ['12', 12]
  ] as const)
    t.equal(indexOf(token), index)
  for (const token of ['', '-', '01', '-0', '-1', '1.5', '1e3', ' 1', 'Infinity', 'a'])
    t.equal(indexOf(token), -1, token)
})
