import t from 'tap'
import { FindingsByOwner } from '../../src/audit/findings-by-owner.ts'
import type { LevelledFinding } from '../../src/audit/judge-stored-object.ts'
import { finding } from '../support/rules.ts'

const web = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' }

function of(level: LevelledFinding['level'], change: Partial<LevelledFinding> = {}): LevelledFinding {
  const found = { ...finding(), ...change }
  return { ...found, ruleId: 'test-rule', remedy: 'Do it.', level, field: found.pointer, ...change }
}

t.test('a controller with its pods: its own finding, the worse level, the count of pods', async (t) => {
  const folded = new FindingsByOwner()
  folded.add([of('warn')], 'web', web, false)
  folded.add([of('deny', { pointer: '/child' })], 'web-1', web, true)
  folded.add([of('audit', { pointer: '/child' })], 'web-2', web, true)
  t.match([...folded.list()], [{ object: web, pointer: '/spec', level: 'deny', children: 2 }])
})

t.test('a pod counts once for a rule, however many findings it has', async (t) => {
  const folded = new FindingsByOwner()
  folded.add([of('warn'), of('warn', { pointer: '/two' }), of('warn', { ruleId: 'other' })], 'web-1', web, true)
  t.match(
    [...folded.list()].map(({ ruleId, children }) => `${ruleId} ${children}`),
    ['test-rule 1', 'other 1']
  )
})

t.test('without a finding of its own the worst pod speaks, in whatever order they come', async (t) => {
  const pods: [string, LevelledFinding][] = [
    ['web-3', of('warn', { detail: 'c' })],
    ['web-2', of('warn', { detail: 'b', weight: 2 })],
    ['web-1', of('audit', { detail: 'a', weight: 9 })],
    ['web-4', of('warn', { detail: 'd', weight: 2 })]
  ]
  for (const order of [pods, pods.toReversed()]) {
    const folded = new FindingsByOwner()
    for (const [name, finding] of order) folded.add([finding], name, web, true)
    t.match([...folded.list()], [{ detail: 'b', level: 'warn', children: 4 }])
  }
})

t.test('several findings of one object stay several', async (t) => {
  const folded = new FindingsByOwner()
  folded.add([of('warn'), of('warn', { pointer: '/two' })], 'web', web, false)
  t.strictSame(
    [...folded.list()].map(({ pointer }) => pointer),
    ['/spec', '/two']
  )
})

t.test('a field is told by its names; of entries with the same names the second by its count', async (t) => {
  const folded = new FindingsByOwner()
  const args = (at: number, field: string) => of('warn', { pointer: `/spec/containers/${at}/args`, field })
  const [app, any] = ['/spec/containers/app/args', '/spec/containers/*/args']
  folded.add([of('warn'), args(0, app), args(1, any), args(2, any)], 'web', web, false)
  t.strictSame(
    [...folded.list()].map(({ field }) => field),
    [undefined, app, any, `${any} 2`]
  )
})
