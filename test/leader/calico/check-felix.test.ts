import t from 'tap'
import { checkFelix } from '../../../src/leader/calico/check-felix.ts'
import { calicoIptablesBackend } from '../../../src/rules/calico-iptables-backend.ts'
import { calicoUpdateStrategy } from '../../../src/rules/calico-update-strategy.ts'
import { type SettingsChange, settings } from '../../support/settings.ts'
import { calicoObject } from '../../support/subjects.ts'

const rules = [calicoUpdateStrategy, calicoIptablesBackend]
const nft: SettingsChange = { calico: { iptablesBackend: 'NFT' } }
const onDelete = { updateStrategy: { type: 'OnDelete' } }
const env = (value: string) => [{ name: 'FELIX_IPTABLESBACKEND', value }]

function check(object: ReturnType<typeof calicoObject>, change: SettingsChange = nft, exempt: readonly string[] = []) {
  const policy = {
    settingsFor: () => settings(change),
    exemption: (ruleId: string) => (exempt.includes(ruleId) ? 'because' : undefined)
  }
  const { findings, repair } = checkFelix(object, rules, policy, 0)
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
  const owner = {
    apiVersion: 'operator.tigera.io/v1',
    kind: 'Installation',
    name: 'default',
    uid: 'u',
    controller: true
  }
  const owned = calicoObject({ metadata: { ownerReferences: [owner] } })
  const mutating: SettingsChange = { calico: { iptablesBackend: 'NFT', operatorManaged: 'mutate' } }
  t.strictSame(check(owned, mutating), [[strategy, backend], undefined, undefined], 'what an operator owns')
  t.strictSame(
    check(calicoObject({ spec: onDelete }), {}),
    [[backend], undefined, undefined],
    'no backend in the policy'
  )
  const object = calicoObject()
  const before = JSON.stringify(object)
  check(object)
  t.equal(JSON.stringify(object), before, 'the object stays as it is')
})
