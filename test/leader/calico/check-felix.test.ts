import t from 'tap'
import type { FelixSettings } from '../../../src/kubernetes/calico/felix.ts'
import { checkFelix } from '../../../src/leader/calico/check-felix.ts'
import { calicoIptablesBackend } from '../../../src/rules/calico-iptables-backend.ts'
import { calicoUpdateStrategy } from '../../../src/rules/calico-update-strategy.ts'
import { otherFelixObject } from '../../support/calico-clusters.ts'
import { type SettingsChange, settings } from '../../support/settings.ts'
import { calicoObject, tigeraOperator } from '../../support/subjects.ts'

const rules = [calicoUpdateStrategy, calicoIptablesBackend]
const nft: SettingsChange = { calico: { iptablesBackend: 'NFT' } }
const onDelete = { updateStrategy: { type: 'OnDelete' } }
const env = (value: string) => [{ name: 'FELIX_IPTABLESBACKEND', value }]

function check(
  object: ReturnType<typeof calicoObject>,
  change: SettingsChange = nft,
  exempt: readonly string[] = [],
  felixConfigurations: readonly FelixSettings[] | 'unknown' = []
) {
  const policy = {
    settingsFor: () => settings(change),
    exemption: (ruleId: string) => (exempt.includes(ruleId) ? 'because' : undefined)
  }
  const { findings, repair } = checkFelix(
    object,
    { rules, policy, felixConfigurations: felixConfigurations === 'unknown' ? undefined : felixConfigurations },
    0
  )
  return [findings.map(({ ruleId }) => ruleId), repair?.ruleId, repair?.operations.map(({ path }) => path)]
}

const strategy = 'calico-update-strategy'
const backend = 'calico-iptables-backend'

t.test('the strategy first, then the variable, then nothing', async (t) => {
  t.strictSame(check(calicoObject()), [[strategy, backend], strategy, ['/spec/updateStrategy']])
  t.strictSame(check(calicoObject({ spec: onDelete, env: env('auto') })), [
    [backend],
    backend,
    ['/spec/template/spec/containers/0/env/0']
  ])
  t.strictSame(check(calicoObject({ spec: onDelete, env: env('NFT') })), [[], undefined, undefined])
})

t.test('nothing that would restart calico-node on every node', async (t) => {
  t.strictSame(check(calicoObject(), nft, [strategy]), [[backend], undefined, undefined], 'the strategy is exempt')
  t.strictSame(check(calicoObject(), { ...nft, modes: { [strategy]: 'warn' } })[1], undefined)
})

t.test('nothing that is not ours, or not known', async (t) => {
  const owned = calicoObject({ metadata: { ownerReferences: [tigeraOperator] } })
  const mutating: SettingsChange = { calico: { iptablesBackend: 'NFT', operatorManaged: 'mutate' } }
  t.strictSame(check(owned, mutating), [[strategy, backend], undefined, undefined], 'what an operator owns')
  t.strictSame(
    check(calicoObject({ spec: onDelete }), {}),
    [[backend], undefined, undefined],
    'no backend in the policy'
  )
  t.strictSame(check(otherFelixObject()), [[backend], undefined, undefined], 'Felix in a container of another name')
  t.strictSame(check(otherFelixObject('NFT')), [[], undefined, undefined])
  const object = calicoObject()
  const before = JSON.stringify(object)
  check(object)
  t.equal(JSON.stringify(object), before, 'the object stays as it is')
})

const configuration = (name: string, iptablesBackend: string): FelixSettings => ({
  name,
  iptablesBackend,
  nftablesMode: undefined
})

t.test('FelixConfigurations are part of the check', async (t) => {
  const onlyStrategy = calicoObject({ spec: onDelete })
  t.strictSame(check(onlyStrategy, nft, [], [configuration('default', 'NFT')]), [[], undefined, undefined])
  t.strictSame(
    check(onlyStrategy, nft, [], [configuration('node.a', 'Legacy')]),
    [[backend], undefined, undefined],
    'the variable would switch off that of node a'
  )
  t.strictSame(check(onlyStrategy, nft, [], [configuration('default', 'Legacy')])[1], backend)
})

t.test(
  'while FelixConfigurations are not known the variable is reported, and only the strategy is repaired',
  async (t) => {
    t.strictSame(check(calicoObject(), nft, [], 'unknown')[1], strategy)
    t.strictSame(check(calicoObject({ spec: onDelete }), nft, [], 'unknown'), [[backend], undefined, undefined])
  }
)
