import t from 'tap'
import { all, any, asked, literal, matchesGlob, matchesSelector, pattern } from '../../src/emit/cel.ts'

void t.test('texts are literals, whatever is in them', async (t) => {
  t.equal(literal('a "b"\n'), String.raw`"a \"b\"\n"`)
  t.equal(literal(['a', 'b']), '["a", "b"]')
  t.equal(pattern(/(^|\/)node([:@]|$)/), '"(^|/)node([:@]|$)"')
  t.equal(pattern(/\d/), String.raw`"\\d"`)
})

void t.test('conditions are joined with what binds them', async (t) => {
  t.equal(all([]), 'true')
  t.equal(any([]), 'false')
  t.equal(all(['a', 'b || c']), 'a\n&& (b || c)')
  t.equal(any(['a', 'b ? c : d']), 'a\n|| (b ? c : d)')
})

void t.test(
  'patterns of names: plain ones by list, others by an expression in which only * and ? are special',
  async (t) => {
    t.equal(matchesGlob('n', ['a', 'b']), 'n in ["a", "b"]')
    t.equal(matchesGlob('n', ['a.b-*', '?x+']), String.raw`n.matches("(?s)^(a\\.b-.*|.x\\+)$")`)
    t.equal(matchesGlob('n', ['a', 'b*']), 'n in ["a"]\n|| n.matches("(?s)^(b.*)$")')
  }
)

void t.test('selectors', async (t) => {
  const values = ['a', 'b']
  const matching = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist') =>
    matchesSelector('l', { matchLabels: {}, matchExpressions: [{ key: 'k', operator, values }] })
  t.equal(matchesSelector('l', { matchLabels: { k: '' }, matchExpressions: [] }), '"k" in l && l["k"] in [""]')
  t.equal(matching('In'), '"k" in l && l["k"] in ["a", "b"]')
  t.equal(matching('NotIn'), '!("k" in l && l["k"] in ["a", "b"])')
  t.equal(matching('Exists'), '"k" in l')
  t.equal(matching('DoesNotExist'), '!("k" in l)')
})

void t.test('variables that nobody asks for are left out, those of others are kept', async (t) => {
  const variables = [
    { name: 'a', expression: '1' },
    { name: 'b', expression: 'variables.a' },
    { name: 'c', expression: 'variables.b' },
    { name: 'd', expression: 'variables.a' }
  ]
  t.strictSame(
    asked(variables, ['variables.c > 0']).map(({ name }) => name),
    ['a', 'b', 'c']
  )
})
