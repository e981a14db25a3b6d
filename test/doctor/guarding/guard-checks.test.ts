import t from 'tap'
import { guardChecks } from '../../../src/doctor/guarding/guard-checks.ts'
import type { RegisteredWebhook } from '../../../src/doctor/read-installation.ts'
import { calling } from '../../support/installations.ts'

const webhook = (name: string, service: string): RegisteredWebhook => ({
  name,
  clientConfig: calling({ name: service })
})

function checks(
  taintNodes: boolean | undefined,
  bindings: string | undefined,
  pods = 'pidguard-guard',
  hidden: string[] = []
) {
  const webhooks = [
    webhook('validate.pidguard.io', pods),
    ...(bindings === undefined ? [] : [webhook('bindings.validate.pidguard.io', bindings)])
  ]
  const found = guardChecks({ validating: [{ metadata: { name: 'pidguard' }, webhooks }], taintNodes, hidden })
  return found.map(({ level, found }) => `${level} ${found.slice(0, 32)}`)
}

t.test('one half without the other is warned about', async (t) => {
  t.strictSame(checks(false, undefined, 'pidguard'), [], 'neither')
  t.strictSame(checks(true, undefined), ['warn nodes are tainted, but bindings '])
  t.strictSame(checks(false, 'pidguard-guard'), ['warn bindings are checked, but nodes '])
})

t.test('and so are several writers', async (t) => {
  t.strictSame(checks(true, 'pidguard'), ['warn several replicas decide on bindi'])
  t.strictSame(checks(true, 'pidguard-guard', 'pidguard'), ['warn several replicas decide on bindi'])
  t.strictSame(checks(true, 'pidguard-guard'), ['ok bindings and taints, with one wr'])
})

t.test('what cannot be seen is not reported as anything', async (t) => {
  t.strictSame(checks(undefined, undefined), [])
  t.strictSame(checks(true, undefined, 'pidguard', ['validatingwebhookconfigurations']), [])
})
