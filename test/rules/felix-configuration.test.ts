import t from 'tap'
import type { FelixSettings } from '../../src/kubernetes/calico/felix.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { felixConfiguration as rule } from '../../src/rules/felix-configuration.ts'
import { findingsOf, told, type World } from '../support/judge.ts'

function configuration(spec: unknown, name = 'default', apiVersion = 'projectcalico.org/v3'): JsonRecord {
  return { apiVersion, kind: 'FelixConfiguration', metadata: { name }, spec }
}
const nft: World = { settings: { calico: { iptablesBackend: 'NFT' } } }
const place = '/spec/iptablesBackend'
const left = 'iptables backend left to detection'
const invalid = 'iptables backend not valid'
const differs = 'iptables backend differs from the policy'

/** `reason` where the policy says NFT, `unset` where it says nothing. */
const cases: { name: string; spec: unknown; of?: string; reason?: string; unset?: string }[] = [
  { name: 'the value of the policy', spec: { iptablesBackend: 'NFT' } },
  { name: 'in lower case, as older CRDs allow', spec: { iptablesBackend: 'nft' } },
  { name: 'the other one', spec: { iptablesBackend: 'Legacy' }, reason: differs },
  { name: 'Auto', spec: { iptablesBackend: 'Auto' }, reason: left, unset: left },
  { name: 'absent', spec: { bpfEnabled: false }, reason: left, unset: left },
  { name: 'null', spec: { iptablesBackend: null }, reason: left, unset: left },
  { name: 'no spec', spec: undefined, reason: left, unset: left },
  { name: 'invalid', spec: { iptablesBackend: 'nftables' }, reason: invalid, unset: invalid },
  { name: 'empty', spec: { iptablesBackend: '' }, reason: invalid, unset: invalid },
  { name: 'no text', spec: { iptablesBackend: 3 }, reason: invalid, unset: invalid },
  { name: 'absent for one node: the default holds there', spec: {}, of: 'node.worker-1' },
  { name: 'Auto for one node', spec: { iptablesBackend: 'Auto' }, of: 'node.worker-1', reason: left, unset: left },
  { name: 'the policy for one node', spec: { iptablesBackend: 'NFT' }, of: 'node.worker-1' },
  { name: 'the other one for one node', spec: { iptablesBackend: 'Legacy' }, of: 'node.worker-1', reason: differs }
]
for (const apiVersion of ['projectcalico.org/v3', 'crd.projectcalico.org/v1']) {
  t.test(apiVersion, async (t) => {
    for (const { name, spec, of, reason, unset } of cases) {
      t.test(name, async (t) => {
        const object = configuration(spec, of, apiVersion)
        const found = findingsOf(rule, object, nft)
        const isSaid = (spec as { iptablesBackend?: unknown } | undefined)?.iptablesBackend != null
        t.strictSame(told(found), reason === undefined ? [] : [`${isSaid ? 'denial' : 'advice'} ${place}`])
        t.equal(found[0]?.reason, reason)
        const silent = findingsOf(rule, object)
        t.strictSame(told(silent), unset === undefined ? [] : [`advice ${place}`], 'advice where the policy is silent')
        t.equal(silent[0]?.reason, unset)
      })
    }
  })
}

t.test('it warns unless the policy says otherwise', async (t) => {
  t.equal(rule.defaultMode, 'warn')
  t.equal(rule.fix, undefined, 'a change here restarts Felix on all nodes at once; nobody but a person does that')
})

t.test('the detail says what it is set to, or that it is not, and what the policy says', async (t) => {
  const detailOf = (spec: unknown, world: World) => findingsOf(rule, configuration(spec), world)[0]?.detail
  t.equal(detailOf({}, nft), 'iptablesBackend is not set, the policy says NFT')
  t.equal(detailOf({}, {}), 'iptablesBackend is not set')
  t.equal(detailOf({ iptablesBackend: 'Legacy' }, nft), 'iptablesBackend="Legacy", the policy says NFT')
  t.match(detailOf({ iptablesBackend: 'Auto' }, nft), /^iptablesBackend="Auto" means /)
  t.match(detailOf({ iptablesBackend: 7 }, nft), /^iptablesBackend=a number/)
})

t.test('another kind of that name', async (t) => {
  t.strictSame(findingsOf(rule, configuration({}, 'default', 'example.com/v1'), nft), [])
})

