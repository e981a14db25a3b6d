import t from 'tap'
import { recommendationsOf } from '../../../src/audit/fleet/recommend-by-audits.ts'
import { fullAudit } from '../../support/audits.ts'

const now = fullAudit()
const earlier = { ...now, takenAt: '2026-11-20T10:55:30.000Z' }
const facts = now.nodes.map(({ node }) => ({
  name: node,
  uid: node,
  labels: {},
  taints: [],
  unschedulable: false,
  pidPressure: false,
  address: undefined,
  kubeletPort: 10_250,
  memory: 2 ** 34
}))
const settings = { podShare: 0.2, pidMax: 100_000 }

void t.test(
  'nothing is recommended from one audit; with an earlier one there is a pool, and what to declare',
  async (t) => {
    const once = recommendationsOf([now], facts, settings)
    t.ok(once.pools.length > 0)
    for (const { lack, settings: all } of once.pools) t.match([lack, all.length], [/read once|not known/, 0])
    t.strictSame(once.workloads, [])
    const twice = recommendationsOf([earlier, now], facts, settings)
    const [pool] = twice.pools
    t.match(pool, { lack: null, basis: { readings: 2, span: 86_400_000 } })
    t.match(
      pool?.settings.map(({ name }) => name),
      ['podPidsLimit', 'systemReserved.pid', 'evictionHard pid.available']
    )
    t.ok(twice.workloads.length > 0)
  }
)

void t.test('a node that is gone, was not read, or has no ceiling says nothing', async (t) => {
  t.strictSame(recommendationsOf([earlier, now], [], settings).pools, [])
})
