import t from 'tap'
import { kueueChecks } from '../../../src/doctor/guarding/kueue-checks.ts'
import { schedulerChecks } from '../../../src/doctor/guarding/scheduler-checks.ts'

t.test('nothing to say', async (t) => {
  t.strictSame(kueueChecks({ uncounted: [], heldBack: [] }), [])
})

t.test('who is held back comes first, and some are named', async (t) => {
  const names = ['a/1', 'a/2', 'a/3', 'a/4']
  const [held, uncounted, ...rest] = kueueChecks({ uncounted: names, heldBack: ['b/job'] })
  t.match(held, { level: 'error', about: 'kueue', found: /for ever: b\/job$/, remedy: /excludeResourcePrefixes/ })
  t.match(uncounted, { level: 'warn', found: /: a\/1, a\/2, a\/3 and 1 more$/, remedy: /LimitRange/ })
  t.strictSame(rest, [])
})

t.test('asked only where PIDs are scheduled', async (t) => {
  const node = { name: 'a', offered: 900, createdAt: 0, labels: {}, kubeletVersion: 'v1.30.1' }
  const kueue = { uncounted: ['a/1'], heldBack: [] }
  const scheduler = { nodes: [node], hasNodeOverlays: false, demanding: [], kueue }
  const facts = { taintNodes: false, scheduler, now: 0 }
  t.match(schedulerChecks({ ...facts, schedulePids: true }), [{ about: 'kueue', level: 'warn' }])
  t.notMatch(schedulerChecks({ ...facts, schedulePids: false }), [{ about: 'kueue' }])
})
