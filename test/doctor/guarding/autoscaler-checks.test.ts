import t from 'tap'
import { type AutoscalerFacts, autoscalerChecks } from '../../../src/doctor/guarding/autoscaler-checks.ts'
import type { NeededWorkload } from '../../../src/doctor/waiting/needed-workloads.ts'

const workload = (change: Partial<NeededWorkload> = {}): NeededWorkload => ({
  need: 'autoscaler',
  namespace: 'kube-system',
  name: 'cluster-autoscaler',
  labels: {},
  flags: [],
  ...change
})
const flagged = workload({ flags: ['./cluster-autoscaler', '--v=4', '--status-taint=pidguard.io/low-pids'] })
const karpenter = workload({ namespace: 'karpenter', name: 'karpenter', labels: { app: 'karpenter' } })

function levels(change: Partial<AutoscalerFacts>): string[] {
  const facts = { taintNodes: true, autoscaled: true, needed: [flagged], ...change }
  return autoscalerChecks(facts).map(({ level, found, remedy }) => {
    t.equal(remedy === undefined, level === 'ok')
    return `${level} ${found}`
  })
}

t.test('it adds nodes', async (t) => {
  const ok = 'adds nodes for pods that wait for PIDs'
  t.strictSame(levels({}), [`ok kube-system/cluster-autoscaler ${ok}`])
  t.strictSame(levels({ needed: [karpenter] }), [`ok karpenter/karpenter ${ok}`], 'it looks at no taint')
  const apart = workload({ flags: ['--ignore-taint', 'pidguard.io/low-pids'] })
  t.strictSame(levels({ needed: [apart] }), [`ok kube-system/cluster-autoscaler ${ok}`], 'older, and written apart')
})

t.test('Cluster Autoscaler without the flag, by whatever names it', async (t) => {
  const found = 'takes our taint for one of every new node, and adds none to a group whose nodes have it'
  t.strictSame(levels({ needed: [workload()] }), [`warn kube-system/cluster-autoscaler ${found}`])
  const byLabel = workload({ name: 'ca', labels: { 'app.kubernetes.io/name': 'aws-cluster-autoscaler' } })
  const byCommand = workload({ name: 'cb', flags: ['./cluster-autoscaler', '--status-taint=example.com/other'] })
  t.strictSame(levels({ needed: [byLabel, byCommand, flagged] }), [`warn kube-system/ca, kube-system/cb ${found}`])
})

t.test('where pods are denied, none waits for a node', async (t) => {
  const found =
    'karpenter/karpenter adds no node for PIDs: pods without room are denied, or tried on the last node of a pool, which stays open'
  for (const autoscaled of [false, undefined])
    t.strictSame(levels({ autoscaled, needed: [karpenter] }), [`warn ${found}`])
})

t.test('nothing to say without an autoscaler, or where nodes are not tainted', async (t) => {
  t.strictSame(levels({ needed: [] }), [])
  t.strictSame(levels({ needed: [workload({ need: 'registry' })] }), [])
  for (const taintNodes of [false, undefined]) t.strictSame(levels({ taintNodes, needed: [workload()] }), [])
})
