import t from 'tap'
import { adviceOf } from '../../src/calico/advice.ts'
import { type CalicoCluster, nodeRowsOf } from '../../src/calico/node-rows.ts'
import { renderCalico } from '../../src/calico/render.ts'
import { rolloutCommands } from '../../src/calico/rollout-commands.ts'
import type { FelixSettings } from '../../src/kubernetes/calico/felix.ts'
import { calicoObject } from '../support/subjects.ts'

const el7 = 'CentOS Linux 7 (Core)'
const debian = 'Debian GNU/Linux 12 (bookworm)'

function daemonSet(value?: string, image = 'calico/node:v3.31.7') {
  const env = value === undefined ? [] : [{ name: 'FELIX_IPTABLESBACKEND', value }]
  const object = calicoObject({ env, container: { image } })
  return { ...object, metadata: { ...(object['metadata'] as object), namespace: 'kube-system' } }
}

function pod(node: string, revision = 'new') {
  return { namespace: 'kube-system', name: `calico-node-${node}`, daemonSet: 'calico-node', node, revision }
}

function settings(name: string, iptablesBackend?: string, nftablesMode?: string): FelixSettings {
  return { name, iptablesBackend, nftablesMode }
}

function cluster(change: Partial<CalicoCluster> = {}): CalicoCluster {
  return {
    nodes: ['b', 'a'].map((name) => ({ name, osImage: debian, kernel: '6.1.0' })),
    daemonSets: [daemonSet()],
    pods: [pod('a'), pod('b')],
    configurations: [],
    newest: new Map([['kube-system/calico-node', 'new']]),
    kubeProxy: 'iptables',
    ...change
  }
}

const backendsOf = (change: Partial<CalicoCluster>) =>
  nodeRowsOf(cluster(change)).map(({ node, backend, moot }) => `${node} ${moot ?? backend?.meaning} ${backend?.source}`)
const advice = (change: Partial<CalicoCluster>, policy?: 'NFT' | 'Legacy') =>
  adviceOf(nodeRowsOf(cluster(change)), policy).map(({ text, isFinding }) => `${isFinding ? '!' : '-'} ${text}`)

t.test('each node with the source that decides there', async (t) => {
  t.strictSame(backendsOf({}), ['a detection built-in', 'b detection built-in'])
  t.strictSame(backendsOf({ daemonSets: [daemonSet('NFT')], configurations: [settings('node.a', 'Legacy')] }), [
    'a NFT variable',
    'b NFT variable'
  ])
  t.strictSame(backendsOf({ configurations: [settings('default', 'NFT'), settings('node.a', 'Legacy')] }), [
    'a Legacy node',
    'b NFT default'
  ])
  t.strictSame(backendsOf({ configurations: [settings('some', 'NFT')] }), [
    'a undefined unknown',
    'b undefined unknown'
  ])
  t.strictSame(backendsOf({ configurations: undefined }), ['a undefined unknown', 'b undefined unknown'])
  t.strictSame(backendsOf({ configurations: [settings('node.a', undefined, 'Enabled')] }), [
    'a nftables built-in',
    'b detection built-in'
  ])
  const auto = { daemonSets: [daemonSet(undefined, 'calico/node:v3.32.1')] }
  t.strictSame(backendsOf({ ...auto, kubeProxy: 'nftables' }), ['a nftables built-in', 'b nftables built-in'])
  t.strictSame(backendsOf({ ...auto, kubeProxy: undefined }), ['a detection built-in', 'b detection built-in'])
  t.strictSame(backendsOf({ pods: [pod('a')] })[1], 'b undefined undefined', 'no Felix runs there')
  t.strictSame(backendsOf({ pods: undefined })[1], 'b detection built-in', 'the one DaemonSet there is')
})

