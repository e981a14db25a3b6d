import t from 'tap'
import { renderCalico } from '../../src/calico/render.ts'
import { type CalicoCluster, nodeRowsOf } from '../../src/kubernetes/calico/node-rows.ts'
import { adviceOf } from '../../src/report/calico-advice.ts'
import {
  calicoCluster,
  debian,
  el7,
  felixObject,
  felixPod,
  felixSettings,
  otherFelixObject
} from '../support/calico-clusters.ts'

const advice = (change: Partial<CalicoCluster>, policy?: 'NFT' | 'Legacy') =>
  adviceOf(nodeRowsOf(calicoCluster(change)), policy).map(({ text, isFinding }) => `${isFinding ? '!' : '-'} ${text}`)

t.test('the policy is suggested where one value fits, and contradicted where it does not', async (t) => {
  const detecting = /^! Felix detects the backend at its start on a/
  t.match(advice({}), [
    /^- All 2 nodes would need NFT: set spec.calico.iptablesBackend: NFT in the policy\.$/,
    detecting
  ])
  const mixed = {
    nodes: [
      { name: 'a', osImage: debian, kernel: '' },
      { name: 'b', osImage: debian, kernel: '' },
      { name: 'old', osImage: el7, kernel: '' }
    ],
    pods: [felixPod('a'), felixPod('b'), felixPod('old')],
    daemonSets: [felixObject('NFT')]
  }
  t.match(advice(mixed), [
    /^! 2 nodes would need NFT, old \(CentOS Linux 7 \(Core\)\) Legacy: no single value fits\..* node\.old to Legacy\.$/
  ])
  t.match(advice(mixed, 'NFT'), [/^! The policy says NFT, and old .* would need Legacy: no single value fits\./])
  const allOld = { ...mixed, nodes: mixed.nodes.slice(2), pods: mixed.pods.slice(2) }
  t.match(advice(allOld, 'NFT'), [
    /^! .*old .* would need Legacy\. No node is known to need NFT: set spec\.calico\.iptablesBackend of the policy to Legacy\.$/
  ])
  const ofNode = {
    ...mixed,
    daemonSets: [felixObject()],
    configurations: [felixSettings('default', 'NFT'), felixSettings('node.old', 'Legacy')]
  }
  t.strictSame(advice(ofNode, 'NFT'), [], 'its own FelixConfiguration says what it needs')
  const some = { ...mixed, nodes: [...mixed.nodes.slice(0, 2), { name: 'old', osImage: 'Talos', kernel: '' }] }
  t.match(advice(some), [/^- 2 nodes would need NFT: .* Look first at old, of which it is not known/])
  t.strictSame(advice(some, 'NFT'), [], 'unknown contradicts nothing')
  t.match(advice({ ...some, nodes: some.nodes.map((node) => ({ ...node, osImage: 'Talos' })) }), [
    /^- What the nodes need is not known/
  ])
})

t.test('what cannot work is a finding', async (t) => {
  const el10 = { nodes: [{ name: 'a', osImage: 'AlmaLinux 10.0', kernel: '' }], pods: [felixPod('a')] }
  t.match(advice({ ...el10, daemonSets: [felixObject('Legacy')] }, 'NFT'), [
    /^! Felix is set to Legacy on a .* no ip_tables/
  ])
  t.match(advice({ daemonSets: [felixObject('NFT')], pods: [felixPod('a', 'old'), felixPod('b')] }, 'NFT'), [
    /^! calico-node runs an old revision on a/
  ])
  t.strictSame(advice({ daemonSets: [felixObject('NFT')] }, 'NFT'), [])
})