t.test('an update of something else passes', async (t) => {
  const update: World = {
    ...nft,
    request: { operation: 'UPDATE', oldObject: configuration({ iptablesBackend: 'Auto' }) }
  }
  t.strictSame(findingsOf(rule, configuration({ iptablesBackend: 'Auto', bpfEnabled: true }), update), [])
  t.strictSame(told(findingsOf(rule, configuration({}), update)), [`denial ${place}`], 'taking the value away')
})

t.test('what calico-node itself writes is never denied', async (t) => {
  const calico = 'system:serviceaccount:kube-system:calico-node'
  const first = configuration({ bpfConnectTimeLoadBalancing: 'TCP', floatingIPs: 'Disabled', reportingInterval: '0s' })
  for (const userName of [calico, 'kubernetes-admin']) {
    const world: World = { ...nft, request: { userName } }
    t.strictSame(told(findingsOf(rule, first, world)), [`advice ${place}`], `${userName} creates default`)
  }
  const update = (userName: string): World => ({
    ...nft,
    request: { userName, operation: 'UPDATE', oldObject: configuration({ iptablesBackend: 'NFT' }) }
  })
  t.strictSame(told(findingsOf(rule, first, update(calico))), [`advice ${place}`])
  t.strictSame(told(findingsOf(rule, first, update('kubernetes-admin'))), [`denial ${place}`])
})

t.test('nothing is asked of it where it decides nothing', async (t) => {
  const daemonSet = (isPinned: boolean, isFixed = true) => ({
    namespace: 'kube-system',
    name: 'calico-node',
    isPinned,
    isFixed
  })
  const reasons = (spec: unknown, world: World) =>
    findingsOf(rule, configuration(spec), world).map(({ reason }) => reason)
  const knowing = (world: World, ...felixDaemonSets: ReturnType<typeof daemonSet>[]): World => ({
    ...world,
    facts: { felixDaemonSets }
  })
  t.strictSame(reasons({}, knowing(nft, daemonSet(true))), [], 'the variable decides')
  t.strictSame(reasons({}, knowing({}, daemonSet(true))), [])
  t.strictSame(reasons({}, knowing({}, daemonSet(false))), [left])
  t.strictSame(reasons({}, knowing(nft, daemonSet(false))), [], 'pidguard sets the variable at the next write')
  t.strictSame(
    reasons({}, knowing(nft, daemonSet(false, false))),
    [left],
    'not for an operator, nor in a container of another name'
  )
  t.strictSame(reasons({}, knowing(nft, daemonSet(true), daemonSet(false, false))), [left], 'one of two')
  t.strictSame(reasons({}, knowing(nft)), [left], 'no DaemonSet is known to be there')
  const warned = {
    settings: { calico: { iptablesBackend: 'NFT' as const }, modes: { 'calico-iptables-backend': 'warn' as const } }
  }
  t.strictSame(reasons({}, knowing(warned, daemonSet(false))), [left], 'pidguard sets nothing')
  t.strictSame(reasons({ nftablesMode: 'Enabled' }, nft), [], 'nftables')
  t.strictSame(reasons({ nftablesMode: 'Auto' }, nft), [left])
})

t.test('where FelixConfigurations of some nodes differ no variable is written, so each is looked at', async (t) => {
  const unset = { namespace: 'kube-system', name: 'calico-node', isPinned: false, isFixed: true }
  const found = (object: JsonRecord, others: FelixSettings[], isPinned = false) =>
    findingsOf(rule, object, {
      settings: { calico: { iptablesBackend: 'NFT' } },
      facts: { felixDaemonSets: [{ ...unset, isPinned }], felixConfigurations: others }
    })
  const ofNode = { name: 'node.a', iptablesBackend: 'Legacy', nftablesMode: undefined }
  t.match(found(configuration({ iptablesBackend: 'Legacy' }, 'node.a'), []), [
    { detail: /the policy says NFT/, remedy: /^Set spec\.iptablesBackend/ }
  ])
  t.equal(found(configuration({ iptablesBackend: 'Legacy' }), [ofNode]).length, 1)
  t.strictSame(found(configuration({ iptablesBackend: 'Legacy' }), []), [], 'the variable will decide')
  t.strictSame(
    found(configuration({ iptablesBackend: 'Legacy' }), [{ ...ofNode, iptablesBackend: 'nft' }]),
    [],
    'they agree'
  )
  t.strictSame(found(configuration({ iptablesBackend: 'Legacy' }, 'node.a'), [], true), [], 'the variable decides')
})
