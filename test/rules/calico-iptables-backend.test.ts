import t from 'tap'
import { mutate } from '../../src/engine/mutate.ts'
import { iptablesBackendWas } from '../../src/kubernetes/annotations.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { calicoIptablesBackend as rule } from '../../src/rules/calico-iptables-backend.ts'
import { calicoUpdateStrategy } from '../../src/rules/calico-update-strategy.ts'
import { findingsOf, mended, snapshotOf, told, type World } from '../support/judge.ts'
import { calicoObject, podObject, subjectFrom, tigeraOperator, workloadObject } from '../support/subjects.ts'

const nft: World = { settings: { calico: { iptablesBackend: 'NFT' } } }
const at = '/spec/template/spec/containers/0/env'
const set = (value: unknown, name = 'FELIX_IPTABLESBACKEND') => ({ name, value })
const other = { name: 'DATASTORE_TYPE', value: 'kubernetes' }
const indirect = {
  name: 'FELIX_IPTABLESBACKEND',
  valueFrom: { configMapKeyRef: { name: 'calico-config', key: 'iptables_backend' } }
}
const good = set('NFT')

function envOf(object: JsonRecord): unknown {
  const spec = object['spec'] as { template: { spec: { containers: { env: unknown }[] } } }
  return spec.template.spec.containers[0]?.env
}

const left = 'iptables backend left to detection'
const invalid = 'iptables backend not valid'
const unknown = 'iptables backend not known'
const twice = 'iptables backend set more than once'
const differs = 'iptables backend differs from the policy'

/** What is found where the policy says NFT and where it says nothing, and what the fix for NFT leaves. */
const cases: {
  name: string
  env: unknown
  reason: string | undefined
  unset?: string
  at?: string
  fixed?: unknown
  /** A variable stays that is nobody's to remove but its author's. */
  hasLookalike?: true
}[] = [
  { name: 'the value of the policy', env: [other, good], reason: undefined },
  { name: 'in lower case', env: [set('nft')], reason: undefined },
  { name: 'the name as the documentation spells it', env: [set('NFT', 'FELIX_IptablesBackend')], reason: undefined },
  { name: 'the name in lower case', env: [set('nFt', 'felix_iptablesbackend')], reason: undefined },
  { name: 'no env', env: undefined, reason: left, unset: 'advice', at, fixed: [good] },
  { name: 'env null', env: null, reason: left, unset: 'advice', at, fixed: [good] },
  { name: 'other variables only', env: [other], reason: left, unset: 'advice', at, fixed: [other, good] },
  { name: 'auto', env: [set('auto')], reason: left, unset: 'advice' },
  { name: 'Auto, as FelixConfiguration spells it', env: [set('Auto')], reason: left, unset: 'advice' },
  { name: 'none is a word of Felix: plain iptables-save', env: [set('none')], reason: invalid, unset: 'advice' },
  { name: 'empty: overrides a good FelixConfiguration', env: [set('')], reason: invalid, unset: 'denial' },
  { name: 'no value at all is empty', env: [set(undefined)], reason: invalid, unset: 'denial' },
  { name: 'a trailing space', env: [set('NFT ')], reason: invalid, unset: 'denial' },
  { name: 'the name of another thing', env: [set('nftables')], reason: invalid, unset: 'denial' },
  { name: 'the other backend', env: [set('Legacy')], reason: differs },
  { name: 'valueFrom', env: [indirect], reason: unknown, unset: 'advice' },
  { name: 'another variable', env: [set('$(BACKEND)')], reason: unknown, unset: 'advice' },
  {
    name: 'the same name twice, although both agree',
    env: [good, other, good],
    reason: twice,
    unset: 'advice',
    at: `${at}/2`,
    fixed: [good, other]
  },
  {
    name: 'two spellings: the last wins',
    env: [good, set('auto', 'felix_iptablesbackend')],
    reason: left,
    unset: 'advice',
    at: `${at}/1`,
    fixed: [good]
  },
  {
    name: 'a good value last',
    env: [set('auto', 'Felix_IptablesBackend'), other, good],
    reason: twice,
    unset: 'advice',
    at: `${at}/2`,
    fixed: [good, other]
  },
  {
    name: 'the name Felix does not know',
    env: [set('NFT', 'FELIX_IPTABLES_BACKEND')],
    reason: left,
    unset: 'advice',
    at,
    fixed: [set('NFT', 'FELIX_IPTABLES_BACKEND'), good],
    hasLookalike: true
  },
  {
    name: 'a name of the same length',
    env: [set('x', 'FELIX_IPTABLESBACKENX'), set('x', 'FELIX_IPTABLES_BACKENX')],
    reason: left,
    unset: 'advice',
    at,
    fixed: [set('x', 'FELIX_IPTABLESBACKENX'), set('x', 'FELIX_IPTABLES_BACKENX'), good]
  }
]
for (const { name, env, reason, unset, at: place = `${at}/0`, fixed = [good], hasLookalike } of cases) {
  t.test(name, async (t) => {
    const object = calicoObject({ env })
    const found = findingsOf(rule, object, nft)
    t.strictSame(told(found), reason === undefined ? [] : [`denial ${place}`])
    t.equal(found[0]?.reason, reason)
    t.strictSame(told(findingsOf(rule, object)), unset === undefined ? [] : [`${unset} ${place}`], 'policy silent')

    t.strictSame(mended([rule], object).operations, [], 'nothing is invented where the policy is silent')
    const after = mended([rule], object, nft).object
    t.strictSame(envOf(after), reason === undefined ? env : fixed)
    const rest = findingsOf(rule, after, nft).map(({ reason }) => reason)
    t.strictSame(rest, hasLookalike ? ['no Felix parameter'] : [], 'the fix clears the finding')
  })
}

