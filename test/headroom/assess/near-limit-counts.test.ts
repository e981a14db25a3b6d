import t from 'tap'
import { nearLimitCounts } from '../../../src/headroom/assess/near-limit-counts.ts'
import { Ledger } from '../../../src/headroom/ledger/ledger.ts'
import type { NearLimit } from '../../../src/model/near-limit.ts'
import type { NodeReading } from '../../../src/model/node-reading.ts'
import { settings } from '../../support/settings.ts'

const now = 1_000_000
const pods: Record<string, { name: string; namespace: string }> = {
  c: { name: 'calico-node-x', namespace: 'kube-system' },
  t: { name: 'typha', namespace: 'calico-system' },
  w: { name: 'web', namespace: 'shop' }
}

function counted(
  nearLimits: readonly NearLimit[] | undefined,
  change: { at?: number; withoutCeiling?: 'windows'; gaps?: NodeReading['gaps'] } = {}
) {
  const ledger = new Ledger({ now: () => now, monotonic: () => 0 }, () => 50)
  const { at = now, withoutCeiling, gaps = [] } = change
  ledger.observeNode({ name: 'n1', uid: 'n1', labels: {}, taints: [], unschedulable: false })
  const ceiling = { limit: 100_000, inUse: 900 }
  const more = withoutCeiling === undefined ? {} : { withoutCeiling }
  ledger.observeReading({
    node: 'n1',
    at,
    host: ceiling,
    kubepods: ceiling,
    pods: new Map(),
    nearLimits,
    gaps,
    ...more
  })
  return nearLimitCounts(ledger, (uid) => pods[uid], settings(), now)
}

const pod = (uid: string, inUse: number): NearLimit => ({ of: 'pod', pod: uid, name: '', limit: 1000, inUse })

void t.test('pods of Calico, others and units, from the share of the policy on; each pod once', async (t) => {
  const container: NearLimit = { of: 'container', pod: 'w', name: 'app', limit: 100, inUse: 95 }
  const unit: NearLimit = { of: 'unit', name: '/system.slice/kubelet.service', limit: 100, inUse: 90 }
  t.strictSame(
    counted([pod('c', 900), pod('t', 1000), pod('w', 950), container, pod('gone', 950), pod('c2', 899), unit]),
    {
      calico: 2,
      pod: 2,
      unit: 1,
      unknownNodes: 0
    }
  )
})

void t.test(
  'a node that says nothing of limits is unknown, unless it has none; an old one is counted elsewhere',
  async (t) => {
    const none = { calico: 0, pod: 0, unit: 0 }
    t.strictSame(counted(undefined), { ...none, unknownNodes: 1 })
    const runtime = { gaps: [{ reason: 'cri-stats' as const, detail: '' }] }
    t.strictSame(counted([], runtime), { ...none, unknownNodes: 1 }, 'limits of containers alone')
    t.strictSame(counted(undefined, { withoutCeiling: 'windows' }), { ...none, unknownNodes: 0 })
    t.strictSame(counted([pod('w', 1000)], { at: now - 60_001 }), { ...none, unknownNodes: 0 })
  }
)
