import t from 'tap'
import type { Scenario } from '../../bench/placement/cluster.ts'
import { simulate } from '../../bench/placement/simulate.ts'

const guard: Scenario = { seed: 1, way: 'guard', scheduler: 'spread', minutes: 2, demand: 1.1, isReal: false }

t.test('the same seed always comes to the same figures, another one to others', async (t) => {
  const figures = { ...simulate(guard) }
  t.strictSame({ ...simulate(guard) }, figures)
  t.notSame({ ...simulate({ ...guard, seed: 2 }) }, figures)
})

t.test('under guard bindings are decided, and pods run well', async (t) => {
  const { bindings, creations, nodeSeconds, wantedPodSeconds, wellPodSeconds, refusedByKubelet } = simulate(guard)
  t.ok(bindings > 0 && creations > 0)
  t.ok(nodeSeconds > 9 * 110, 'ten nodes, but for one that is made again')
  t.ok(wellPodSeconds > 0 && wellPodSeconds <= wantedPodSeconds)
  t.equal(refusedByKubelet, 0, 'no pod asks for the resource')
})

t.test(
  'under scheduler every pod has a request, nodes offer what it is placed by, and no webhook decides on bindings',
  async (t) => {
    const figures = simulate({ ...guard, way: 'scheduler' })
    t.match(figures, { bindings: 0, withoutRequest: 0, promisedBeyond: 0, denials: 0 })
    t.ok(figures.wellPodSeconds > 0 && figures.nodeWrites >= 10)
  }
)
