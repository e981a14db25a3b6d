import t from 'tap'
import type { Backend } from '../../../src/kubernetes/calico/felix.ts'
import { nodeProblemsOf } from '../../../src/kubernetes/calico/node-problems.ts'
import { debian, el7, felixNode, felixSettings } from '../../support/calico-clusters.ts'

const el10 = 'AlmaLinux 10.0 (Purple Lion)'
const talos = 'Talos (v1.9.0)'

const cases: {
  name: string
  row: Parameters<typeof felixNode>[0]
  policy?: Backend
  want: ReturnType<typeof nodeProblemsOf>
}[] = [
  { name: 'the policy names what the node needs', row: { osImage: debian }, policy: 'NFT', want: [] },
  { name: 'the policy names another', row: { osImage: el7 }, policy: 'NFT', want: ['policy-against-need'] },
  { name: 'the other way round', row: { osImage: debian }, policy: 'Legacy', want: ['policy-against-need'] },
  { name: 'no policy, nothing seen', row: { osImage: el7 }, want: [] },
  {
    name: 'its own FelixConfiguration says what it needs: the policy does not come there',
    row: { osImage: el7, configurations: [felixSettings('node.a', 'Legacy')] },
    policy: 'NFT',
    want: []
  },
  {
    name: 'its own FelixConfiguration says the wrong one too',
    row: { osImage: el7, configurations: [felixSettings('node.a', 'NFT')] },
    policy: 'NFT',
    want: ['policy-against-need']
  },
  { name: 'unknown contradicts nothing', row: { osImage: talos }, policy: 'NFT', want: [] },
  {
    name: 'Felix uses another, and the need is not known',
    row: { osImage: talos, seen: 'Legacy' },
    policy: 'NFT',
    want: ['policy-against-use']
  },
  { name: 'Felix uses the one of the policy', row: { osImage: talos, seen: 'NFT' }, policy: 'NFT', want: [] },
  {
    name: 'Felix uses another as the FelixConfiguration of the node says',
    row: { osImage: talos, seen: 'Legacy', configurations: [felixSettings('node.a', 'Legacy')] },
    policy: 'NFT',
    want: []
  },
  { name: 'Felix uses another than the node', row: { osImage: debian, seen: 'Legacy' }, want: ['use-against-need'] },
  { name: 'Legacy where it cannot work', row: { osImage: el10, value: 'Legacy' }, want: ['legacy-impossible'] },
  {
    name: 'all at once',
    row: { osImage: el10, value: 'Legacy', seen: 'Legacy' },
    policy: 'Legacy',
    want: ['policy-against-need', 'legacy-impossible', 'use-against-need']
  },
  { name: 'no Felix there', row: { osImage: el7, pods: [] }, policy: 'NFT', want: [] },
  {
    name: 'the backend decides nothing there',
    row: { osImage: el7, configurations: [felixSettings('default', undefined, 'Enabled')] },
    policy: 'NFT',
    want: []
  }
]
for (const { name, row, policy, want } of cases) {
  t.test(name, async (t) => t.strictSame(nodeProblemsOf(felixNode(row), policy), want))
}
