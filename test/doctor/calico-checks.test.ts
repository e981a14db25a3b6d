import t from 'tap'
import { calicoChecks, calicoViewOf } from '../../src/doctor/calico-checks.ts'
import type { FelixSettings } from '../../src/kubernetes/calico/felix.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { calicoIptablesBackend } from '../../src/rules/calico-iptables-backend.ts'
import { calicoUpdateStrategy } from '../../src/rules/calico-update-strategy.ts'
import { otherFelixObject } from '../support/calico-clusters.ts'
import { policyFrom } from '../support/files.ts'
import { registered } from '../support/installations.ts'
import { calicoObject, tigeraOperator } from '../support/subjects.ts'

const rules = [calicoUpdateStrategy, calicoIptablesBackend]
const nft = '  calico: {iptablesBackend: NFT}'
const onDelete = { updateStrategy: { type: 'OnDelete' } }
const of = (value: string, change: { spec?: JsonRecord; metadata?: JsonRecord } = {}) => {
  const object = calicoObject({ env: [{ name: 'FELIX_IPTABLESBACKEND', value }], spec: onDelete, ...change })
  return { ...object, metadata: { ...(object['metadata'] as object), namespace: 'kube-system' } }
}

function checks(
  object: JsonRecord,
  policy: string | undefined,
  mutating = registered().mutating,
  felixConfigurations?: readonly FelixSettings[]
) {
  const known = { namespaces: [], felixConfigurations }
  const calicoView = policy === undefined ? undefined : calicoViewOf(policyFrom(policy), rules, known)
  return calicoChecks({ daemonSets: [object], mutating, calicoView })
}

const cases: { name: string; object: JsonRecord; policy?: string; want: RegExp[] }[] = [
  { name: 'as the policy says', object: of('NFT'), policy: nft, want: [/^ok .*FELIX_IPTABLESBACKEND=NFT; checked/] },
  {
    name: 'the other backend',
    object: of('Legacy'),
    policy: nft,
    want: [/^warn calico-iptables-backend: .* says NFT\) \| kubectl annotate --overwrite -n kube-system/]
  },
  {
    name: 'stored before pidguard',
    object: of('auto', { spec: {} }),
    policy: nft,
    want: [/^warn calico-update-strategy.*kubectl annotate/, /^warn calico-iptables-backend.*kubectl annotate/]
  },
  {
    name: 'hold: the variable is set only where calico-node restarts anyway',
    object: of('auto', { spec: { updateStrategy: { type: 'RollingUpdate' } } }),
    policy: '  calico: {iptablesBackend: NFT, updateStrategy: hold}',
    want: [/^warn calico-iptables-backend.*kubectl rollout restart -n kube-system daemonset calico-node/]
  },
  { name: 'a policy without a backend', object: of('NFT'), policy: '', want: [/^info .*names no backend/] },
  {
    name: 'detection, and a policy without a backend: a write would not help',
    object: of('auto'),
    policy: '',
    want: [/^warn calico-iptables-backend: .* \| Set FELIX_IPTABLESBACKEND/]
  },
  {
    name: 'a rule that only warns',
    object: of('Legacy'),
    policy: `${nft}\n  rules: {calico-iptables-backend: warn}`,
    want: [/^warn .* \| Set FELIX_IPTABLESBACKEND/]
  },
  {
    name: 'a rule that is off',
    object: of('Legacy'),
    policy: `${nft}\n  rules: {calico-iptables-backend: off}`,
    want: [/^ok /]
  },
  {
    name: 'owned by the operator, and left to detection',
    object: of('auto', { metadata: { ownerReferences: [tigeraOperator] } }),
    policy: nft,
    want: [/^warn .* \| Set spec.iptablesBackend of the FelixConfiguration/]
  },
  {
    name: 'owned by the operator, and as the policy says',
    object: of('NFT', { metadata: { ownerReferences: [tigeraOperator] } }),
    policy: nft,
    want: [/^info .*owned by the tigera operator/]
  },
  {
    name: 'Felix in a container of another name, and left to detection',
    object: otherFelixObject(),
    policy: nft,
    want: [
      /^warn calico-iptables-backend: .*"policy" runs Felix.* \| Set FELIX_IPTABLESBACKEND of that container to NFT/
    ]
  },
  {
    name: 'Felix in a container of another name, and as the policy says',
    object: otherFelixObject('NFT'),
    policy: nft,
    want: [/^info as the policy says, FELIX_IPTABLESBACKEND=NFT; its container has another name/]
  },
  { name: 'no policy that is known', object: of('NFT'), want: [/^warn not checked/] }
]
for (const { name, object, policy, want } of cases) {
  void t.test(name, async (t) => {
    const found = checks(object, policy).map(({ level, found, remedy }) => `${level} ${found} | ${remedy}`)
    t.equal(found.length, want.length, found.join('\n'))
    for (const [i, line] of want.entries()) t.match(found[i], line)
  })
}

void t.test('FelixConfigurations are part of it, where they are known', async (t) => {
  const unset = of('x', { spec: onDelete })
  const daemonSet = { ...calicoObject({ spec: onDelete }), metadata: unset.metadata }
  const configuration = (name: string, iptablesBackend: string) => ({ name, iptablesBackend, nftablesMode: undefined })
  t.match(checks(daemonSet, nft, undefined, [configuration('default', 'NFT')]), [{ level: 'ok' }])
  t.match(checks(daemonSet, nft, undefined, []), [{ level: 'warn', remedy: /kubectl annotate/ }])
  const mixed = checks(daemonSet, nft, undefined, [configuration('node.a', 'Legacy')])
  t.match(mixed, [{ level: 'warn', remedy: /^No single value fits these nodes/ }], 'a write would not be fixed')
})

void t.test('it is not called safe where no write comes to us', async (t) => {
  t.match(checks(of('NFT'), nft, []), [{ level: 'warn', found: /not called when DaemonSets are written/ }])
  const [check] = checks(of('Legacy'), nft, [])
  t.notMatch(check?.remedy, /kubectl annotate/)
})

void t.test('pods of an old revision are named; without a count nothing is said of them', async (t) => {
  const status = { observedGeneration: 2, currentNumberScheduled: 3, updatedNumberScheduled: 1 }
  const daemonSet = of('NFT')
  const counted = { ...daemonSet, metadata: { ...daemonSet.metadata, generation: 2 }, status }
  t.match(checks(counted, nft)[1], { level: 'info', found: '2 pods of an old revision', remedy: /rollout --run/ })
  t.equal(checks({ ...counted, status: { ...status, observedGeneration: 1 } }, nft).length, 1)
})

void t.test('other DaemonSets are nothing of Calico', async (t) => {
  t.strictSame(checks({ ...calicoObject(), spec: {} }, nft), [])
})
