import t from 'tap'
import { defaultPolicyText } from '../../../src/policy/document/default-document.ts'
import { readPolicy } from '../../../src/policy/document/read-policy.ts'
import { policyOf, rules } from '../../support/policies.ts'

const read = (text: string) => readPolicy(text, { rules, source: 'default' })

t.test('it says exactly what a document says that says nothing', async (t) => {
  t.strictSame(read(defaultPolicyText(rules)), read('apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'))
  t.strictSame(read(defaultPolicyText(rules)), policyOf())
})

t.test('every rule stands in it, with its title', async (t) => {
  const text = defaultPolicyText([
    { id: 'best-effort', defaultMode: 'warn', scope: 'pods', title: 'No BestEffort pods' }
  ])
  t.match(text, /^ {4}best-effort: warn # No BestEffort pods$/m)
  t.match(defaultPolicyText(rules), /^ {4}node-pid-max: audit$/m)
})

t.test('what is commented out is right too', async (t) => {
  const setting = /^( *)# ?( *)(?=[-a-zA-Z]+:( |$)|- )/gm
  const text = defaultPolicyText(rules)
    .replace(/(: )(\[\]|\{\})( #.*)?$/gm, '$1')
    .replace(setting, '$1$2')
  const policy = read(text)
  t.equal(policy.base.calico.iptablesBackend, 'NFT')
  t.equal(policy.base.pids.limit, 500)
  t.strictSame(policy.base.headroom.budget, { perNode: 2000, total: 20_000 })
  t.equal(policy.base.pids.profiles[0]?.threadCap?.runtime, 'dotnet')
  t.equal(policy.overrides[0]?.name, 'batch')
  t.equal(policy.exemptions[0]?.reason, 'Vendor image, request filed as OPS-123')
  t.match(policy.podTemplates.get('example.com/Widget'), [
    { template: '/spec/parts/*/template', replicas: '/spec/size' }
  ])
  t.strictSame(policy.tuning.floor, { min: { share: 0.05 }, max: { share: 0.5 } })
})

t.test('no line is too wide to read', async (t) => {
  t.strictSame(
    defaultPolicyText(rules)
      .split('\n')
      .filter((line) => line.length > 120),
    []
  )
})
