import t from 'tap'
import { calicoRowsOf } from '../../../src/audit/passes/calico-rows.ts'
import type { ListedFacts } from '../../../src/audit/passes/read-facts.ts'
import { calicoCluster } from '../../support/calico-clusters.ts'

const { nodes: systems, configurations: felixConfigurations, ...listed } = calicoCluster()
const facts = { systems, felixConfigurations } as Pick<ListedFacts, 'systems' | 'felixConfigurations'>

t.test('one row for each node, with what only the cluster itself says', async (t) => {
  const asked: number[] = []
  const { rows, kubeProxy } = await calicoRowsOf(listed, facts, {
    kubeProxyMode: async () => 'iptables',
    async seen(pods) {
      asked.push(pods.length)
      return new Map([['a', 'NFT']])
    }
  })
  t.strictSame(
    rows.map(({ node, seen }) => [node, seen]),
    [
      ['a', 'NFT'],
      ['b', undefined]
    ]
  )
  t.strictSame(asked, [2])
  t.equal(kubeProxy, 'iptables')
})

t.test('from files nothing is asked, and without Calico there are no rows', async (t) => {
  t.equal((await calicoRowsOf(listed, facts, undefined)).rows.length, 2)
  const none = { ...listed, daemonSets: [] }
  const never = () => Promise.reject(new Error('asked'))
  t.strictSame((await calicoRowsOf(none, facts, { kubeProxyMode: never, seen: never })).rows, [])
})
