import { join } from 'node:path'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { corpusFolder, type ManifestDocument, manifestDocuments } from './support/corpus.ts'
import { backendsOf, calicoNode, type StoredDaemonSet } from './support/objects.ts'
import { startWebhook } from './support/webhook.ts'

const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  calico: {iptablesBackend: NFT, operatorManaged: report}
`

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('calico-system')
const webhook = await startWebhook(plane, { policy })
t.teardown(() => webhook.stop())
await webhook.register()

function stored(name = 'calico-node', namespace = 'kube-system'): Promise<StoredDaemonSet> {
  return api.stored<StoredDaemonSet>('daemonsets', name, namespace)
}

const corpus = corpusFolder()

const manifests = [
  { file: 'v3.8-eks/calico.yaml', daemonSet: 'calico-node' },
  { file: 'v3.13-microk8s/calico.yaml', daemonSet: 'calico-node' },
  { file: 'v3.18-kubevirtci/calico.yaml', daemonSet: 'calico-node' },
  { file: 'v3.28.0/calico.yaml', daemonSet: 'calico-node' },
  { file: 'v3.28.0/calico-typha.yaml', daemonSet: 'calico-node' },
  { file: 'v3.28.0/calico-bpf.yaml', daemonSet: 'calico-node' },
  { file: 'v3.28.0/canal.yaml', daemonSet: 'canal' },
  { file: 'v3.28.0/canal-etcd.yaml', daemonSet: 'canal-node' },
  { file: 'v3.29-microk8s/calico.yaml', daemonSet: 'calico-node' },
  { file: 'v3.32.1/calico.yaml', daemonSet: 'calico-node' },
  { file: 'v3.32.1/canal.yaml', daemonSet: 'canal' }
]

/** An older API server does not know policy/v1, and the schemas of newer CRDs have fields it refuses. */
const refusedBySome = ['PodDisruptionBudget', 'CustomResourceDefinition']

/** What this API server takes of a manifest, and the kinds it refuses whatever pidguard says. */
async function takenOf(documents: readonly ManifestDocument[]): Promise<[ManifestDocument[], string[]]> {
  const refused: string[] = []
  for (const kind of refusedBySome) {
    const text = documents.filter(({ manifest }) => manifest.kind === kind).map((document) => document.text)
    const { code } = await kubectl.apply(text.join('---\n'), '--dry-run=server')
    if (text.length > 0 && code !== 0) refused.push(kind)
  }
  return [documents.filter(({ manifest }) => !refused.includes(manifest.kind)), refused]
}

for (const { file, daemonSet } of manifests) {
  void t.test(file, { skip: corpus === undefined && 'PIDGUARD_CORPUS is not there' }, async (t) => {
    const [documents, refused] = await takenOf(manifestDocuments(join(corpus ?? '', 'calico', file)))
    if (refused.length > 0) t.comment(`without ${refused.join(' and ')}, which ${plane.version.text} refuses`)
    const text = documents.map((document) => document.text).join('---\n')
    const first = await kubectl.apply(text)
    t.equal(first.code, 0, first.stderr)

    const before = await stored(daemonSet)
    t.strictSame(backendsOf(before), ['NFT'], 'the backend of the policy, once')
    t.strictSame(before.spec.updateStrategy, { type: 'OnDelete' })
    t.strictSame(otherVariables(before), variablesIn(documents, daemonSet), 'all other variables are left as they were')

    const again = await kubectl.apply(text)
    t.equal(again.code, 0, again.stderr)
    t.equal(
      (await stored(daemonSet)).metadata.generation,
      before.metadata.generation,
      'applied again, it stays as it is'
    )

    const replaced = await kubectl.run(
      ['replace', '--filename=-'],
      documents.find(({ manifest }) => manifest.kind === 'DaemonSet')?.text
    )
    t.equal(replaced.code, 0, replaced.stderr)
    const after = await stored(daemonSet)
    t.equal(after.metadata.generation, before.metadata.generation, 'replaced by the same, it stays as it is')
    t.equal(after.metadata.uid, before.metadata.uid)

    await kubectl.ok(['delete', 'daemonset', daemonSet, '--namespace=kube-system', '--wait=true'])
  })
}

function otherVariables(daemonSet: StoredDaemonSet): string[] {
  const containers = daemonSet.spec.template.spec.containers
  return containers
    .flatMap(({ env = [] }) => env.map(({ name }) => name))
    .filter((name) => name !== 'FELIX_IPTABLESBACKEND')
}

function variablesIn(documents: readonly ManifestDocument[], daemonSet: string): string[] {
  const found = documents.find(({ manifest }) => manifest.kind === 'DaemonSet' && manifest.metadata.name === daemonSet)
  return otherVariables(found?.manifest as object as StoredDaemonSet)
}

void t.test('a Felix DaemonSet in force', async (t) => {
  const created = await kubectl.apply(JSON.stringify(calicoNode('kube-system')))
  t.equal(created.code, 0, created.stderr)

  const attempts = [
    { name: 'another backend', args: ['set', 'env', 'daemonset/calico-node', 'FELIX_IPTABLESBACKEND=Legacy'] },
    { name: 'detection', args: ['set', 'env', 'daemonset/calico-node', 'FELIX_IPTABLESBACKEND=auto'] },
    { name: 'no backend', args: ['set', 'env', 'daemonset/calico-node', 'FELIX_IPTABLESBACKEND-'] },
    {
      name: 'another spelling beside it',
      args: ['set', 'env', 'daemonset/calico-node', 'FELIX_IptablesBackend=Legacy']
    },
    {
      name: 'the variable from elsewhere',
      args: patch('strategic', {
        spec: { template: { spec: { containers: [{ name: 'calico-node', env: [fromConfigMap] }] } } }
      })
    },
    {
      name: 'a rolling update',
      args: patch('merge', {
        spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } } }
      })
    }
  ]
  for (const { name, args } of attempts) {
    void t.test(`${name} is corrected or refused`, async (t) => {
      const { code, stderr } = await kubectl.run([...args, '--namespace=kube-system'])
      if (code !== 0) t.match(stderr, /calico-(iptables-backend|update-strategy)/, 'refused for the reason')
      const { spec, ...rest } = await stored()
      t.strictSame(backendsOf({ spec, ...rest }), ['NFT'])
      t.strictSame(spec.updateStrategy, { type: 'OnDelete' })
    })
  }

  await t.test('a variable named twice ends up once, with the backend of the policy', async (t) => {
    const twice = ['NFT', 'Legacy'].map((value) => ({ name: 'FELIX_IPTABLESBACKEND', value }))
    const { code, stderr } = await kubectl.run(
      ['replace', '--filename=-'],
      JSON.stringify(calicoNode('kube-system', { env: twice }))
    )
    if (code !== 0) t.match(stderr, 'calico-iptables-backend', 'refused for the reason')
    t.strictSame(backendsOf(await stored()), ['NFT'])
  })

  await t.test('an edit of something else goes through', async (t) => {
    const labelled = await kubectl.run(['label', 'daemonset/calico-node', 'team=network', '--namespace=kube-system'])
    t.equal(labelled.code, 0, labelled.stderr)
    const image = ['set', 'image', 'daemonset/calico-node', 'calico-node=docker.io/calico/node:v3.28.1']
    const updated = await kubectl.run([...image, '--namespace=kube-system'])
    t.equal(updated.code, 0, updated.stderr)
    t.strictSame(backendsOf(await stored()), ['NFT'])
  })

  await t.test('server-side apply keeps it, and applied again changes nothing', async (t) => {
    const text = JSON.stringify(calicoNode('kube-system'))
    const serverSide = ['--server-side', '--force-conflicts']
    const first = await kubectl.apply(text, ...serverSide)
    t.equal(first.code, 0, first.stderr)
    const before = await stored()
    t.strictSame(backendsOf(before), ['NFT'])
    t.strictSame(before.spec.updateStrategy, { type: 'OnDelete' })
    const again = await kubectl.apply(text, ...serverSide)
    t.equal(again.code, 0, again.stderr)
    t.equal((await stored()).metadata.generation, before.metadata.generation)
  })

  await t.test('a dry run shows the change and leaves nothing behind', async (t) => {
    await plane.createNamespace('tigera')
    const shown = await kubectl.create(calicoNode('tigera'), '--dry-run=server', '--output=json')
    t.equal(shown.code, 0, shown.stderr)
    t.strictSame(backendsOf(JSON.parse(shown.stdout)), ['NFT'])
    t.strictSame(await api.list('daemonsets', 'tigera', ''), [])
  })
})

const fromConfigMap = {
  name: 'FELIX_IPTABLESBACKEND',
  value: null,
  valueFrom: { configMapKeyRef: { name: 'calico-config', key: 'backend' } }
}

function patch(type: 'strategic' | 'merge', change: object): string[] {
  return ['patch', 'daemonset', 'calico-node', `--type=${type}`, `--patch=${JSON.stringify(change)}`]
}

void t.test('a DaemonSet that the Tigera operator owns is neither changed nor refused', async (t) => {
  const installation = {
    apiVersion: 'operator.tigera.io/v1',
    kind: 'Installation',
    name: 'default',
    uid: 'e2e',
    controller: true
  }
  const byOperator = calicoNode('calico-system', {
    env: [{ name: 'FELIX_IPTABLESBACKEND', value: 'Legacy' }],
    ownerReferences: [installation]
  })
  const created = await kubectl.apply(JSON.stringify(byOperator))
  t.equal(created.code, 0, created.stderr)
  const before = await stored('calico-node', 'calico-system')
  t.strictSame(backendsOf(before), ['Legacy'])
  t.match(before.spec.updateStrategy, { type: 'RollingUpdate' })

  const replaced = await kubectl.run(['replace', '--filename=-'], JSON.stringify(byOperator))
  t.equal(replaced.code, 0, replaced.stderr)
  t.equal((await stored('calico-node', 'calico-system')).metadata.generation, before.metadata.generation)
})

void t.test('a FelixConfiguration against the policy is warned about, in both API groups', async (t) => {
  const groups = [
    { group: 'crd.projectcalico.org', version: 'v1' },
    { group: 'projectcalico.org', version: 'v3' }
  ]
  for (const { group, version } of groups) {
    await kubectl.ok(['apply', '--filename=-'], JSON.stringify(felixConfigurations(group, version)))
    await kubectl.ok(['wait', '--for=condition=Established', `crd/felixconfigurations.${group}`])
    const against = await applyFelixConfiguration(`${group}/${version}`, 'Auto')
    t.equal(against.code, 0, against.stderr)
    t.match(against.stderr, /^Warning: .*felix-configuration/m, group)
    const asWanted = await applyFelixConfiguration(`${group}/${version}`, 'NFT')
    t.equal(asWanted.code, 0, asWanted.stderr)
    t.notMatch(asWanted.stderr, 'Warning: ', group)
  }
})

function applyFelixConfiguration(apiVersion: string, iptablesBackend: string): ReturnType<typeof kubectl.apply> {
  const object = { apiVersion, kind: 'FelixConfiguration', metadata: { name: 'default' }, spec: { iptablesBackend } }
  return kubectl.apply(JSON.stringify(object))
}

function felixConfigurations(group: string, version: string): object {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `felixconfigurations.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { kind: 'FelixConfiguration', plural: 'felixconfigurations' },
      versions: [{ name: version, served: true, storage: true, schema }]
    }
  }
}

void t.test('a policy that names no backend leaves the backend alone, and OnDelete in force', async (t) => {
  const generation = (await webhook.metric('pidguard_policy_generation')) ?? 0
  webhook.writePolicy('{apiVersion: pidguard.io/v1alpha1, kind: PidGuardPolicy, spec: {}}')
  await webhook.generationAfter(generation)
  await plane.createNamespace('unsaid')
  const created = await kubectl.create(calicoNode('unsaid'))
  t.equal(created.code, 0, created.stderr)
  const daemonSet = await stored('calico-node', 'unsaid')
  t.strictSame(backendsOf(daemonSet), [])
  t.strictSame(daemonSet.spec.updateStrategy, { type: 'OnDelete' })
})

void t.test('no call of a webhook failed', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})
