import t from 'tap'
import { iptablesBackendWas, updateStrategyWas } from '../../../src/kubernetes/annotations.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { rules } from '../../../src/rules/index.ts'
import { mended } from '../../support/judge.ts'

const calico = rules.filter(({ id }) => id === 'calico-update-strategy' || id === 'calico-iptables-backend')
const settings = { calico: { iptablesBackend: 'NFT' as const } }

/** As the component fallback leaves it. */
function daemonSet(annotations: JsonRecord): JsonRecord {
  const env = [
    { name: 'DATASTORE_TYPE', value: 'kubernetes' },
    { name: 'FELIX_IPTABLESBACKEND', value: 'NFT' }
  ]
  const containers = [{ name: 'calico-node', image: 'docker.io/calico/node:v3.28.0', env }]
  const spec = { updateStrategy: { type: 'OnDelete' }, template: { metadata: {}, spec: { containers } } }
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'calico-node', annotations }, spec }
}

void t.test('what the fallback wrote down is taken away, and the change stays', async (t) => {
  const noted = daemonSet({ [updateStrategyWas]: 'RollingUpdate', [iptablesBackendWas]: 'not set', other: 'x' })
  const { object, fixedBy } = mended(calico, noted, { settings })
  t.strictSame(object, daemonSet({ other: 'x' }))
  t.strictSame(fixedBy, ['calico-update-strategy', 'calico-iptables-backend'])
})

void t.test('what it did not write down changes nothing', async (t) => {
  t.strictSame(mended(calico, daemonSet({ other: 'x' }), { settings }).operations, [])
})

void t.test(
  'a variable that switches off FelixConfigurations of single nodes goes again, if it was not set before',
  async (t) => {
    const felixConfigurations = [{ name: 'node.a', iptablesBackend: 'Legacy', nftablesMode: undefined }]
    const names = (was: string): unknown => {
      const { object } = mended(calico, daemonSet({ [iptablesBackendWas]: was }), {
        settings,
        facts: { felixConfigurations }
      })
      const { template } = object['spec'] as { template: { spec: { containers: { env: { name: string }[] }[] } } }
      t.strictSame(object['metadata'], { name: 'calico-node', annotations: {} })
      return template.spec.containers[0]?.env.map(({ name }) => name)
    }
    t.strictSame(names('not set'), ['DATASTORE_TYPE'])
    t.strictSame(names('"Legacy"'), ['DATASTORE_TYPE', 'FELIX_IPTABLESBACKEND'])
  }
)
