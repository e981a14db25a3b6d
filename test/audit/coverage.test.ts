import t from 'tap'
import { Coverage, mostUnchecked } from '../../src/audit/coverage.ts'

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' }
const db = { kind: 'StatefulSet', namespace: 'shop', name: 'db' }
const node = { kind: 'Node', namespace: '', name: 'node-a' }

function coverage(miss: (coverage: Coverage) => void = () => {}): Coverage {
  const made = new Coverage(['pod-thread-outlier'])
  miss(made)
  return made
}

t.test('where nothing was missed all is seen', async (t) => {
  t.ok(coverage().covers(web, ['best-effort', 'pod-thread-outlier']))
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
    const partly = coverage((coverage) => coverage.markUnread({ kind, reason: 'forbidden' }))
    t.strictSame(
      [web, db, node].filter((object) => !partly.covers(object, ['any'])),
      unseen
    )
  })
}

t.test('what nobody knows of may have been anything', async (t) => {
  const unreadable = coverage((coverage) => coverage.markUnread({ kind: undefined, reason: 'unreadable' }))
  const malformed = coverage((coverage) => coverage.markMalformed())
  for (const object of [web, node]) t.notOk(unreadable.covers(object, []) || malformed.covers(object, []))
})

t.test('a snapshot has the threads of pods and all of nodes, and no containers', async (t) => {
  const bare = coverage((coverage) => coverage.markUnread({ kind: undefined, reason: 'not-in-snapshot' }))
  t.equal(bare.covers(web, ['best-effort']), false)
  t.equal(bare.covers(web, ['pod-thread-outlier']), true)
  t.equal(bare.covers(node, ['node-pid-pressure']), true)
})

t.test('a rule that was not judged on one object was judged on the others', async (t) => {
  const partly = coverage((coverage) => coverage.markUnchecked('best-effort', web))
  t.equal(partly.covers(web, ['best-effort']), false)
  t.equal(partly.covers(web, ['pid-annotations', 'best-effort']), false)
  t.equal(partly.covers(web, ['pid-annotations']), true)
  t.equal(partly.covers(db, ['best-effort']), true)
})

t.test('of more objects than are kept, a rule was judged on none', async (t) => {
  const many = coverage((coverage) => {
    for (let at = 0; at < mostUnchecked; at++) coverage.markUnchecked('best-effort', { ...web, name: `web-${at}` })
    coverage.markUnchecked('best-effort', { ...web, name: 'web-0' })
  })
  t.equal(many.covers(db, ['best-effort']), true, 'at the limit, one of them twice')
  many.markUnchecked('best-effort', web)
  many.markUnchecked('best-effort', { ...web, name: 'one more' })
  t.equal(many.covers(db, ['best-effort']), false)
  t.equal(many.covers(db, ['pid-annotations']), true)
})