t.test('Felix in a container of another name is a finding until it says its backend', async (t) => {
  const other = (value?: string) => ({ pods: undefined, daemonSets: [otherFelixObject(value)] })
  t.match(advice(other(), 'NFT'), [
    /^! Felix runs in container policy of kube-system\/terway on a .*, and is not set to NFT there: .* Set FELIX_IPTABLESBACKEND of that container to NFT\.$/
  ])
  t.equal(advice(other('auto'), 'NFT').length, 1)
  t.equal(advice(other('Legacy'), 'NFT').length, 1)
  t.strictSame(advice(other('NFT'), 'NFT'), [])
  t.match(advice(other('NFT')), [/^- All 2 nodes would need NFT/], 'no policy names one')
})

t.test('it is printed for people and for programs', async (t) => {
  const rows = nodeRowsOf(
    calicoCluster({ pods: [felixPod('a')], configurations: undefined, seen: new Map([['a', 'Legacy']]) })
  )
  const report = {
    rows,
    advice: adviceOf(rows, undefined),
    gaps: ['felixconfigurations: forbidden'],
    kubeProxy: undefined
  }
  const text = renderCalico(report, 'text')
  t.match(
    text,
    /^NODE {2}BACKEND {3}SET BY {3}SEEN {4}REVISION {2}NEEDS {2}OS {28} {2}KERNEL\na {5}unknown {3}unknown {2}Legacy {2}newest/
  )
  t.match(text, 'b     no Felix')
  t.match(text, 'kube-proxy: mode not known')
  t.match(text, 'not read: felixconfigurations: forbidden')
  const json = JSON.parse(renderCalico(report, 'json'))
  t.match(json.nodes[0], {
    node: 'a',
    backend: null,
    setBy: null,
    seen: 'Legacy',
    needs: 'NFT',
    revision: 'newest'
  })
  t.match(json.notRead, ['felixconfigurations: forbidden'])
  const bpf = nodeRowsOf(
    calicoCluster({
      daemonSets: [felixObject('NFT')],
      configurations: [{ ...felixSettings('default'), bpfEnabled: true }]
    })
  )
  t.match(renderCalico({ ...report, rows: bpf }, 'text'), 'a     NFT, with BPF  FELIX_IPTABLESBACKEND')
  t.match(JSON.parse(renderCalico({ ...report, rows: bpf }, 'json')).nodes[0], { bpf: true })
  t.equal(renderCalico({ ...report, rows: [] }, 'text').startsWith('no nodes\n'), true)
})

t.test(
  'what Felix was seen to use is a finding where the node needs another, and suggests a value where that is unknown',
  async (t) => {
    const daemonSets = [felixObject('NFT')]
    t.match(advice({ daemonSets, seen: new Map([['b', 'Legacy']]) }, 'NFT'), [
      /^! Felix was seen to use Legacy on b \(Debian .*\), whose own programs use NFT: .* drain and reboot/
    ])
    t.strictSame(advice({ daemonSets, seen: new Map([['b', 'NFT']]) }, 'NFT'), [])
    const unlike = {
      nodes: ['a', 'b'].map((name) => ({ name, osImage: name === 'a' ? debian : 'Talos', kernel: '' })),
      daemonSets
    }
    t.match(advice({ ...unlike, seen: new Map([['b', 'Legacy']]) }, 'NFT'), [
      /^! The policy says NFT, and Felix was seen to use Legacy on b, of which it is not known what they need: iptables --version/
    ])
    const both = new Map([
      ['a', 'Legacy'],
      ['b', 'NFT']
    ] as const)
    const elNodes = [
      { name: 'a', osImage: debian, kernel: '' },
      { name: 'b', osImage: el7, kernel: '' }
    ]
    t.equal(advice({ nodes: elNodes, daemonSets, seen: both }).filter((line) => line.includes('was seen')).length, 2)
    const talos = ['a', 'b'].map((name) => ({ name, osImage: 'Talos (v1.9)', kernel: '6.12' }))
    const seen = new Map([
      ['a', 'NFT'],
      ['b', 'NFT']
    ] as const)
    t.match(advice({ nodes: talos, daemonSets, seen }), [/^- All 2 nodes would need NFT: set spec/])
  }
)
