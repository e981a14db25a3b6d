// Every remedy about Calico that is printed: each is followed here as its words say, and then the same check finds nothing, or a test
// against a real API server runs it as it is printed. The texts are taken from the sources: a new one without an entry fails.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { rolloutSteps } from '../../src/calico/rollout-steps.ts'
import { type CalicoFacts, calicoChecks, calicoViewOf } from '../../src/doctor/calico-checks.ts'
import type { AllFacts, Rule } from '../../src/engine/rule.ts'
import type { Backend, FelixSettings } from '../../src/kubernetes/calico/felix.ts'
import { type CalicoCluster, type NodeRow, nodeRowsOf } from '../../src/kubernetes/calico/node-rows.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { adviceOf } from '../../src/report/calico-advice.ts'
import { calicoBackendConflict } from '../../src/rules/calico-backend-conflict.ts'
import { calicoIptablesBackend } from '../../src/rules/calico-iptables-backend.ts'
import { calicoNodeBackend } from '../../src/rules/calico-node-backend.ts'
import { calicoRevisionDrift } from '../../src/rules/calico-revision-drift.ts'
import { calicoUpdateStrategy } from '../../src/rules/calico-update-strategy.ts'
import { felixConfiguration } from '../../src/rules/felix-configuration.ts'
import {
  calicoCluster,
  debian,
  el7,
  felixNode,
  felixObject,
  felixPod,
  felixSettings,
  otherFelixObject
} from '../support/calico-clusters.ts'
import { policyFrom } from '../support/files.ts'
import { fleetOf, type NodeSketch } from '../support/headroom.ts'
import { registered } from '../support/installations.ts'
import { findingsOf, mended, type World } from '../support/judge.ts'
import { nodeObject } from '../support/nodes.ts'
import { projectFolder } from '../support/sources.ts'
import { calicoObject, tigeraOperator } from '../support/subjects.ts'

const nft = { calico: { iptablesBackend: 'NFT' as const } }
const onDelete = { updateStrategy: { type: 'OnDelete' } }
const variable = (value: string, name = 'FELIX_IPTABLESBACKEND') => ({ name, value })
const node = nodeObject('False', 'a')

/** Its remedies, those of the rule where it has none of its own. */
function remediesOf(rule: Rule, object: JsonRecord, facts: Partial<AllFacts> = {}, world: World = { settings: nft }) {
  return findingsOf(rule, object, { ...world, facts }).map(({ remedy = rule.remedy }) => remedy)
}

const lines = (change: Partial<CalicoCluster>, policy?: Backend) =>
  adviceOf(nodeRowsOf(calicoCluster(change)), policy).map(({ text }) => text)

function doctorOf(
  object: JsonRecord,
  policy: string | undefined,
  mutating: CalicoFacts['mutating'] = registered().mutating
) {
  const rules = [calicoUpdateStrategy, calicoIptablesBackend]
  const known = { namespaces: [], felixConfigurations: [] }
  const calicoView = policy === undefined ? undefined : calicoViewOf(policyFrom(policy), rules, known)
  const daemonSets = [object]
  return calicoChecks({ daemonSets, mutating, calicoView }).map(({ level, remedy = '' }) => `${level} ${remedy}`)
}

const felixConfigurationObject = (name: string, iptablesBackend?: string): JsonRecord => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'FelixConfiguration',
  metadata: { name },
  spec: iptablesBackend === undefined ? {} : { iptablesBackend }
})

/** A text, and what shows that following it helps. */
interface Entry {
  /** As it stands in the source; … is where a value is put in. */
  readonly text: string
  /** As it is printed, where that is not how it stands in the source. */
  readonly says?: RegExp
  /** Names of tests of this file of test/e2e, which run it as it is printed. */
  readonly e2e?: readonly string[]
  follow?(t: Test, begins: RegExp): void
}

/** Two nodes that need NFT, and one that needs Legacy. */
const unlike = {
  nodes: [
    { name: 'a', osImage: debian, kernel: '' },
    { name: 'b', osImage: debian, kernel: '' },
    { name: 'old', osImage: el7, kernel: '' }
  ],
  pods: ['a', 'b', 'old'].map((name) => felixPod(name))
}
const talos = 'Talos (v1.9)'
const saidPerNode: FelixSettings[] = [felixSettings('default', 'NFT'), felixSettings('node.old', 'Legacy')]

