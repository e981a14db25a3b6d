import t from 'tap'
import { type FelixContainer, type FelixSettings, felixContainerOf } from '../../../src/kubernetes/calico/felix.ts'
import {
  felixBackendOf,
  felixBackendOnNode,
  felixDaemonSetOf,
  meaningOf,
  meaningText,
  nftablesModeOf
} from '../../../src/kubernetes/calico/felix-backend.ts'
import { habitsOf } from '../../../src/kubernetes/calico/felix-version.ts'
import { otherFelixObject } from '../../support/calico-clusters.ts'
import { calicoObject, subjectFrom, workloadObject } from '../../support/subjects.ts'

const name = 'FELIX_IPTABLESBACKEND'
const newest = habitsOf(undefined)
const old = habitsOf({ major: 3, minor: 11 })

function felix(env?: unknown, image = 'calico/node:v3.31.7'): FelixContainer {
  return felixContainerOf(subjectFrom(calicoObject({ env, container: { image } }))) as FelixContainer
}

function settings(of: string, iptablesBackend?: string, nftablesMode?: string): FelixSettings {
  return { name: of, iptablesBackend, nftablesMode }
}

t.test('the source that decides', async (t) => {
  const told = (env: unknown, configurations: FelixSettings[] | undefined, image?: string) => {
    const { source, said, meaning } = felixBackendOf(felix(env, image), configurations)
    return [source, said, meaning]
  }
  const nft = [{ name, value: 'nft' }]
  t.strictSame(told(nft, [settings('default', 'Legacy')]), ['variable', 'nft', 'NFT'])
  t.strictSame(told([{ name, value: '' }], [settings('default', 'NFT')]), ['variable', '', 'invalid'], 'still wins')
  t.strictSame(told([{ name, valueFrom: {} }], []), ['unknown', undefined, undefined])
  t.strictSame(told([], undefined), ['unknown', undefined, undefined], 'FelixConfigurations not known')
  t.strictSame(told([], [settings('default', 'Legacy')]), ['default', 'Legacy', 'Legacy'])
  t.strictSame(told([], [settings('default')]), ['built-in', undefined, 'detection'])
  t.strictSame(told([], [settings('node.a', 'NFT')]), ['built-in', undefined, 'detection'], 'of one node only')
  t.strictSame(told([], [], 'calico/node:v3.16.10'), ['built-in', undefined, 'Legacy'])
  const auto = [{ name, value: 'auto' }]
  t.strictSame(told(auto, [], 'calico/node:v3.11.3'), ['variable', 'auto', 'invalid'], 'not a word of that release')
  t.strictSame(told(auto, [], 'calico/node:v3.12.0'), ['variable', 'auto', 'detection'])
  const fromMap = felix([])
  const withEnvFrom = { ...fromMap, container: { ...fromMap.container, envFrom: [{}] } }
  t.equal(felixBackendOf(withEnvFrom, [settings('default', 'NFT')]).source, 'unknown', 'envFrom may have it')
})

t.test('Calico with an etcd of its own: what the API server has is of no account', async (t) => {
  const etcd = {
    name: 'ETCD_ENDPOINTS',
    valueFrom: { configMapKeyRef: { name: 'calico-config', key: 'etcd_endpoints' } }
  }
  t.equal(felixBackendOf(felix([etcd]), []).source, 'unknown')
  t.equal(felixBackendOf(felix([{ name: 'DATASTORE_TYPE', value: 'etcdv3' }]), []).source, 'unknown')
  t.equal(felixBackendOf(felix([{ name: 'DATASTORE_TYPE', value: 'kubernetes' }]), []).source, 'built-in')
  t.equal(felixBackendOnNode(felix([etcd]), [settings('node.a', 'NFT')], 'a').source, 'unknown')
})

t.test('where the backend decides nothing', async (t) => {
  const moot = (env: unknown, configurations: FelixSettings[] | undefined, image?: string) => {
    const { moot, mayBeMoot } = felixBackendOf(felix(env, image), configurations)
    return mayBeMoot ? 'perhaps' : moot
  }
  const mode = (value: string) => [{ name: 'FELIX_NFTABLESMODE', value }]
  t.equal(moot([], [settings('default', undefined, 'Enabled')]), 'nftables')
  t.equal(moot(mode('enabled'), undefined), 'nftables')
  t.equal(moot(mode('Disabled'), [settings('default', undefined, 'Enabled')]), undefined, 'the variable wins')
  t.equal(moot([], [settings('default', undefined, 'Enabled')], 'calico/node:v3.28.0'), undefined, 'not known to v3.28')
  t.equal(moot([], [settings('node.a', undefined, 'Enabled')]), undefined, 'of one node only')
  t.equal(moot([], []), undefined)
  t.equal(moot([], [], 'calico/node:v3.32.1'), 'perhaps', 'Auto is built in')
  t.equal(moot([], [settings('default', undefined, 'Auto')]), 'perhaps')
  t.equal(moot([{ name: 'FELIX_USEINTERNALDATAPLANEDRIVER', value: 'False' }], []), 'VPP')
})

t.test('meanings', async (t) => {
  t.equal(meaningOf('nft', newest), 'NFT')
  t.equal(meaningOf('AUTO', newest), 'detection')
  t.equal(meaningOf('AUTO', old), 'invalid')
  t.equal(meaningOf('None', newest), 'none')
  for (const value of ['', 'nftables', 'auto ']) t.equal(meaningOf(value, newest), 'invalid')
  t.equal(meaningText('NFT', newest), 'NFT')
  t.match(meaningText('detection', newest), 'detection')
  t.match(meaningText('none', newest), 'plain')
  t.equal(meaningText('invalid', newest), 'invalid, so Felix falls back to its default')
  t.equal(meaningText('invalid', old), 'invalid, so Felix falls back to its default, Legacy')
  t.equal(nftablesModeOf('nonsense', habitsOf({ major: 3, minor: 31 })), 'disabled', 'invalid: the built-in one')
  t.equal(nftablesModeOf('nonsense', newest), 'auto')
})

t.test('a DaemonSet as FelixConfigurations need to know it', async (t) => {
  const of = (env: unknown) => felixDaemonSetOf(subjectFrom(calicoObject({ env })))
  const whole = { namespace: 'default', name: 'calico-node', isPinned: true, isFixed: true }
  t.strictSame(of([{ name, value: 'NFT' }]), whole)
  for (const env of [undefined, [{ name, value: 'auto' }], [{ name, valueFrom: {} }], [{ name, value: 'x' }], [7]])
    t.equal(of(env)?.isPinned, false, JSON.stringify(env))
  t.equal(felixDaemonSetOf(subjectFrom(workloadObject('apps/v1/DaemonSet'))), undefined)
  const terway = { ...whole, name: 'terway', isFixed: false }
  t.strictSame(felixDaemonSetOf(subjectFrom(otherFelixObject('NFT'))), terway)
  t.strictSame(felixDaemonSetOf(subjectFrom(otherFelixObject())), { ...terway, isPinned: false })
})

t.test("Calico's own ConfigMap in envFrom says nothing of the backend; another may", async (t) => {
  const container = (envFrom: unknown) =>
    ({ ...felix([]), container: { ...felix([]).container, envFrom } }) as FelixContainer
  const own = { configMapRef: { name: 'kubernetes-services-endpoint', optional: true } }
  t.equal(felixBackendOf(container([own]), []).source, 'built-in')
  t.equal(felixBackendOf(container([own, { secretRef: { name: 'x' } }]), []).source, 'unknown')
  t.equal(felixBackendOf(container([{ ...own, prefix: 'FELIX_' }]), []).source, 'unknown')
})
