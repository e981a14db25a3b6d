// pidguard emit --static: policies from files that the API server itself reads, in force from its first request on. And for older servers.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type EmitOptions, emit } from '../../src/emit/emit.ts'
import { renderEmitted } from '../../src/emit/render.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { policyRules } from '../../src/rules/index.ts'
import { enforce, evaluationErrors } from './support/admission-policies.ts'
import { findAssets } from './support/assets.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { install, type Running } from './support/installation.ts'
import { backendsOf, calicoNode, deployment, pod, type StoredDaemonSet, someRequests } from './support/objects.ts'
import { makeFolder } from './support/processes.ts'
import { versionOf } from './support/versions.ts'
import { until, untilIs } from './support/wait.ts'

const assets = findAssets(process.env)
const newest = 'programs' in assets ? versionOf(assets.programs.get('kube-apiserver') ?? 'kube-apiserver').minor : 0

function emitted(rules: string, options: Partial<EmitOptions>): string {
  const text = `{apiVersion: pidguard.io/v1alpha1, kind: PidGuardPolicy, spec: {calico: {iptablesBackend: NFT}, rules: {${rules}}}}`
  const policy = readPolicy(text, { rules: policyRules, source: 'the test' })
  const usual = { server: newest, fallback: false, noLimitRanges: false, fillPods: false, static: undefined }
  return renderEmitted(emit(policy, policyRules, { ...usual, ...options }, Date.now()), 'the test')
}

async function refusal({ kubectl }: ControlPlane, object: object): Promise<string> {
  const { code, stderr } = await kubectl.create(object, '--dry-run=server')
  return code === 0 ? '' : stderr
}

const greedy = pod({ name: 'greedy', namespace: 'shop' })

void t.test('from files', { skip: newest < 37 && 'before v1.37' }, async (t) => {
  const folder = makeFolder('pidguard-static-')
  const kinds = ['validating', 'mutating'] as const
  /** Under a name that is not read, first: a half file would be one with a mistake. */
  function write(kind: (typeof kinds)[number], rules = ''): void {
    const file = join(folder, kind, 'pidguard.yaml')
    writeFileSync(`${file}.new`, emitted(rules, { static: kind }))
    renameSync(`${file}.new`, file)
  }
  for (const kind of kinds) {
    mkdirSync(join(folder, kind))
    write(kind)
  }
  const config = join(folder, 'admission.yaml')
  const plugins = kinds.map((kind) => {
    const name = `${kind === 'validating' ? 'Validating' : 'Mutating'}AdmissionPolicy`
    return {
      name,
      configuration: {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: `${name}Configuration`,
        staticManifestsDir: join(folder, kind)
      }
    }
  })
  writeFileSync(
    config,
    JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins })
  )
  const plane = await startControlPlane({ flags: { 'admission-control-config-file': config } })
  t.teardown(() => plane.stop())
  const { kubectl, api } = plane
  await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })

  await t.test('the rules hold, without an object that anybody could list', async (t) => {
    t.match(await refusal(plane, greedy), /best-effort: QoS class BestEffort/)
    t.equal(await refusal(plane, pod({ name: 'fine', namespace: 'shop' }, someRequests)), '')
    const { stderr } = await kubectl.create(deployment({ name: 'web', namespace: 'shop' }, 1), '--dry-run=server')
    t.match(stderr, /Warning.*best-effort/)
    await kubectl.create(calicoNode('kube-system'))
    const stored = await api.stored<StoredDaemonSet>('daemonsets', 'calico-node', 'kube-system')
    t.strictSame(stored.spec.updateStrategy, { type: 'OnDelete' })
    t.strictSame(backendsOf(stored), ['NFT'])
    const kinds = 'validatingadmissionpolicies,validatingadmissionpolicybindings,mutatingadmissionpolicies'
    t.equal(await kubectl.ok(['get', kinds, '--output=name']), '')
  })

  await t.test('they are there again with the API server', async (t) => {
    await plane.restartApiServer()
    t.match(await refusal(plane, greedy), 'best-effort')
  })

  await t.test('our own objects are kept from everybody but administrators and ourselves', async (t) => {
    const installation = await install(plane, 'default')
    const bind = ['create', 'clusterrolebinding', 'jane', '--clusterrole=cluster-admin', '--user=jane']
    await kubectl.ok(bind)
    const asJane = (...args: string[]) => kubectl.run([...args, '--as=jane'])
    const configuration = 'validatingwebhookconfiguration/pidguard'
    for (const write of [
      ['delete', configuration],
      ['label', configuration, 'a=b'],
      ['patch', configuration, '--type=json', '--patch=[{"op": "remove", "path": "/webhooks/0"}]']
    ])
      t.match((await asJane(...write)).stderr, 'kept by a file of the API server', write.join(' '))
    const own = emitted('', {}).replaceAll('best-effort.pods.pidguard.io', 'mine.pidguard.io')
    t.match((await kubectl.run(['create', '--as=jane', '--filename=-'], own)).stderr, 'kept by a file')
    const controller: Running = await installation.startController()
    await controller.ready()
    await until('caBundle', async () =>
      (await kubectl.ok(['get', configuration, '--output=yaml'])).includes('caBundle')
    )
    await controller.stop()
    await kubectl.ok(['label', configuration, 'a=b'])
    await kubectl.ok(['delete', configuration, 'mutatingwebhookconfiguration/pidguard'])
  })

  await t.test('a changed file is read again', async () => {
    write('validating', 'best-effort: warn')
    await untilIs('a warning', () => refusal(plane, greedy), '')
  })

  await t.test('no expression ended in an error', async (t) => t.strictSame(await evaluationErrors(plane), []))
})

for (const emulates of [34, 35].filter((minor) => newest >= 37 && minor < newest)) {
  void t.test(`for v1.${emulates}, on a server that behaves like it`, async (t) => {
    const plane = await startControlPlane({ emulates })
    t.teardown(() => plane.stop())
    await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
    await enforce(plane, emitted('', { server: emulates }))
    t.match(await refusal(plane, greedy), /ValidatingAdmissionPolicy.*best-effort/)
    t.equal(await refusal(plane, pod({ name: 'fine', namespace: 'shop' }, someRequests)), '')
    // Pod-level resources decide as soon as they are there, up to v1.36.
    const empty = pod({ name: 'fine', namespace: 'shop' }, someRequests) as { spec: object }
    t.match(await refusal(plane, { ...empty, spec: { ...empty.spec, resources: {} } }), 'best-effort')
    const annotations = { 'pidguard.io/pids': 'many' }
    t.match(await refusal(plane, pod({ name: 'x', namespace: 'shop', annotations }, someRequests)), 'pid-annotations')
    // The first denial is shown, which may be of either rule.
    t.match(await refusal(plane, calicoNode('kube-system')), /calico-(update-strategy|iptables-backend)/)
    t.strictSame(await evaluationErrors(plane), [])
  })
}
