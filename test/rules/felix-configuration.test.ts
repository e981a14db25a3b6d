import t from 'tap'
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
        t.strictSame(told(found), reason === undefined ? [] : [`denial ${place}`])
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

t.test('another kind of that name', async (t) => {
  t.strictSame(findingsOf(rule, configuration({}, 'default', 'example.com/v1'), nft), [])
})

t.test('an update of something else passes', async (t) => {
  const update: World = {
    ...nft,
    request: { operation: 'UPDATE', oldObject: configuration({ iptablesBackend: 'Auto' }) }
  }
  t.strictSame(findingsOf(rule, configuration({ iptablesBackend: 'Auto', bpfEnabled: true }), update), [])
  t.equal(findingsOf(rule, configuration({}), update).length, 1)
})
