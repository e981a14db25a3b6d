import t from 'tap'
import { globMatches, type Selector, selectorMatches } from '../../src/kubernetes/label-selector.ts'

const labels = { app: 'web', tier: '' }

function selector(change: Partial<Selector>): Selector {
  return { matchLabels: {}, matchExpressions: [], ...change }
}

const cases: { name: string; selector: Partial<Selector>; want: boolean }[] = [
  { name: 'an empty selector matches everything', selector: {}, want: true },
  { name: 'an equal label', selector: { matchLabels: { app: 'web' } }, want: true },
  { name: 'another value', selector: { matchLabels: { app: 'db' } }, want: false },
  { name: 'an absent label', selector: { matchLabels: { zone: '' } }, want: false },
  { name: 'an empty value is a value', selector: { matchLabels: { tier: '' } }, want: true },
  { name: 'all labels have to match', selector: { matchLabels: { app: 'web', zone: 'a' } }, want: false },
  { name: 'a label named constructor is absent', selector: { matchLabels: { constructor: 'x' } }, want: false },
  {
    name: 'In',
    selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'web'] }] },
    want: true
  },
  {
    name: 'In, not among',
    selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] },
    want: false
  },
  { name: 'In, absent', selector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }, want: false },
  {
    name: 'NotIn',
    selector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
    want: false
  },
  {
    name: 'NotIn matches an absent label',
    selector: { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] },
    want: true
  },
  { name: 'Exists', selector: { matchExpressions: [{ key: 'tier', operator: 'Exists', values: [] }] }, want: true },
  {
    name: 'Exists does not find what every object inherits',
    selector: { matchExpressions: [{ key: 'toString', operator: 'Exists', values: [] }] },
    want: false
  },
  {
    name: 'DoesNotExist',
    selector: { matchExpressions: [{ key: 'zone', operator: 'DoesNotExist', values: [] }] },
    want: true
  },
  {
    name: 'DoesNotExist, but it does',
    selector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist', values: [] }] },
    want: false
  },
  {
    name: 'labels and expressions have to match both',
    selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
    want: false
  }
]
for (const { name, selector: change, want } of cases) {
  void t.test(`selector: ${name}`, async (t) => {
    t.equal(selectorMatches(selector(change), labels), want)
  })
}

const globs: [string, string, boolean][] = [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'anything', true],
  ['**', 'a', true],
  ['a', 'a', true],
  ['a', 'A', false],
  ['a*', 'ab', true],
  ['*b', 'ab', true],
  ['*b', 'ba', false],
  ['a*c', 'abc', true],
  ['a*c', 'ac', true],
  ['a*c', 'ab', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['?', '', false],
  ['*a*b*', 'xxaxxbxx', true],
  ['kube-*', 'kube-system', true],
  ['*.example.com/*:1', 'a.example.com/b:1', true],
  ['a.c', 'abc', false],
  ['[a]', 'a', false],
  ['(a+)+$', 'aaaa', false],
  ['*ab', 'aab', true]
]
void t.test('glob: * is any run, ? is one, everything else is itself', async (t) => {
  for (const [pattern, name, want] of globs) t.equal(globMatches(pattern, name), want, `${pattern} on ${name}`)
})

void t.test('glob: many stars against a long name end', async (t) => {
  t.equal(globMatches(`${'*a'.repeat(200)}b`, 'a'.repeat(20_000)), false)
})
