import t from 'tap'
import { renderPath } from '../../../src/policy/document/mistakes.ts'
import { specComplaints } from '../../support/policies.ts'

t.test('paths read as people write them', async (t) => {
  t.equal(renderPath([]), '')
  t.equal(renderPath(['spec', 'overrides', 2, 'pids']), 'spec.overrides[2].pids')
  t.equal(renderPath(['labels', 'a/b c']), 'labels["a/b c"]')
})

t.test('what was found is shown, but never much of it', async (t) => {
  const foundOf = (value: string) =>
    specComplaints(`pids: {estimate: ${value}}`)[0]?.replace(/^.*, (found|which)/, '$1')
  t.equal(foundOf('x'), 'found "x"')
  t.equal(foundOf('[1]'), 'found a list')
  t.equal(foundOf('[]'), 'found an empty list')
  t.equal(foundOf('{a: 1}'), 'found a mapping')
  t.equal(foundOf('.inf'), 'found null')
  t.equal(foundOf('x'.repeat(1000))?.length, 'found '.length + 58)
})

t.test('a wrong key is told with what a key must be', async (t) => {
  t.match(
    specComplaints(
      'exemptions: [{rules: ["*"], selector: {matchLabels: {a b: c}}, reason: long enough, expires: 2027-01-01}]'
    ),
    [/selector.matchLabels\["a b"\]: expected a label key, found "a b"$/]
  )
})