/** The rule about nodes: what it says of a row before, and nothing after. */
const nodeEntry = (text: string, before: NodeRow, ...after: readonly [NodeRow, Backend?][]): Entry => ({
  text,
  follow(t, begins) {
    t.match(remediesOf(calicoNodeBackend, node, { felixNode: before })[0], begins)
    for (const [felix, policy] of after) {
      const world = { settings: policy === undefined ? {} : { calico: { iptablesBackend: policy } } }
      t.strictSame(remediesOf(calicoNodeBackend, node, { felixNode: felix }, world), [])
    }
  }
})

/** What `pidguard calico` says of a cluster before, and no more after. */
const adviceEntry = (
  [text, says]: readonly [string, RegExp],
  before: readonly [Partial<CalicoCluster>, Backend?],
  ...after: readonly (readonly [Partial<CalicoCluster>, Backend?])[]
): Entry => ({
  text,
  says,
  follow(t, begins) {
    const found = (world: typeof before) => lines(...world).filter((line) => begins.test(line))
    t.equal(found(before).length, 1, lines(...before).join('\n'))
    for (const world of after) t.strictSame(found(world), [])
  }
})

const entries: readonly Entry[] = [
  {
    text: 'Set spec.updateStrategy to {type: OnDelete}.',
    follow(t, begins) {
      t.match(remediesOf(calicoUpdateStrategy, calicoObject())[0], begins)
      t.strictSame(remediesOf(calicoUpdateStrategy, calicoObject({ spec: onDelete })), [])
    }
  },
  {
    text: 'Write it again when these nodes have free PIDs:',
    e2e: ['the rollout that it does: only where PIDs are known and free, one node after the other'],
    follow(t, begins) {
      const stored = calicoObject()
      const upgraded = (spec: JsonRecord = {}) => calicoObject({ container: { image: 'calico/node:v3.31.7' }, spec })
      const of = (object: JsonRecord, sketch: NodeSketch, oldObject = stored) =>
        remediesOf(
          calicoUpdateStrategy,
          object,
          { headroom: fleetOf({ a: sketch }).headroom },
          { settings: { calico: { updateStrategy: 'hold' } }, request: { operation: 'UPDATE', oldObject } }
        )
      const full = { host: [1000, 999] } as const
      t.match(of(upgraded(), full as unknown as NodeSketch)[0], begins)
      t.strictSame(of(upgraded(), {}), [], 'free again')
      t.strictSame(of(upgraded(onDelete), full as unknown as NodeSketch), [], 'with OnDelete it passes at once')
    }
  },
  {
    text: 'Set FELIX_IPTABLESBACKEND of container calico-node to what the nodes use',
    follow(t, begins) {
      t.match(remediesOf(calicoIptablesBackend, calicoObject())[0], begins)
      t.strictSame(remediesOf(calicoIptablesBackend, calicoObject({ env: [variable('NFT')] })), [])
      t.equal(
        mended([calicoUpdateStrategy, calicoIptablesBackend], calicoObject(), { settings: nft }).operations.length,
        2
      )
    }
  },
  {
    text: 'Set … of that container to',
    follow(t) {
      t.match(
        remediesOf(calicoIptablesBackend, otherFelixObject())[0],
        /^Set FELIX_IPTABLESBACKEND of that container to NFT/
      )
      t.strictSame(remediesOf(calicoIptablesBackend, otherFelixObject('NFT')), [])
    }
  },
  {
    text: 'Set spec.iptablesBackend of the FelixConfiguration named default to what the nodes use',
    e2e: ['the remedy for what an operator owns: a FelixConfiguration'],
    follow(t, begins) {
      const owned = calicoObject({ metadata: { ownerReferences: [tigeraOperator] } })
      t.match(remediesOf(calicoIptablesBackend, owned, { felixConfigurations: [] })[0], begins)
      const felixConfigurations = [felixSettings('default', 'NFT')]
      t.strictSame(remediesOf(calicoIptablesBackend, owned, { felixConfigurations }), [])
    }
  },
  {
    text: 'No single value fits these nodes: leave FELIX_IPTABLESBACKEND unset',
    e2e: ['nodes that no single value fits: the variable is not written; without theirs it is'],
    follow(t, begins) {
      const of = (...felixConfigurations: FelixSettings[]) =>
        remediesOf(calicoIptablesBackend, calicoObject(), { felixConfigurations })
      t.match(of(felixSettings('node.old', 'Legacy'))[0], begins)
      t.strictSame(of(...saidPerNode), [], 'default for most')
      const removed = { settings: nft, facts: { felixConfigurations: [] } }
      t.equal(mended([calicoUpdateStrategy, calicoIptablesBackend], calicoObject(), removed).fixedBy.length, 2)
    }
  },
  {
    text: 'Remove the variable;',
    follow(t) {
      const of = (...env: object[]) => remediesOf(calicoIptablesBackend, calicoObject({ env }))
      t.match(of(variable('NFT'), variable('x', 'FELIX_IPTABLES_BACKEND')), [/^Remove the variable;/])
      t.strictSame(of(variable('NFT')), [])
    }
  },
  {
    text: 'Keep the backend in one place, and remove it from the others.',
    follow(t, begins) {
      const of = (env: object[], ...felixConfigurations: FelixSettings[]) =>
        remediesOf(calicoBackendConflict, calicoObject({ env }), { felixConfigurations })
      t.match(of([variable('NFT')], felixSettings('default', 'Legacy'))[0], begins)
      t.strictSame(of([variable('NFT')], felixSettings('default')), [], 'in the variable')
      t.strictSame(of([], felixSettings('default', 'Legacy')), [], 'in default')
      const mode = [variable('Enabled', 'FELIX_NFTABLESMODE')]
      t.match(of(mode, felixSettings('default', undefined, 'Disabled')).length, 1)
    }
  },
  {
    text: 'Delete the old calico-node pods one by one',
    e2e: ['the rollout that it prints'],
    follow(t, begins) {
      const of = (...revisions: string[]) =>
        remediesOf(calicoRevisionDrift, calicoObject({ spec: onDelete }), {
          felixRevisions: { newest: 'b', pods: revisions.map((revision) => ({ node: 'a', revision })) }
        })
      t.match(of('a', 'b')[0], begins)
      t.strictSame(of('b', 'b'), [])
    }
  },
  {
    text: 'Where calico-node has FELIX_IPTABLESBACKEND, leave this as it is',
    follow(t, begins) {
      t.match(remediesOf(felixConfiguration, felixConfigurationObject('default'))[0], begins)
      t.strictSame(remediesOf(felixConfiguration, felixConfigurationObject('default', 'NFT')), [])
      const pinned = { namespace: 'kube-system', name: 'calico-node', isPinned: true, isFixed: true }
      t.strictSame(
        remediesOf(felixConfiguration, felixConfigurationObject('default'), { felixDaemonSets: [pinned] }),
        []
      )
    }
  },
  {
    text: 'Set spec.iptablesBackend to Legacy or NFT, as the nodes use it.',
    follow(t, begins) {
      const owned = { namespace: 'calico-system', name: 'calico-node', isPinned: false, isFixed: false }
      const of = (value?: string) =>
        remediesOf(felixConfiguration, felixConfigurationObject('default', value), { felixDaemonSets: [owned] })
      t.match(of()[0], begins)
      t.strictSame(of('NFT'), [])
    }
  },
  nodeEntry(
    'Set spec.calico.iptablesBackend of the policy to what the nodes need',
    felixNode({ osImage: el7 }),
    [felixNode({ osImage: el7 }), 'Legacy'],
    [felixNode({ osImage: el7, configurations: [felixSettings('node.a', 'Legacy')] })],
    [felixNode({ osImage: debian, configurations: saidPerNode })]
  ),
  nodeEntry(
    'Run iptables --version on the node before the policy is enforced',
    felixNode({ osImage: talos, seen: 'Legacy' }),
    [felixNode({ osImage: talos, seen: 'Legacy' }), 'Legacy'],
    [felixNode({ osImage: talos, seen: 'NFT', value: 'NFT' }), 'NFT']
  ),
  nodeEntry(
    'Set the backend of the node to NFT',
    felixNode({ osImage: 'AlmaLinux 10.0', value: 'Legacy' }),
    [felixNode({ osImage: 'AlmaLinux 10.0', value: 'NFT' }), 'NFT'],
    [felixNode({ osImage: 'AlmaLinux 10.0', configurations: [felixSettings('node.a', 'NFT')] }), 'NFT']
  ),
  nodeEntry('Set the backend to what the node needs, then drain', felixNode({ osImage: debian, seen: 'Legacy' }), [
    felixNode({ osImage: debian, value: 'NFT', seen: 'NFT' }),
    'NFT'
  ]),
  {
    text: '…: where that is another backend, drain and reboot the node',
    e2e: ['the rollout that it prints'],
    follow(t) {
      const of = (revision: string) =>
        rolloutSteps({
          pods: [felixPod('a', revision)],
          newest: new Map([['kube-system/calico-node', 'new']]),
          backends: new Map()
        })
      t.match(of('old'), [{ afterwards: /where that is another backend, drain and reboot the node, or flush/ }])
      t.strictSame(of('new'), [], 'nothing is left to do')
    }
  },
  ...['kubectl get pods -n …', 'kubectl delete pod -n', 'kubectl wait -n'].map((text) => ({
    text,
    e2e: ['the rollout that it prints']
  })),
  {
    text: '…. pidguard top pods --node',
    e2e: ['the rollout that it does: only where PIDs are known and free, one node after the other']
  },
  {
    text: 'Its repair was undone twice, so pidguard repairs it no more',
    e2e: ['a fight: it stops after two writes, and ends when the manifest says the same']
  },
  {
    text: 'Write updateStrategy OnDelete and FELIX_IPTABLESBACKEND into your manifest or chart',
    e2e: ['mutate --write on a manifest: then validate finds nothing']
  },
  {
    text: 'pidguard calico rollout --run replaces them, node by node.',
    e2e: ['the rollout that it does: only where PIDs are known and free, one node after the other']
  },
  {
    text: 'See policy above.',
    follow(t) {
      t.strictSame(doctorOf(felixObject('NFT'), undefined), ['warn See policy above.'])
      t.notMatch(doctorOf(felixObject('NFT'), '  calico: {iptablesBackend: NFT}').join('\n'), 'See policy')
    }
  },
  { text: 'kubectl annotate --overwrite …', e2e: ['doctor: a write that is fixed'] },
  { text: 'kubectl rollout restart …', e2e: ['doctor with hold: a write that restarts'] },
  {
    text: 'Set spec.calico.iptablesBackend of the policy to what the nodes use, Legacy or NFT.',
    follow(t) {
      const pinned = mended([calicoUpdateStrategy, calicoIptablesBackend], felixObject(), { settings: nft }).object
      t.match(doctorOf(pinned, ''), [/^info Set spec\.calico\.iptablesBackend of the policy/])
      t.strictSame(doctorOf(pinned, '  calico: {iptablesBackend: NFT}'), ['ok '])
      t.match(doctorOf(pinned, '  calico: {iptablesBackend: NFT}', []), [/^warn kubectl apply -k/])
    }
  },
  adviceEntry(
    [
      '…: no single value fits. Leave spec.calico.iptablesBackend of the policy unset, set',
      /^The policy says NFT, and old .*: no single value fits\. Leave/
    ],
    [unlike, 'NFT'],
    [{ ...unlike, configurations: saidPerNode }],
    [{ ...unlike, configurations: saidPerNode }, 'NFT']
  ),
  adviceEntry(
    ['…. No node is known to need', /^The policy says NFT, and old .*\. No node is known to need NFT: set/],
    [{ nodes: unlike.nodes.slice(2), pods: unlike.pods.slice(2) }, 'NFT'],
    [{ nodes: unlike.nodes.slice(2), pods: unlike.pods.slice(2) }, 'Legacy']
  ),
  adviceEntry(
    ['The policy says …, and Felix was seen to use', /^The policy says NFT, and Felix was seen to use Legacy on a/],
    [{ nodes: [{ name: 'a', osImage: talos, kernel: '' }], seen: new Map([['a', 'Legacy']]) }, 'NFT'],
    [{ nodes: [{ name: 'a', osImage: talos, kernel: '' }], seen: new Map([['a', 'Legacy']]) }, 'Legacy'],
    [{ nodes: [{ name: 'a', osImage: talos, kernel: '' }], seen: new Map([['a', 'NFT']]) }, 'NFT']
  ),
  adviceEntry(
    ['Felix is set to Legacy on', /^Felix is set to Legacy on a/],
    [{ nodes: [{ name: 'a', osImage: 'AlmaLinux 10.0', kernel: '' }], daemonSets: [felixObject('Legacy')] }, 'NFT'],
    [{ nodes: [{ name: 'a', osImage: 'AlmaLinux 10.0', kernel: '' }], daemonSets: [felixObject('NFT')] }, 'NFT']
  ),
  adviceEntry(
    ['Felix was seen to use … on', /^Felix was seen to use Legacy on b/],
    [{ daemonSets: [felixObject('NFT')], seen: new Map([['b', 'Legacy']]) }, 'NFT'],
    [{ daemonSets: [felixObject('NFT')], seen: new Map([['b', 'NFT']]) }, 'NFT']
  ),
  adviceEntry(
    ['… would need …, … …: no single value fits.', /^2 nodes would need NFT, old .*: no single value fits/],
    [{ ...unlike, daemonSets: [felixObject('NFT')] }],
    [{ ...unlike, configurations: saidPerNode }]
  ),
  adviceEntry(
    ['What the nodes need is not known by their operating systems', /^What the nodes need is not known/],
    [{ nodes: [{ name: 'a', osImage: talos, kernel: '' }] }],
    [{ nodes: [{ name: 'a', osImage: talos, kernel: '' }] }, 'NFT']
  ),
  adviceEntry(
    [' Look first at …', / Look first at b, of which it is not known/],
    [{ nodes: [...unlike.nodes.slice(0, 1), { name: 'b', osImage: talos, kernel: '' }] }],
    [{ nodes: [...unlike.nodes.slice(0, 1), { name: 'b', osImage: talos, kernel: '' }] }, 'NFT']
  ),
  adviceEntry(['… would need …: set spec', /^All 2 nodes would need NFT: set/], [{}], [{}, 'NFT']),
  adviceEntry(
    ['Felix runs in container … on', /^Felix runs in container policy of kube-system\/terway on a/],
    [{ pods: undefined, daemonSets: [otherFelixObject()] }, 'NFT'],
    [{ pods: undefined, daemonSets: [otherFelixObject('NFT')] }, 'NFT']
  ),
  adviceEntry(
    ['calico-node runs an old revision on', /^calico-node runs an old revision on a/],
    [{ daemonSets: [felixObject('NFT')], pods: [felixPod('a', 'old'), felixPod('b')] }, 'NFT'],
    [{ daemonSets: [felixObject('NFT')] }, 'NFT']
  )
]