t.test('a name that Felix does not know is told of beside the right one too', async (t) => {
  const [found] = findingsOf(rule, calicoObject({ env: [good, set('Legacy', 'Felix_Iptables_Backend')] }), nft)
  t.match(found, {
    pointer: `${at}/1`,
    reason: 'no Felix parameter',
    advisory: true,
    remedy: 'Remove the variable; FELIX_IPTABLESBACKEND says which backend Felix uses.'
  })
})

t.test('thousands of spellings cost one operation, a few one each', async (t) => {
  const spellings = (count: number) => Array.from({ length: count }, (_, i) => set(i % 2 ? 'auto' : 'nft'))
  const few = mended([rule], calicoObject({ env: [...spellings(9), other] }), nft)
  t.strictSame(envOf(few.object), [good, other])
  t.equal(few.operations.length, 9)
  const many = mended([rule], calicoObject({ env: [other, ...spellings(10), other] }), nft)
  t.strictSame(envOf(many.object), [other, good, other])
  t.equal(many.operations.length, 1)
  const flood = mended([rule], calicoObject({ env: spellings(20_000) }), nft)
  t.strictSame(envOf(flood.object), [good])
})

t.test('the finding tells of envFrom and of the lookalike', async (t) => {
  const container = { envFrom: [{ configMapRef: { name: 'felix-settings', optional: true } }] }
  const [fromMap] = findingsOf(rule, calicoObject({ container }), nft)
  t.match(fromMap?.detail, 'envFrom')
  t.strictSame(told(findingsOf(rule, calicoObject({ container, env: [good] }), nft)), [], 'env beats envFrom')
  const [lookalike] = findingsOf(rule, calicoObject({ env: [set('NFT', 'felix_Iptables_Backend')] }), nft)
  t.match(lookalike?.detail, 'felix_Iptables_Backend')
  const [long] = findingsOf(rule, calicoObject({ env: [set('x'.repeat(100_000))] }), nft)
  t.ok((long?.detail.length ?? 0) < 200, 'a long value is cut')
})

