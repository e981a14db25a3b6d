import { join, resolve } from 'node:path'
import t from 'tap'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { defineKinds } from './support/custom-kinds.ts'

const root = resolve(import.meta.dirname, '../..')
/** All but those with fields newer than this API server, and with cert-manager's kinds. */
const kustomizations = ['overlays/observe', 'overlays/default', 'overlays/strict']
const components = ['host-network', 'monitoring', 'node-taints', 'policy-reports', 'audit', 'audit-reports']

const plane = await startControlPlane()
t.teardown(() => plane.stop())
await defineKinds(
  plane.kubectl,
  ['ServiceMonitor', 'PrometheusRule'].map((kind) => ({ group: 'monitoring.coreos.com', version: 'v1', kind }))
)
/** flowcontrol.apiserver.k8s.io/v1 is served from v1.29 on. */
const newer = plane.version.minor >= 29 ? ['flow-control'] : []

async function uidOfConfiguration({ kubectl }: ControlPlane): Promise<string> {
  return kubectl.ok(['get', 'validatingwebhookconfiguration', 'pidguard', '--output=jsonpath={.metadata.uid}'])
}

const folders = [
  ...kustomizations.map((name) => join(root, 'manifests', name)),
  ...[...components, ...newer].map((name) => join(root, 'test/fixtures/kustomize', name))
]
for (const folder of folders) {
  void t.test(
    `${folder.slice(root.length + 1)} is taken by a real API server, twice, by both ways of apply`,
    async (t) => {
      for (const how of [['--server-side', '--force-conflicts'], []]) {
        const { code, stderr } = await plane.kubectl.run(['apply', '--kustomize', folder, ...how])
        t.equal(code, 0, stderr)
        t.notMatch(stderr, /Error|unknown field|Warning: .*deprecated/i)
      }
    }
  )
}

void t.test('what the leader wrote into the configurations stays when they are applied again', async (t) => {
  const folder = join(root, 'manifests/overlays/default')
  const caBundle = Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64')
  const path = '/webhooks/0/clientConfig/caBundle'
  const uid = await uidOfConfiguration(plane)
  for (const how of [['--server-side', '--force-conflicts'], []]) {
    const patch = `--patch=${JSON.stringify([{ op: 'add', path, value: caBundle }])}`
    const patched = await plane.kubectl.run(['patch', 'validatingwebhookconfiguration/pidguard', '--type=json', patch])
    if (patched.code !== 0) t.comment(patched.stderr)
    await plane.kubectl.ok(['apply', '--kustomize', folder, ...how])
    const held = await plane.kubectl.ok([
      'get',
      'validatingwebhookconfiguration/pidguard',
      '--output=jsonpath={.webhooks[0].clientConfig.caBundle}'
    ])
    t.equal(held, patched.code === 0 ? caBundle : '')
  }
  t.equal(await uidOfConfiguration(plane), uid, 'the same object all the time')
})

void t.test('what is deleted leaves nothing outside the namespace', async (t) => {
  for (const folder of folders) {
    await plane.kubectl.ok(['delete', '--kustomize', folder, '--wait=false', '--ignore-not-found'])
  }
  const kinds = 'mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles,clusterrolebindings'
  const { stdout } = await plane.kubectl.run(['get', kinds, '--selector=app.kubernetes.io/name=pidguard', '-oname'])
  t.equal(stdout, '')
})