const folders = ['src/rules', 'src/calico', 'src/leader/calico', 'src/kubernetes/calico']
const files = [
  ...folders.flatMap((folder) => readdirSync(join(projectFolder, folder)).map((file) => `${folder}/${file}`)),
  'src/doctor/calico-checks.ts',
  'src/report/calico-advice.ts'
].filter((file) => file.endsWith('.ts') && !/^src\/rules\/(?!calico|felix)/.test(file))
const literal = /'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)"/g
/** What is put into a text; it may have texts of its own, with values of theirs. */
const filledIn = /\$\{(?:[^{}]|\{[^}]*\})*\}/g
/** Where a sentence tells its reader to do something. */
const instruction =
  /(?:^|[.:;,(] ?|# |, or )(?:[Ss]et|[Rr]un|[Dd]elete|[Dd]rain|[Kk]eep|[Ll]eave|[Rr]emove|[Rr]estart|[Rr]aise|Write|Look|See|kubectl|pidguard|flush|iptables --version)\b/

/** Texts that tell to do something, as they stand in the sources, without comments. */
const texts = files.flatMap((file) => {
  const source = readFileSync(join(projectFolder, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  return [...source.matchAll(literal)]
    .map(([, ...kinds]) => (kinds.find((text) => text !== undefined) ?? '').replace(filledIn, '…'))
    .filter((text) => text.length > 16 && instruction.test(text))
    .map((text) => ({ file, text }))
})

/** Commands of docs/calico.md: lines of their own, and those within a sentence that have an argument. */
const page = readFileSync(join(projectFolder, 'docs/calico.md'), 'utf8')
const commands = [...page.matchAll(/^ {4}((?:kubectl|pidguard) .*)$|`((?:kubectl|pidguard) [^`]+)`/gm)].map(
  ([, line, inText]) => line ?? inText ?? ''
)

/** Who runs them as they stand there; names of objects may be others. */
const commandTests: Readonly<Record<string, readonly string[]>> = {
  'pidguard calico': ['the rollout that it prints'],
  'pidguard calico --policy new.yaml': ['a policy that contradicts a node is found before it is enforced'],
  'pidguard audit --policy new.yaml': ['a policy that contradicts a node is found before it is enforced'],
  'kubectl annotate --overwrite -n kube-system daemonset calico-node pidguard.io/checked="$(date)"': [
    'doctor: a write that is fixed'
  ],
  'pidguard audit': ['a policy that contradicts a node is found before it is enforced'],
  'pidguard doctor': ['doctor: a write that is fixed'],
  'pidguard calico rollout --run': [
    'the rollout that it does: only where PIDs are known and free, one node after the other'
  ],
  'pidguard mutate --write calico.yaml': ['mutate --write on a manifest: then validate finds nothing'],
  'kubectl rollout restart': ['doctor with hold: a write that restarts'],
  // It is said to refuse.
  'kubectl rollout status': ['who waits for the rollout']
}

const entryOf = (text: string) => entries.find((entry) => text.includes(entry.text) && text.indexOf(entry.text) <= 90)

/** Says what is so and asks for nothing: `limits` of rules, and where sources keep the backend. */
const isNoRemedy = (text: string) =>
  /^(It (does not|compares)|OnDelete has a price|The variables of|What a node needs is known|Or one apply)/.test(text)

t.test('every text that tells to do something has an entry, and every entry a text', async (t) => {
  t.ok(texts.length > 30, 'the sources are found')
  for (const { file, text } of texts)
    t.ok(isNoRemedy(text) || entryOf(text) !== undefined, `${file}: ${text.slice(0, 100)}`)
  for (const entry of entries)
    t.ok(
      texts.some(({ text }) => entryOf(text) === entry),
      entry.text
    )
})

t.test('the exemption that docs/calico.md has lets RollingUpdate stay, and no other rule goes', async (t) => {
  const [, text = ''] = /```yaml\n(exemptions:[\s\S]*?)```/.exec(page) ?? []
  const spec = `  calico: {iptablesBackend: NFT}\n${text.replaceAll(/^/gm, '  ')}`
  const doctor = (policy: string) => doctorOf(felixObject('NFT'), policy)
  t.match(doctor('  calico: {iptablesBackend: NFT}'), [/^warn kubectl annotate/], 'RollingUpdate is found without it')
  t.strictSame(doctor(spec), ['ok '])
  t.match(doctorOf(felixObject('auto'), spec).join('\n'), /^warn /)
})

const e2e = readFileSync(join(projectFolder, 'test/e2e/calico-keeper.test.ts'), 'utf8')

t.test('every command of docs/calico.md is run', async (t) => {
  t.strictSame([...new Set(commands)].sort(), Object.keys(commandTests).sort())
  for (const name of Object.values(commandTests).flat()) t.ok(e2e.includes(`'${name}'`), name)
})

for (const entry of entries) {
  t.test(entry.text, async (t) => {
    t.ok(entry.follow !== undefined || (entry.e2e ?? []).length > 0, 'it is followed')
    for (const name of entry.e2e ?? []) t.ok(e2e.includes(`'${name}'`), name)
    entry.follow?.(t, entry.says ?? new RegExp(`^${entry.text.replace(/[.*+?^$()[\]{}|\\]/g, '\\$&')}`))
  })
}
