import t from 'tap'
import {
  type SchedulerFacts,
  type SchedulerView,
  schedulerChecks
} from '../../../src/doctor/guarding/scheduler-checks.ts'

const now = Date.UTC(2026, 10, 21)

function node(name: string, change: Partial<SchedulerView['nodes'][number]> = {}): SchedulerView['nodes'][number] {
  return { name, offered: 900, createdAt: now - 3_600_000, labels: {}, kubeletVersion: 'v1.30.1', ...change }
}

function checks(view: Partial<SchedulerView>, change: Partial<SchedulerFacts> = {}): string[] {
  const scheduler = { nodes: [node('a')], hasNodeOverlays: false, demanding: [], kueue: undefined, ...view }
  const facts = { schedulePids: true, taintNodes: false, scheduler, now, ...change }
  return schedulerChecks(facts).map(({ level, found, remedy }) => {
    t.equal(remedy === undefined, level === 'ok')
    return `${level} ${found.slice(0, 44)}`
  })
}

t.test('it works', async (t) => {
  t.strictSame(checks({ nodes: [node('a'), node('b', { offered: 0 })] }), ['ok 2 nodes offer pidguard.io/pids'])
  const isNew = node('b', { offered: undefined, createdAt: now - 120_000 })
  t.strictSame(checks({ nodes: [node('a'), isNew] }), ['ok 1 nodes offer pidguard.io/pids'], 'a new one will')
})

t.test('nodes that offer nothing', async (t) => {
  const old = node('b', { offered: undefined, createdAt: now - 120_001 })
  t.strictSame(checks({ nodes: [node('a'), old] }), ['error 1 nodes offer no pidguard.io/pids, such as b'])
  const undated = node('b', { offered: undefined, createdAt: undefined })
  t.strictSame(checks({ nodes: [undated] }), ['error 1 nodes offer no pidguard.io/pids, such as b'])
})

t.test('what cannot work', async (t) => {
  const made = node('a', { labels: { 'karpenter.sh/nodepool': 'default' } })
  t.strictSame(checks({ nodes: [made] }), ['error Karpenter makes nodes here, and adds none fo'])
  t.strictSame(checks({ nodes: [made], hasNodeOverlays: true }), ['ok 1 nodes offer pidguard.io/pids'])
  const kubelets = ['v1.14.9', 'v1.15.0', 'v1.37.2-eks-1', 'other'].map((version) =>
    node(version, { kubeletVersion: version })
  )
  const [found, ...rest] = schedulerChecks({
    schedulePids: true,
    taintNodes: false,
    scheduler: { nodes: kubelets, hasNodeOverlays: false, demanding: [], kueue: undefined },
    now
  })
  t.match(found, { level: 'error', found: /end the pods that request it: v1\.14\.9$/ })
  t.strictSame(rest, [])
  t.strictSame(checks({ demanding: ['a/limits', 'b/limits', 'c/limits', 'd/limits'] }), [
    'warn a LimitRange asks every container for pidgua'
  ])
  t.strictSame(checks({}, { taintNodes: true }), ['warn nodes are tainted as well (spec.headroom.tai'])
})

t.test('what is left of it', async (t) => {
  const off = { schedulePids: false }
  t.strictSame(checks({}, off), ['warn 1 nodes offer pidguard.io/pids, and the poli'])
  t.strictSame(checks({ nodes: [node('a', { offered: undefined })] }, off), [])
})

t.test('what cannot be seen is not reported as anything', async (t) => {
  t.strictSame(checks({}, { scheduler: undefined }), [])
  t.strictSame(checks({}, { schedulePids: undefined }), [])
})