t.test('an env that is none is named, not crashed over', async (t) => {
  for (const env of [['x'], [null], [{ value: 'x' }], [set(true)], [set(3)]]) {
    t.throws(() => findingsOf(rule, calicoObject({ env }), nft), { code: 'ERR_OBJECT_MALFORMED' })
  }
})

t.test('which DaemonSets run Felix', async (t) => {
  const label = (app: string) => ({
    metadata: { name: app, labels: { 'k8s-app': app } },
    pod: { metadata: { labels: { 'k8s-app': app } } }
  })
  function daemonSet(
    container: JsonRecord,
    metadata: JsonRecord = {},
    pod: JsonRecord = {},
    podMetadata: JsonRecord = {}
  ) {
    return workloadObject('apps/v1/DaemonSet', { containers: [container], ...pod }, podMetadata, metadata)
  }
  const node = (image?: string, env?: unknown[]) => ({
    name: 'calico-node',
    ...(image && { image }),
    ...(env && { env })
  })
  const labelled = (app: string) => daemonSet(node('registry.local/x:1'), {}, {}, label(app).pod.metadata)
  const felix: [string, JsonRecord][] = [
    ["Calico's manifest", calicoObject()],
    ['canal', labelled('canal')],
    ['canal-node of canal-etcd', labelled('canal-node')],
    ['rke2-canal, by its label', labelled('rke2-canal')],
    ['by a label of the DaemonSet alone', daemonSet(node('x'), label('canal').metadata)],
    [
      'rke2-canal, by its image',
      daemonSet(node('rancher/hardened-calico:v3.28.0-build20240625'), { name: 'rke2-canal' })
    ],
    ['k3s mirror', daemonSet(node('docker.io/rancher/mirrored-calico-node:v3.27.0'))],
    ['a digest', daemonSet(node('registry.local:5000/calico/node@sha256:0123'))],
    ['no tag', daemonSet(node('quay.io/calico/node'))],
    ['the one image of newer releases', daemonSet(node('quay.io/calico/calico:v3.33.0'))],
    [
      'any image with a variable of Felix',
      daemonSet(node('registry.local/net:1', [other, set('info', 'FELIX_LOGSEVERITYSCREEN')]))
    ],
    ['no image, as an operator may leave it to others', daemonSet(node(undefined, [set('true', 'felix_ipv6support')]))],
    [
      'behind other containers',
      daemonSet({ name: 'kube-flannel' }, label('canal').metadata, {
        containers: [{ name: 'kube-flannel' }, node('x')]
      })
    ]
  ]
  for (const [name, object] of felix) {
    t.equal(findingsOf(rule, object, nft).length, 1, name)
    const after = mended([rule, calicoUpdateStrategy], object, nft)
    t.strictSame(after.fixedBy, ['calico-iptables-backend', 'calico-update-strategy'], `${name}: both in one patch`)
  }

  const windows = { nodeSelector: { 'kubernetes.io/os': 'windows' } }
  const foreign: [string, JsonRecord][] = [
    ['a foreign container of that name', daemonSet(node('example.com/monitor:1'), { name: 'monitor' })],
    [
      'whose env is no list of variables',
      daemonSet(node('example.com/monitor:1', ['x', { name: 3 }]), { name: 'monitor' })
    ],
    [
      'calico-node-windows',
      daemonSet(node('calico/node-windows:v3.28.0'), label('calico-node-windows').metadata, windows)
    ],
    [
      "the operator's Windows DaemonSet, whose containers have other names",
      daemonSet({ name: 'felix', image: 'calico/node-windows:v3.28.0' }, label('calico-node-windows').metadata)
    ],
    [
      'csi-node-driver',
      daemonSet({ name: 'calico-csi', image: 'calico/csi:v3.28.0' }, label('csi-node-driver').metadata)
    ],
    ['a DaemonSet without containers', daemonSet(node(), {}, { containers: null })],
    ['a Deployment', workloadObject('apps/v1/Deployment', { containers: [node('calico/node:v3.28.0')] })],
    ['the Pods of the DaemonSet', podObject({ containers: [node('calico/node:v3.28.0')] })],
    [
      'an init container',
      daemonSet({ name: 'x' }, {}, { containers: [{ name: 'x' }], initContainers: [node('calico/node:v3')] })
    ]
  ]
  for (const [name, object] of foreign) {
    t.strictSame(findingsOf(rule, object, nft), [], name)
    t.strictSame(mended([rule, calicoUpdateStrategy], object, nft).operations, [], name)
  }
})

