import t from 'tap'
import { mostUnjudged, Sight } from '../../src/audit/coverage.ts'

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' }
const db = { kind: 'StatefulSet', namespace: 'shop', name: 'db' }
const node = { kind: 'Node', namespace: '', name: 'node-a' }

function sight(miss: (sight: Sight) => void = () => {}): Sight {
  const made = new Sight(['pod-thread-outlier'])
  miss(made)
  return made
}

t.test('where nothing was missed all is seen', async (t) => {
  t.ok(sight().sees(web, ['best-effort', 'pod-thread-outlier']))
})

const kinds = [
  { kind: 'Deployment', unseen: [web] },
  { kind: 'Pod', unseen: [web, db] },
  { kind: 'Namespace', unseen: [web, db] },
  { kind: 'Node', unseen: [node] },
  { kind: 'LimitRange', unseen: [] }
]
for (const { kind, unseen } of kinds) {
  t.test(`without ${kind}: ${unseen.map(({ name }) => name).join(', ') || 'nothing'} is unseen`, async (t) => {
    const partly = sight((sight) => sight.missKind({ kind, reason: 'forbidden' }))
    t.strictSame(
      [web, db, node].filter((object) => !partly.sees(object, ['any'])),
      unseen
    )
  })
}

t.test('what nobody knows of may have been anything', async (t) => {
  const unreadable = sight((sight) => sight.missKind({ kind: undefined, reason: 'unreadable' }))
  const malformed = sight((sight) => sight.missObject())
  for (const object of [web, node]) t.notOk(unreadable.sees(object, []) || malformed.sees(object, []))
})

t.test('a snapshot has the threads of pods and all of nodes, and no containers', async (t) => {
  const bare = sight((sight) => sight.missKind({ kind: undefined, reason: 'not-in-snapshot' }))
  t.equal(bare.sees(web, ['best-effort']), false)
  t.equal(bare.sees(web, ['pod-thread-outlier']), true)
  t.equal(bare.sees(node, ['node-pid-pressure']), true)
})

t.test('a rule that was not judged on one object was judged on the others', async (t) => {
  const partly = sight((sight) => sight.missRule('best-effort', web))
  t.equal(partly.sees(web, ['best-effort']), false)
  t.equal(partly.sees(web, ['pid-annotations', 'best-effort']), false)
  t.equal(partly.sees(web, ['pid-annotations']), true)
  t.equal(partly.sees(db, ['best-effort']), true)
})

t.test('of more objects than are kept, a rule was judged on none', async (t) => {
  const many = sight((sight) => {
    for (let at = 0; at < mostUnjudged; at++) sight.missRule('best-effort', { ...web, name: `web-${at}` })
    sight.missRule('best-effort', { ...web, name: 'web-0' })
  })
  t.equal(many.sees(db, ['best-effort']), true, 'at the limit, one of them twice')
  many.missRule('best-effort', web)
  many.missRule('best-effort', { ...web, name: 'one more' })
  t.equal(many.sees(db, ['best-effort']), false)
  t.equal(many.sees(db, ['pid-annotations']), true)
})
