import t from 'tap'
import { type Maker, tolerationsOf } from '../../../src/kubernetes/placement/tolerations.ts'

const own = { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' }
const added = ['not-ready', 'unreachable']
const daemon = [...added, 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable']

const cases: readonly { maker: Maker; hostNetwork?: boolean; want: readonly string[] }[] = [
  { maker: 'pod', want: [] },
  { maker: 'pod', hostNetwork: true, want: [] },
  { maker: 'controller', want: added },
  { maker: 'controller', hostNetwork: true, want: added },
  { maker: 'daemon-set', want: daemon },
  { maker: 'daemon-set', hostNetwork: true, want: [...daemon, 'network-unavailable'] }
]

for (const { maker, hostNetwork = false, want } of cases) {
  t.test(`the tolerations that are added for ${maker}${hostNetwork ? ' on the host network' : ''}`, async (t) => {
    const found = tolerationsOf({ hostNetwork, tolerations: [own] }, maker)
    t.strictSame(found[0], own)
    t.strictSame(
      found.slice(1).map(({ key }) => key),
      want.map((name) => `node.kubernetes.io/${name}`)
    )
    t.ok(found.slice(1).every(({ operator, value }) => operator === 'Exists' && value === ''))
  })
}

t.test('what has not the shape of a toleration is ignored, a field that is no string is empty', async (t) => {
  const empty = { key: '', operator: '', value: '', effect: '' }
  t.strictSame(tolerationsOf({ tolerations: [null, 'x', { key: 7 }] } as never, 'pod'), [empty])
  t.strictSame(tolerationsOf({ tolerations: 'x' } as never, 'pod'), [])
})