t.test('owned by the tigera operator', async (t) => {
  const owned = (reference: object) =>
    calicoObject({ metadata: { namespace: 'calico-system', ownerReferences: [reference] } })
  const mutate: World = { settings: { calico: { iptablesBackend: 'NFT', operatorManaged: 'mutate' } } }

  t.strictSame(told(findingsOf(rule, owned(tigeraOperator), nft)), [`advice ${at}`], 'told, never denied')
  t.strictSame(mended([rule], owned(tigeraOperator), nft).operations, [], 'nor changed')
  t.strictSame(
    told(findingsOf(rule, owned(tigeraOperator), mutate)),
    [`advice ${at}`],
    'nor denied where it may be changed'
  )
  t.strictSame(envOf(mended([rule], owned(tigeraOperator), mutate).object), [good])

  const lookalikes = [
    { ...tigeraOperator, controller: false },
    { ...tigeraOperator, apiVersion: 'example.com/v1' },
    { ...tigeraOperator, kind: 'Addon' }
  ]
  for (const reference of lookalikes) {
    t.strictSame(told(findingsOf(rule, owned(reference), nft)), [`denial ${at}`], JSON.stringify(reference))
  }
})

t.test('updates', async (t) => {
  const update = (oldObject: JsonRecord): World => ({ ...nft, request: { operation: 'UPDATE', oldObject } })
  const stored = calicoObject()
  const labelled = calicoObject({ metadata: { labels: { a: 'b' } } })
  t.strictSame(told(findingsOf(rule, labelled, update(stored))), [`advice ${at}`], 'a label of what was stored passes')
  t.strictSame(mended([rule], labelled, update(stored)).operations, [], 'a RollingUpdate would restart all of it')
  const both = mended([calicoUpdateStrategy, rule], labelled, update(stored))
  t.strictSame(both.fixedBy, ['calico-update-strategy', 'calico-iptables-backend'], 'under OnDelete nothing restarts')
  t.strictSame(envOf(both.object), [good], 'so the same manifest applied again is enough')
  const exempt = { ...update(stored), exempt: { 'calico-update-strategy': 'upgrade window' } }
  t.strictSame(mended([calicoUpdateStrategy, rule], labelled, exempt).operations, [], 'not where the strategy stays')

  const upgraded = calicoObject({ container: { image: 'docker.io/calico/node:v3.29.0' } })
  t.equal(findingsOf(rule, upgraded, update(stored)).length, 1, 'an upgrade restarts it anyway')
  t.strictSame(envOf(mended([rule], upgraded, update(stored)).object), [good], 'so that is when it is mended')
  const removed = calicoObject({ env: [other] })
  t.equal(findingsOf(rule, removed, update(calicoObject({ env: [good] }))).length, 1, 'taking the variable away')
  t.equal(findingsOf(rule, stored, update(workloadObject('apps/v1/DaemonSet'))).length, 1, 'becoming Calico')
})

t.test('the modes', async (t) => {
  for (const mode of ['warn', 'audit', 'off'] as const) {
    const world: World = { settings: { ...nft.settings, modes: { [rule.id]: mode } } }
    t.strictSame(mended([rule], calicoObject(), world).operations, [], `mode ${mode} changes nothing`)
    t.equal(findingsOf(rule, calicoObject(), world).length, mode === 'off' ? 0 : 1)
  }
})

