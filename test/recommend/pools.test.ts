import t from 'tap'
import type { NodeMoment } from '../../src/recommend/moments.ts'
import { poolsOf } from '../../src/recommend/pools.ts'

const moment = (node: string, labels: Record<string, string>, gib = 16): NodeMoment => ({
  node,
  at: 0,
  labels,
  memory: gib * 2 ** 30 - 12_345_678,
  host: { limit: 100_000, inUse: 1 },
  kubepods: { limit: 100_000, inUse: 1 },
  outside: 1,
  pods: 1,
  biggest: []
})

t.test('pools by the label of their platform, else by role; of different machines apart', async (t) => {
  const pools = poolsOf([
    moment('a', { 'eks.amazonaws.com/nodegroup': 'web' }),
    moment('b', { 'eks.amazonaws.com/nodegroup': 'web' }),
    moment('c', { 'cloud.google.com/gke-nodepool': 'default-pool' }),
    moment('d', { 'kubernetes.azure.com/agentpool': 'nodepool1' }),
    moment('e', {}),
    moment('f', {}, 64),
    moment('g', { 'node-role.kubernetes.io/control-plane': '' })
  ])
  t.strictSame(
    pools.map(({ name, platform, moments }) => `${name} ${platform} ${moments.map(({ node }) => node)}`),
    [
      'control-plane kubeadm g',
      'default-pool gke c',
      'nodepool1 aks d',
      'web eks a,b',
      'workers kubeadm e',
      'workers-2 kubeadm f'
    ]
  )
})