t.test('the revision of the pod: what is not known is unknown', async (t) => {
  const revisions = (change: Partial<CalicoCluster>) => nodeRowsOf(cluster(change)).map(({ revision }) => revision)
  t.strictSame(revisions({ pods: [pod('a', 'old'), pod('b')] }), ['old', 'newest'])
  t.strictSame(revisions({ newest: undefined }), ['unknown', 'unknown'])
  t.strictSame(revisions({ pods: undefined }), ['unknown', 'unknown'])
})

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
    pods: [pod('a'), pod('b'), pod('old')],
    daemonSets: [daemonSet('NFT')]
  }
  t.match(advice(mixed), [
    /^! 2 nodes would need NFT, old \(CentOS Linux 7 \(Core\)\) Legacy: no single value fits\..* node\.old to Legacy\.$/
  ])
  t.match(advice(mixed, 'NFT'), [/^! The policy says NFT, and old .* would need Legacy: no single value fits\./])
  const some = { ...mixed, nodes: [...mixed.nodes.slice(0, 2), { name: 'old', osImage: 'Talos', kernel: '' }] }
  t.match(advice(some), [/^- 2 nodes would need NFT: .* Look first at old, of which it is not known/])
  t.strictSame(advice(some, 'NFT'), [], 'unknown contradicts nothing')
  t.match(advice({ ...some, nodes: some.nodes.map((node) => ({ ...node, osImage: 'Talos' })) }), [
    /^- What the nodes need is not known/
  ])
})

t.test('what cannot work is a finding', async (t) => {
  const el10 = { nodes: [{ name: 'a', osImage: 'AlmaLinux 10.0', kernel: '' }], pods: [pod('a')] }
  t.match(advice({ ...el10, daemonSets: [daemonSet('Legacy')] }, 'NFT'), [
    /^! Felix is set to Legacy on a .* no ip_tables/
  ])
  t.match(advice({ daemonSets: [daemonSet('NFT')], pods: [pod('a', 'old'), pod('b')] }, 'NFT'), [
    /^! calico-node runs an old revision on a/
  ])
  t.strictSame(advice({ daemonSets: [daemonSet('NFT')] }, 'NFT'), [])
})

t.test('it is printed for people and for programs', async (t) => {
  const rows = nodeRowsOf(cluster({ pods: [pod('a')], configurations: undefined }))
  const report = {
    rows,
    advice: adviceOf(rows, undefined),
    gaps: ['felixconfigurations: forbidden'],
    kubeProxy: undefined
  }
  const text = renderCalico(report, 'text')
  t.match(
    text,
    /^NODE {2}BACKEND {2,}SET BY {3}REVISION {2}NEEDS {2}OS {28} {2}KERNEL\na {5}unknown {3}unknown {2}newest/
  )
  t.match(text, 'b     no Felix')
  t.match(text, 'kube-proxy: mode not known')
  t.match(text, 'not read: felixconfigurations: forbidden')
  const json = JSON.parse(renderCalico(report, 'json'))
  t.match(json.nodes[0], { node: 'a', backend: null, source: 'unknown', needs: 'NFT', revision: 'newest' })
  t.match(json.notRead, ['felixconfigurations: forbidden'])
  t.equal(renderCalico({ ...report, rows: [] }, 'text').startsWith('no nodes\n'), true)
})

t.test('a rollout is one node after the other, and only of what is behind', async (t) => {
  t.strictSame(rolloutCommands(cluster()), [])
  t.equal(rolloutCommands(cluster({ newest: undefined })), undefined)
  t.equal(rolloutCommands(cluster({ pods: undefined })), undefined)
  const commands = rolloutCommands(cluster({ pods: [pod('b', 'old'), pod('a', 'old')] })) ?? []
  t.strictSame(
    commands.filter((line) => line.startsWith('kubectl delete')),
    ['kubectl delete pod -n kube-system calico-node-a', 'kubectl delete pod -n kube-system calico-node-b']
  )
  t.equal(commands[0], 'set -e')
  t.equal(commands.filter((line) => /^kubectl wait .*--for=condition=Ready/.test(line)).length, 2)
})