t.test('FelixConfigurations, nftablesMode, dataplane and version are read with the variable', async (t) => {
  const silent: World = {}
  const felix = (name: string, iptablesBackend?: string, nftablesMode?: string) => ({
    name,
    iptablesBackend,
    nftablesMode
  })
  const knowing = (world: World, ...felixConfigurations: ReturnType<typeof felix>[]): World => ({
    ...world,
    facts: { felixConfigurations }
  })
  const reasons = (object: JsonRecord, world: World) => findingsOf(rule, object, world).map(({ reason }) => reason)
  const image = (tag: string, env: unknown = [other]) =>
    calicoObject({ env, container: { image: `calico/node:${tag}` } })
  const unset = image('v3.31.7')

  t.strictSame(reasons(unset, knowing(silent, felix('default', 'NFT'))), [], 'default says it already')
  t.strictSame(reasons(unset, knowing(nft, felix('default', 'nft'))), [], 'the policy’s value')
  t.strictSame(mended([rule], unset, knowing(nft, felix('default', 'nft'))).operations, [], 'nothing to write')
  t.strictSame(reasons(unset, knowing(nft, felix('default', 'Legacy'))), [differs])
  t.strictSame(envOf(mended([rule], unset, knowing(nft, felix('default', 'Legacy'))).object), [other, good])
  for (const said of ['Auto', 'nonsense', undefined])
    t.strictSame(reasons(unset, knowing(nft, felix('default', said))), [left], String(said))

  t.strictSame(reasons(unset, knowing(nft, felix('default', undefined, 'Enabled'))), [], 'nftables')
  t.strictSame(mended([rule], unset, knowing(nft, felix('default', undefined, 'Enabled'))).operations, [])
  t.strictSame(reasons(image('v3.31.7', [set('Enabled', 'FELIX_NFTABLESMODE')]), nft), [], 'nftables by the variable')
  t.strictSame(reasons(image('v3.28.0', [set('Enabled', 'FELIX_NFTABLESMODE')]), nft), [left], 'ignored up to v3.28')
  t.strictSame(reasons(image('v3.31.7', [set('false', 'FELIX_USEINTERNALDATAPLANEDRIVER')]), nft), [], 'VPP')
  const [auto] = findingsOf(rule, image('v3.32.1'), knowing(nft))
  t.match(auto?.detail, 'decides nothing where kube-proxy uses nftables', 'Auto is built in from v3.32')

  t.strictSame(reasons(image('v3.16.10'), silent), [], 'Legacy is built in, nothing is detected')
  t.strictSame(reasons(image('v3.16.10'), { settings: { calico: { iptablesBackend: 'Legacy' } } }), [])
  t.strictSame(reasons(image('v3.16.10'), nft), [differs])
  t.strictSame(reasons(image('v3.11.3', [set('auto')]), silent), [invalid], 'not a word of v3.11')
})

t.test('a FelixConfiguration of some nodes that says another backend keeps the variable away', async (t) => {
  const of = (name: string, iptablesBackend: string) => ({ name, iptablesBackend, nftablesMode: undefined })
  const world: World = { ...nft, facts: { felixConfigurations: [of('node.n1', 'Legacy')] } }
  const [found] = findingsOf(rule, calicoObject(), world)
  t.match(found, { advisory: true, remedy: /^No single value fits these nodes: / })
  t.match(found?.detail, 'FelixConfiguration "node.n1" says "Legacy"')
  t.strictSame(mended([rule], calicoObject(), world).operations, [], 'it would switch node.n1 off')
  const same: World = { ...nft, facts: { felixConfigurations: [of('node.n1', 'nft')] } }
  t.strictSame(envOf(mended([rule], calicoObject(), same).object), [good], 'one that says the same is no obstacle')
})

