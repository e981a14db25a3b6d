import t from 'tap'
import { calicoNodeBackend as rule } from '../../src/rules/calico-node-backend.ts'
import { el7, felixNode } from '../support/calico-clusters.ts'
import { findingsOf, skipsOf, type World } from '../support/judge.ts'
import { nodeObject } from '../support/nodes.ts'

const nft = { calico: { iptablesBackend: 'NFT' as const } }
const found = (row: Parameters<typeof felixNode>[0], world: World = { settings: nft }) =>
  findingsOf(rule, nodeObject('False', 'a'), { ...world, facts: { felixNode: felixNode(row) } })

t.test('what is wrong is said with the figures, and each problem has its own remedy', async (t) => {
  t.match(found({ osImage: el7 }), [
    {
      pointer: '/status/nodeInfo/osImage',
      reason: 'the policy names a backend that the node does not need',
      detail: '"CentOS Linux 7 (Core)" needs Legacy, the policy says NFT'
    }
  ])
  t.match(found({ osImage: 'Talos (v1.9.0)', seen: 'Legacy' }), [
    { detail: /^Felix was seen to use Legacy, the policy says NFT; what "Talos/, remedy: /^Run iptables --version/ }
  ])
  t.match(found({ osImage: 'AlmaLinux 10.0', value: 'Legacy' }), [
    { detail: /^Felix is set to Legacy, and "AlmaLinux 10\.0" has no ip_tables$/, remedy: /to NFT/ }
  ])
  t.match(found({ osImage: 'Rocky Linux 9.4', seen: 'Legacy' }), [
    { detail: 'Felix was seen to use Legacy, and "Rocky Linux 9.4" needs NFT', remedy: /drain and reboot/ }
  ])
})

t.test('without Calico, and where all agrees, nothing is found and nothing is missing', async (t) => {
  t.strictSame(findingsOf(rule, nodeObject('False', 'a'), { settings: nft }), [])
  t.strictSame(skipsOf(rule, nodeObject('False', 'a'), { settings: nft }), [])
  t.strictSame(found({ osImage: 'Rocky Linux 9.4', seen: 'NFT' }), [])
  t.strictSame(found({ osImage: el7 }, {}), [], 'no policy that contradicts it')
})
