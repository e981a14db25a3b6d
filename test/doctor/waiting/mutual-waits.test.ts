import t from 'tap'
import type { RegisteredWebhook } from '../../../src/doctor/read-installation.ts'
import { mutualWaitChecks } from '../../../src/doctor/waiting/mutual-waits.ts'
import { installationOf, namespaceOf, outside, registered } from '../../support/installations.ts'

const rules = [{ apiGroups: [''], resources: ['pods'], operations: ['CREATE'] }]

/** An installation beside a policy engine, whose pods run in `place`. */
function beside(change: Partial<RegisteredWebhook>, isStrict: boolean, place = 'engine') {
  const service = { namespace: place, name: 'engine' }
  const webhook = { name: 'validate.engine.io', failurePolicy: 'Fail', clientConfig: { service }, rules, ...change }
  const own = isStrict
    ? registered({ 'validate.pidguard.io': { failurePolicy: 'Fail', namespaceSelector: outside('pidguard-system') } })
    : registered()
  return installationOf({
    ...own,
    validating: [...own.validating, { metadata: { name: 'engine' }, webhooks: [webhook] }],
    namespaces: ['pidguard-system', 'engine'].map((name) => namespaceOf(name))
  })
}

const cases = [
  { name: 'a policy engine that fails, under strict', facts: beside({}, true), want: ['error'] },
  { name: 'the same, and we let pods pass', facts: beside({}, false), want: ['info'] },
  { name: 'one that lets pods pass', facts: beside({ failurePolicy: 'Ignore' }, true), want: [] },
  { name: 'one for other objects', facts: beside({ rules: [] }, true), want: [] },
  {
    name: 'one that leaves our namespace out',
    facts: beside({ namespaceSelector: outside('pidguard-system') }, true),
    want: []
  },
  { name: 'one outside of the cluster', facts: beside({ clientConfig: { url: 'https://x' } }, true), want: ['info'] },
  { name: 'one in a namespace that is not seen', facts: beside({}, true, 'hidden'), want: ['info'] }
]
for (const { name, facts, want } of cases) {
  void t.test(`${name}: ${want.join() || 'nothing'}`, async (t) => {
    const checks = mutualWaitChecks(facts)
    t.strictSame(
      checks.map(({ level }) => level),
      want
    )
    if (want[0] === 'error') t.equal(checks[0]?.remedy, 'kubectl label namespace engine pidguard.io/admission=ignore')
  })
}
