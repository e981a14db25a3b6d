import t from 'tap'
import type { FelixRevisions } from '../../src/kubernetes/calico/felix.ts'
import { calicoRevisionDrift as rule } from '../../src/rules/calico-revision-drift.ts'
import { findingsOf, skipsOf } from '../support/judge.ts'
import { calicoObject, workloadObject } from '../support/subjects.ts'

const onDelete = calicoObject({ spec: { updateStrategy: { type: 'OnDelete' } } })

function revisions(...pods: readonly string[]): FelixRevisions {
  return { newest: 'b', pods: pods.map((revision, index) => ({ node: `node-${index}`, revision })) }
}

const cases = [
  { name: 'all of the newest', felixRevisions: revisions('b', 'b') },
  { name: 'no pod at all', felixRevisions: revisions() },
  { name: 'one left behind', felixRevisions: revisions('b', 'a'), finds: '1 of 2 pods, on node-1' },
  {
    name: 'many, of several revisions',
    felixRevisions: revisions('a', 'c', 'a', 'a', 'b'),
    finds: '4 of 5 pods, on node-0, node-1, node-2 and 1 more'
  },
  { name: 'not known', felixRevisions: undefined, lacks: 'revisions not known' }
]
for (const { name, felixRevisions, finds, lacks } of cases) {
  t.test(name, async (t) => {
    const world = { facts: felixRevisions === undefined ? {} : { felixRevisions } }
    t.strictSame(
      findingsOf(rule, onDelete, world).map(({ detail }) => detail),
      finds === undefined ? [] : [finds]
    )
    t.strictSame(skipsOf(rule, onDelete, world), lacks === undefined ? [] : [lacks])
  })
}

t.test('a rolling update mends itself, and other DaemonSets are not asked about', async (t) => {
  const other = workloadObject('apps/v1/DaemonSet')
  for (const object of [calicoObject(), other]) {
    t.strictSame(findingsOf(rule, object, { facts: { felixRevisions: revisions('a') } }), [])
    t.strictSame(skipsOf(rule, object), [])
  }
})