t.test('where kube-proxy is known to use nftables, nftablesMode Auto makes the backend decide nothing', async (t) => {
  const of = (tag: string, kubeProxyMode?: string) =>
    findingsOf(rule, calicoObject({ container: { image: `calico/node:${tag}` } }), {
      facts: { felixConfigurations: [], ...(kubeProxyMode === undefined ? undefined : { kubeProxyMode }) }
    }).length
  t.equal(of('v3.32.1', 'nftables'), 0)
  t.equal(of('v3.32.1', 'iptables'), 1)
  t.equal(of('v3.32.1'), 1, 'not known')
  t.equal(of('v3.31.7', 'nftables'), 1, 'Disabled is built in')
})

t.test('Felix under another name is warned about, and left alone', async (t) => {
  const terway = (env: unknown[]) =>
    workloadObject('apps/v1/DaemonSet', { containers: [{ name: 'eni' }, { name: 'policy', env }] })
  const felix = set('true', 'FELIX_HEALTHENABLED')
  for (const world of [nft, {}]) {
    const found = findingsOf(rule, terway([felix]), world)
    t.strictSame(told(found), ['advice /spec/template/spec/containers/1/env'])
    t.match(found[0]?.detail, '"policy" runs Felix')
    t.strictSame(mended([rule, calicoUpdateStrategy], terway([felix]), world).operations, [])
  }
  t.strictSame(findingsOf(rule, terway([felix, good]), nft), [], 'it says its backend')
  t.equal(findingsOf(rule, terway([felix, set('auto')]), nft).length, 1)
  t.match(findingsOf(rule, terway([felix, set('Legacy')]), nft), [
    { detail: /not set to NFT$/, remedy: 'Set FELIX_IPTABLESBACKEND of that container to NFT, where it runs Felix.' }
  ])
  t.strictSame(findingsOf(rule, terway([felix, set('Legacy')]), {}), [], 'the policy names none')
  const base = (value: string): World => ({
    ...nft,
    facts: { felixConfigurations: [{ name: 'default', iptablesBackend: value, nftablesMode: undefined }] }
  })
  t.strictSame(findingsOf(rule, terway([felix]), base('NFT')), [], 'FelixConfiguration default says it')
  t.equal(findingsOf(rule, terway([felix]), base('Legacy')).length, 1)
})

t.test('whose DaemonSet is changed is told what, and where to write it', async (t) => {
  const notes = (object: JsonRecord) =>
    mutate(subjectFrom(structuredClone(object)), [calicoUpdateStrategy, rule], snapshotOf(nft)).notes
  t.match(notes(calicoObject({ env: [set('Legacy')] })), [
    'calico-update-strategy: RollingUpdate changed to OnDelete: calico-node restarts on a node only when its pod is deleted',
    /^Write updateStrategy OnDelete and FELIX_IPTABLESBACKEND into your manifest or chart/,
    /kubespray/,
    'calico-iptables-backend: FELIX_IPTABLESBACKEND set to NFT, as the policy says (it was "Legacy")'
  ])
  t.match(notes(calicoObject())[3], 'it was not set')
  t.match(notes(calicoObject({ env: [indirect] }))[3], 'it was set elsewhere')
  for (const line of notes(calicoObject({ env: [set('x'.repeat(300))] })))
    t.ok(line.length <= 140 || line.includes('…'), line)
  t.strictSame(notes(mended([calicoUpdateStrategy, rule], calicoObject(), nft).object), [], 'nothing changed')
})

t.test(
  'what the fallback wrote down of the value before is taken away once pidguard has seen the DaemonSet',
  async (t) => {
    const object = calicoObject({ env: [good] })
    const noted = {
      ...object,
      metadata: { ...(object['metadata'] as JsonRecord), annotations: { [iptablesBackendWas]: '"auto"' } }
    }
    const { object: fixed } = mended([rule], noted, nft)
    t.match(fixed['metadata'], { annotations: {} })
    t.strictSame(envOf(fixed), [good])
    t.notOk(JSON.stringify(fixed).includes(iptablesBackendWas))
  }
)
