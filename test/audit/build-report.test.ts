import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { verdictOf } from '../../src/report/audit/headline.ts'
import { renderAuditHtml } from '../../src/report/audit/html/page.ts'
import { renderAuditText } from '../../src/report/audit/text.ts'
import { auditOf, type ClusterSketch, goodConfig, runningPod } from '../support/audit-run.ts'
import { nodeObject } from '../support/nodes.ts'
import { calicoObject, tigeraOperator, workloadObject } from '../support/subjects.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../manifests/audit.schema.json'), 'utf8'))
const isValid = new Ajv2020({ formats: { 'date-time': true } }).compile(schema)

const fine = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }
const clean: ClusterSketch = {
  objects: [
    nodeObject(),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    workloadObject('apps/v1/Deployment', { containers: [{ name: 'app', resources: fine }] }, {}, { namespace: 'shop' }),
    runningPod('web-1', { deployment: 'web', resources: fine })
  ],
  readings: { 'node-a': { pods: new Map([['uid of web-1', 12]]) } },
  configs: { 'node-a': goodConfig },
  policy: '  rules: {node-pid-reservation: off, pid-annotations: off}'
}

function told({ findings }: AuditReport): string[] {
  return findings.map(({ level, ruleId, object, children }) => {
    return `${level} ${ruleId} ${object.kind} ${object.namespace}/${object.name} ${children}`
  })
}

t.test('a clean cluster: nothing found, nothing missed, exit code 0, and as its schema says', async (t) => {
  const report = await auditOf(clean)
  t.strictSame(told(report), [])
  t.strictSame([report.gaps, report.skips, report.faults], [[], [], []])
  t.equal(report.exitCode, 0)
  t.match(report.summary, { nodes: 1, nodesRead: 1, pods: 1, podsRead: 1, namespaces: 1, checked: 3 })
  const judged = Object.fromEntries(report.summary.checkedByRule.map(({ ruleId, objects }) => [ruleId, objects]))
  t.match(judged, { 'best-effort': 2, 'node-pid-max': 1, 'pod-thread-outlier': 1 }, 'asked, and fine')
  t.match(judged, { 'node-pid-reservation': 0, 'calico-update-strategy': 0 }, 'off, or nothing there for it')
  t.ok(isValid(JSON.parse(JSON.stringify(report))), JSON.stringify(isValid.errors))
})

t.test('a controller and its pods are one finding, with the count of its pods', async (t) => {
  const report = await auditOf({
    objects: [
      workloadObject('apps/v1/Deployment', {}, {}, { namespace: 'shop' }),
      runningPod('web-1', { deployment: 'web' }),
      runningPod('web-2', { deployment: 'web' }),
      runningPod('web-3', { deployment: 'web', resources: fine }),
      runningPod('web-0', { deployment: 'web', phase: 'Succeeded' })
    ]
  })
  const [finding, ...others] = report.findings.filter(({ ruleId }) => ruleId === 'best-effort')
  t.equal(others.length, 0)
  t.match(finding, {
    level: 'deny',
    object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
    pointer: '/spec/template/spec/containers/0/resources',
    children: 2
  })
})

t.test('pods whose controller is not among what could be read are told of it all the same', async (t) => {
  const report = await auditOf({
    objects: [runningPod('web-1', { deployment: 'web' }), runningPod('lone')],
    forbidden: ['Deployment']
  })
  t.match(
    told(report).filter((line) => line.includes('best-effort')),
    ['deny best-effort Pod shop/lone 0', 'deny best-effort Deployment shop/web 1'].sort()
  )
  const web = report.findings.find(({ object }) => object.name === 'web')
  t.match(web, { object: { apiVersion: 'apps/v1' }, pointer: '/spec/containers/0/resources' })
})

t.test('what the webhook would fix is reported as change, until the object is written again', async (t) => {
  const objects = [calicoObject()]
  const policy = '  calico: {iptablesBackend: NFT}'
  const report = await auditOf({ objects, policy })
  t.strictSame(told(report), [
    'change calico-update-strategy DaemonSet kube-system/calico-node 0',
    'change calico-iptables-backend DaemonSet kube-system/calico-node 0'
  ])
  t.equal(report.exitCode, 1)
  t.equal((await auditOf({ objects, policy }, { failOn: 'warn' })).exitCode, 0)
  const silent = await auditOf({ objects })
  t.match(
    told(silent),
    ['warn calico-iptables-backend', 'change calico-update-strategy'].map((text) => new RegExp(text))
  )
})

t.test('kinds that may not be read are told, and the exit code tells it from a clean cluster', async (t) => {
  const report = await auditOf({ ...clean, forbidden: ['StatefulSet', 'LimitRange'] })
  t.match(report.gaps, [
    { part: 'limitranges', reason: 'forbidden', nodes: null },
    { part: 'statefulsets', reason: 'forbidden', nodes: null }
  ])
  t.equal(report.exitCode, 4)
  t.equal((await auditOf({ ...clean, forbidden: ['StatefulSet'] }, { failOn: 'never' })).exitCode, 0)
  t.equal((await auditOf({ objects: [runningPod('lone')], forbidden: ['StatefulSet'] })).exitCode, 1, 'findings first')
})

t.test('without LimitRanges nobody knows what a template becomes: a warning', async (t) => {
  const objects = [workloadObject('apps/v1/Deployment', {}, {}, { namespace: 'shop' })]
  const levelOf = (report: AuditReport) => report.findings.find(({ ruleId }) => ruleId === 'best-effort')?.level
  t.equal(levelOf(await auditOf({ objects })), 'deny')
  t.equal(levelOf(await auditOf({ objects, forbidden: ['LimitRange'] })), 'warn')
})

t.test('a node that could not be read is a gap, and its rules are skipped', async (t) => {
  const report = await auditOf({ ...clean, readings: {} })
  t.match(report.gaps, [{ part: 'node readings', reason: 'timeout', nodes: 1 }])
  t.strictSame(
    report.skips.map(({ ruleId, reason }) => `${ruleId}: ${reason}`),
    [
      'node-cgroup-driver: node not read',
      'node-kubepods-drift: node not read',
      'node-pid-max: node not read',
      'node-pid-usage: node not read',
      'node-unit-limit: node not read',
      'pod-pid-limit: node not read',
      'pod-thread-outlier: node not read'
    ]
  )
  t.match(report.nodes, [{ node: 'node-a', host: { limit: null }, free: null, missing: [/timeout/] }])
  t.equal(report.exitCode, 4)
})

t.test('a reading too old to trust is none', async (t) => {
  const at = Date.parse('2026-11-21T09:58:59Z')
  const report = await auditOf({ ...clean, readings: { 'node-a': { at } } })
  t.match(report.gaps, [{ part: 'node readings', detail: 'the reading is 61 s old, the policy trusts 60 s' }])
  t.equal(report.summary.nodesRead, 0)
})

t.test('nodes that hang cost no figures of those that answered: age counts when a reading arrives', async (t) => {
  const names = ['node-a', 'hangs-1', 'hangs-2', 'hangs-3']
  const objects = [...clean.objects, ...names.slice(1).map((name) => nodeObject('False', name))]
  const report = await auditOf({ ...clean, objects, perNode: 40_000, policy: '  headroom: {maxAge: 60s}' })
  t.equal(report.summary.nodesRead, 1)
  t.match(report.nodes[0], { node: 'node-a', age: 125_000 }, 'how old it is by now is shown')
  t.match(report.gaps, [{ part: 'node readings', reason: 'timeout', nodes: 3 }])
})

t.test('kubelets whose configuration may not be read: told once, and rules judge by what else is known', async (t) => {
  const same = { limit: 4_194_304, inUse: 1 }
  const report = await auditOf({
    ...clean,
    configs: {},
    readings: { 'node-a': { host: same, kubepods: same } },
    policy: ''
  })
  t.match(report.gaps, [{ part: 'nodes/configz', reason: 'forbidden', nodes: 1 }])
  t.match(told(report), [/^audit node-pid-reservation Node \/node-a 0$/])
  t.ok(report.skips.some(({ ruleId }) => ruleId === 'node-pid-eviction'))
})

const withoutConfigRules = ['kubepods-drift', 'pid-eviction', 'pod-pids-limit', 'pid-reservation']
  .map((rule) => `node-${rule}: off`)
  .join(', ')

t.test('no kubelet is asked how it is configured for rules that the policy turns off', async (t) => {
  const policy = `  rules: {${withoutConfigRules}, pid-annotations: off}`
  const report = await auditOf({ ...clean, configs: {}, policy })
  t.strictSame([report.gaps, report.skips, report.exitCode], [[], [], 0])
  const one = await auditOf({
    ...clean,
    configs: {},
    policy: policy.replace('node-pid-eviction: off, ', '')
  })
  t.match(one.gaps, [{ part: 'nodes/configz' }])
})

t.test('where nobody could be asked that is a note, and what needs it is skipped all the same', async (t) => {
  const noConfigs = 'Prometheus does not tell'
  const rest = '  rules: {node-pid-reservation: off, node-pod-pids-limit: off, pid-annotations: off}'
  const report = await auditOf({ ...clean, configs: {}, noConfigs, policy: rest })
  t.strictSame(report.gaps, [])
  t.strictSame(report.notes, ['nodes/configz not read: Prometheus does not tell'])
  t.ok(report.skips.some(({ ruleId }) => ruleId === 'node-pid-eviction'))
  t.equal(report.exitCode, 4)
  t.match(report.nodes, [{ kubelet: null, missing: [/HTTP 403/] }], 'each node says so')
  const policy = `  rules: {${withoutConfigRules}, pid-annotations: off}`
  const off = await auditOf({ ...clean, configs: {}, noConfigs, policy })
  t.strictSame([off.notes, off.exitCode], [[], 0], 'and nothing where nothing needs it')
})

t.test('the drill: who explodes comes first, the ceiling nobody knew of second', async (t) => {
  const report = await auditOf({
    objects: [
      nodeObject(),
      ...['boom-1', 'boom-2', 'boom-3'].map((name) => runningPod(name, { deployment: 'boom', resources: fine }))
    ],
    readings: {
      'node-a': {
        host: { limit: 32_768, inUse: 1_197 },
        kubepods: { limit: 1_500, inUse: 1_006 },
        pods: new Map([
          ['uid of boom-1', 490],
          ['uid of boom-2', 502],
          ['uid of boom-3', 1]
        ])
      }
    }
  })
  t.match(report.actions.slice(0, 2), [
    {
      ruleId: 'pod-thread-outlier',
      objects: 1,
      examples: [{ object: { kind: 'Deployment', name: 'boom' }, detail: /boom-2 holds 502 of 1500 .*33%/ }]
    },
    { ruleId: 'node-kubepods-drift', examples: [{ object: { kind: 'Node', name: 'node-a' } }] }
  ])
  t.equal(report.findings.find(({ ruleId }) => ruleId === 'pod-thread-outlier')?.children, 2)
  t.match(report.nodes[0], { tightest: 'kubepods', used: 1_006 / 1_500, biggest: { name: 'boom-2', pids: 502 } })
  t.match(report.pods, [{ name: 'boom-2', pids: 502 }, { name: 'boom-1' }, { name: 'boom-3' }])
  t.match(report.workloads, [{ kind: 'Deployment', name: 'boom', pids: 993, peak: 502, pods: 3 }])
  t.strictSame(report.summary.podSizes, [
    { from: 1, to: 1, pods: 1 },
    { from: 256, to: 511, pods: 2 }
  ])
})

const felixPod = (name: string, hash: string, node: string) => {
  const object = runningPod(name, { namespace: 'kube-system', node, resources: fine })
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', controller: true }]
  return {
    ...object,
    metadata: { ...(object['metadata'] as object), labels: { 'controller-revision-hash': hash }, ownerReferences }
  }
}
const revision = (revision: number, hash: string) => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: {
    name: `calico-node-${hash}`,
    namespace: 'kube-system',
    labels: { 'controller-revision-hash': hash },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', controller: true }]
  },
  revision
})
const felix: ClusterSketch = {
  objects: [
    calicoObject({
      spec: { updateStrategy: { type: 'OnDelete' } },
      env: [{ name: 'FELIX_IPTABLESBACKEND', value: 'NFT' }]
    }),
    revision(2, 'new'),
    revision(1, 'old'),
    felixPod('calico-node-1', 'new', 'node-a'),
    felixPod('calico-node-2', 'old', 'node-b'),
    {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'FelixConfiguration',
      metadata: { name: 'default' },
      spec: { iptablesBackend: 'Legacy' }
    }
  ],
  policy: '  calico: {iptablesBackend: NFT}'
}

t.test('Calico: pods left behind by OnDelete, and a backend said in several ways', async (t) => {
  const report = await auditOf(felix)
  const detailOf = (ruleId: string) => report.findings.find((finding) => finding.ruleId === ruleId)?.detail
  t.equal(detailOf('calico-revision-drift'), '1 of 2 pods, on node-b')
  t.match(detailOf('calico-backend-conflict'), /wins over FelixConfiguration default/)
  t.equal(detailOf('felix-configuration'), undefined, 'the variable decides: nothing to change there')
})

t.test('Calico: variable, FelixConfiguration and owner are read together', async (t) => {
  const base = (spec: object, apiVersion = 'crd.projectcalico.org/v1') => ({
    apiVersion,
    kind: 'FelixConfiguration',
    metadata: { name: 'default' },
    spec
  })
  const { policy } = felix as { policy: string }
  const rulesOf = async (...objects: object[]) => {
    const report = await auditOf({ objects: objects as never, policy })
    return report.findings.map(({ ruleId }) => ruleId).filter((id) => /calico|felix/.test(id))
  }
  const pinned = calicoObject({
    spec: { updateStrategy: { type: 'OnDelete' } },
    env: [{ name: 'FELIX_IPTABLESBACKEND', value: 'NFT' }]
  })
  t.strictSame(await rulesOf(pinned, base({ logSeverityScreen: 'Info' })), [], 'what pidguard has pinned is clean')
  const owned = calicoObject({ metadata: { namespace: 'kube-system', ownerReferences: [tigeraOperator] } })
  t.strictSame(await rulesOf(owned, base({ iptablesBackend: 'NFT', nftablesMode: 'Disabled' })), [])
  t.strictSame(await rulesOf(owned, base({})), ['calico-iptables-backend', 'felix-configuration'])
})

t.test('Calico: what could not be read is not taken for agreement', async (t) => {
  const forbidden = ['ControllerRevision', 'FelixConfiguration']
  const report = await auditOf({ ...felix, forbidden })
  const reasonOf = (ruleId: string) => report.skips.find((skip) => skip.ruleId === ruleId)?.reason
  t.equal(reasonOf('calico-revision-drift'), 'revisions not known')
  t.equal(reasonOf('calico-backend-conflict'), 'FelixConfigurations not known')
  t.equal(
    (await auditOf({ ...felix, forbidden: ['Pod'] })).skips.find(({ ruleId }) => ruleId === 'calico-revision-drift')
      ?.reason,
    'revisions not known'
  )
})

t.test('against an earlier report only what is new makes it fail', async (t) => {
  const lone = { objects: [runningPod('lone')] }
  const earlier = await auditOf(lone)
  const same = await auditOf(lone, { earlier })
  t.equal(same.exitCode, 4, 'only the node it runs on is not known')
  t.match(same.since, { new: 0, unchanged: earlier.findings.length, fixed: [] })
  const more = await auditOf({ objects: [runningPod('lone'), runningPod('other')] }, { earlier })
  t.equal(more.exitCode, 1)
  t.strictSame(
    more.findings
      .filter(({ ruleId }) => ruleId === 'best-effort')
      .map(({ object, change }) => `${object.name} ${change}`),
    ['lone unchanged', 'other new']
  )
  const fixed = await auditOf({ objects: [runningPod('lone', { resources: fine })] }, { earlier })
  t.ok(fixed.since?.fixed.some(({ ruleId }) => ruleId === 'best-effort'))
})

const busy = { limit: 60_000, inUse: 53_000 }
const outlier: ClusterSketch = {
  ...clean,
  readings: { 'node-a': { host: busy, kubepods: busy, pods: new Map([['uid of web-1', 52_999]]) } }
}

t.test('against an earlier report what could not be looked at is not fixed', async (t) => {
  const earlier = await auditOf(outlier)
  t.ok(told(earlier).includes('audit pod-thread-outlier Deployment shop/web 1'))
  const of = async (change: Partial<ClusterSketch>) => {
    const { since } = await auditOf({ ...clean, ...change }, { earlier })
    return since?.fixed.map(({ ruleId }) => ruleId).filter((ruleId) => ruleId === 'pod-thread-outlier')
  }
  t.strictSame(await of({ forbidden: ['Pod'] }), [], 'it stands under a Deployment, and is seen in its pods')
  t.strictSame(await of({ forbidden: ['Namespace'] }), [])
  t.strictSame(await of({ readings: {} }), [])
  t.strictSame(await of({ forbidden: ['StatefulSet'] }), ['pod-thread-outlier'])
})

t.test('against an earlier report a rule that failed has fixed nothing', async (t) => {
  const earlier = await auditOf({ objects: [calicoObject()] })
  const { since, faults } = await auditOf({ objects: [calicoObject({ env: [7] })] }, { earlier })
  t.ok(faults.some(({ ruleId }) => ruleId === 'calico-iptables-backend'))
  t.match(since, { fixed: [], unknown: 1 })
})

t.test('a pod of which nothing is known keeps nothing but what is found in its own workload', async (t) => {
  const earlier = await auditOf(outlier)
  const other = runningPod('other-1', { deployment: 'other', resources: fine })
  const { since, skips } = await auditOf({ ...clean, objects: [...clean.objects, other] }, { earlier })
  t.match(skips, [
    { ruleId: 'pod-pid-limit', objects: 1 },
    { ruleId: 'pod-thread-outlier', objects: 1 }
  ])
  t.ok(since?.fixed.some(({ ruleId }) => ruleId === 'pod-thread-outlier'))
})

t.test('a pod that is younger than what its node said lacks nothing', async (t) => {
  const status = { phase: 'Running', startTime: '2026-11-21T09:59:58Z' }
  const young = { ...runningPod('web-2', { deployment: 'web', resources: fine }), status }
  const report = await auditOf({ ...clean, objects: [...clean.objects, young] })
  t.strictSame([report.exitCode, report.skips], [0, []])
  t.match(report.summary, { pods: 2, podsRead: 1 }, 'it is a pod all the same')
})

t.test('an object that is not what its kind says is a gap, and hides no other', async (t) => {
  const broken = { ...runningPod('broken'), spec: { containers: 'none' } }
  const report = await auditOf({ objects: [broken, { kind: 'Node', apiVersion: 'v1' }, runningPod('lone')] })
  t.match(
    report.gaps.filter(({ reason }) => reason === 'malformed').map(({ part }) => part),
    ['Node', 'Pod shop/broken']
  )
  t.ok(told(report).includes('deny best-effort Pod shop/lone 0'))
})

t.test('a Pod that is to get its name later is judged under the beginning of it', async (t) => {
  const { metadata, ...rest } = runningPod('lone')
  const report = await auditOf({ objects: [{ ...rest, metadata: { generateName: 'load-', namespace: 'shop' } }] })
  t.ok(told(report).includes('deny best-effort Pod shop/load-* 0'))
  t.notOk(report.gaps.some(({ reason }) => reason === 'malformed'))
  t.equal(report.summary.pods, 1)
  const nameless = await auditOf({ objects: [{ ...rest, metadata: { namespace: 'shop' } }] })
  t.match(nameless.gaps[0], { part: 'Pod shop/', reason: 'malformed' })
})

t.test('exemptions count, and are told', async (t) => {
  const exemption = '{rules: [best-effort], namespaces: [shop], reason: A demo until spring, expires: 2027-01-01}'
  const report = await auditOf({ objects: [runningPod('lone')], policy: `  exemptions: [${exemption}]` })
  t.match(report.exempted, [{ ruleId: 'best-effort', reason: 'A demo until spring', objects: 1 }])
  t.notOk(report.findings.some(({ ruleId }) => ruleId === 'best-effort'))
})

t.test('the same cluster in another order makes the same report', async (t) => {
  const objects = [
    ...felix.objects,
    ...['c', 'a', 'b'].map((name) => runningPod(name, { deployment: 'web' })),
    nodeObject()
  ]
  const reading = {
    pods: new Map([
      ['uid of a', 1_000_000],
      ['uid of b', 2_000_000]
    ])
  }
  const sketch = { objects, readings: { 'node-a': reading } }
  t.strictSame(await auditOf({ ...sketch, objects: objects.toReversed() }), await auditOf(sketch))
})

t.test('nodes are asked in one go, or so many a second, but never until the first reading is too old', async (t) => {
  const spreads: number[] = []
  const objects = Array.from({ length: 40 }, (_, at) => nodeObject('False', `node-${at}`))
  const sketch = { objects, policy: '  headroom: {maxAge: 60s}', spread: (span: number) => void spreads.push(span) }
  await auditOf(sketch)
  await auditOf({ ...sketch, nodesPerSecond: 10 })
  await auditOf({ ...sketch, nodesPerSecond: 1 })
  t.strictSame(spreads, [0, 4_000, 30_000])
})

t.test('what is put in front of a list makes no finding new', async (t) => {
  const exporter = { name: 'exporter', image: 'quay.io/prometheus/node-exporter:v1.8.2', resources: fine }
  const other = { ...exporter, name: 'exporter-2' }
  const cluster = (containers: readonly object[], conditions: readonly object[]) => ({
    ...clean,
    objects: [
      { ...nodeObject(), status: { conditions } },
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'exporter', namespace: 'shop' },
        spec: { template: { spec: { containers } } }
      }
    ]
  })
  const pressure = { type: 'PIDPressure', status: 'True' }
  const earlier = await auditOf(cluster([exporter, other], [pressure]))
  const after = cluster(
    [{ name: 'proxy', image: 'proxy:1', resources: fine }, exporter, other],
    [{ type: 'Ready' }, pressure]
  )
  const { since, findings } = await auditOf(after, { earlier })
  const known = (ruleId: string) => findings.filter((one) => one.ruleId === ruleId).map(({ change }) => change)
  t.strictSame(known('node-exporter-processes'), ['unchanged', 'unchanged'])
  t.strictSame(known('node-pid-pressure'), ['unchanged'])
  t.match(since, { new: 0, fixed: [] })
  const fixed = await auditOf(cluster([other], [pressure]), { earlier })
  t.match(
    fixed.since?.fixed.filter(({ ruleId }) => ruleId === 'node-exporter-processes'),
    [{ field: '/spec/template/spec/containers/exporter/args' }]
  )
})

t.test('a Job that ends in a day is told of once, with its pod', async (t) => {
  const template = { spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] } }
  const pod = runningPod('migrate-20241115-x7k2p')
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'migrate-20241115', controller: true }
  const report = await auditOf({
    ...clean,
    objects: [
      nodeObject(),
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: owner.name, namespace: 'shop' }, spec: { template } },
      { ...pod, metadata: { ...(pod['metadata'] as object), ownerReferences: [owner] } }
    ]
  })
  t.match(told(report), [/^\S+ best-effort Job shop\/migrate-20241115 1$/])
})

t.test('a node is short from half way between audit.usage of the policy and full on', async (t) => {
  const headlineAt = async (inUse: number, usage: string) => {
    const ceiling = { limit: 1_000, inUse }
    const report = await auditOf({
      objects: [nodeObject()],
      readings: { 'node-a': { host: ceiling, kubepods: { limit: 4_000, inUse: 1 } } },
      policy: `  audit: {usage: ${usage}}\n  headroom: {floor: 0%}`
    })
    return verdictOf(report).headline.startsWith('Act now')
  }
  t.equal(await headlineAt(899, '80%'), false)
  t.equal(await headlineAt(900, '80%'), true)
  t.equal(await headlineAt(799, '60%'), false)
  t.equal(await headlineAt(800, '60%'), true)
  t.equal(await headlineAt(940, '90%'), false)
  t.equal(await headlineAt(950, '90%'), true)
})

t.test('a node without a ceiling, such as one of Windows, has no finding, no skip and no gap', async (t) => {
  const unlimited = { limit: Number.POSITIVE_INFINITY, inUse: undefined }
  const reading = {
    withoutCeiling: 'windows',
    host: unlimited,
    kubepods: unlimited,
    pods: undefined,
    gaps: []
  } as const
  const [first, ...rest] = clean.objects
  const metadata = { name: 'node-a', labels: { 'kubernetes.io/os': 'windows' } }
  const report = await auditOf({ objects: [{ ...first, metadata }, ...rest], readings: { 'node-a': reading } })
  t.strictSame([report.gaps, report.skips, told(report), report.exitCode], [[], [], [], 0])
  t.match(report.nodes, [{ withoutCeiling: 'windows', free: 'unlimited', missing: [] }])
  t.equal(report.summary.nodesRead, 1)
})

void t.test('pod-level resources are read as the API server of that version reads them', async (t) => {
  const resources = { requests: { cpu: '10m' } }
  const spec = { resources: {}, containers: [{ name: 'app', image: 'example.com/app:1', resources }] }
  const found = async (serverVersion?: number) => {
    const { findings } = await auditOf({
      objects: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop' }, spec }],
      ...(serverVersion === undefined ? undefined : { serverVersion })
    })
    return findings.filter(({ ruleId }) => ruleId === 'best-effort').length
  }
  t.strictSame([await found(33), await found(36), await found(37), await found()], [0, 1, 0, 1])
})

t.test('Calico: the backend of each node, what set it, and what is wrong with it', async (t) => {
  const metadata = { namespace: 'kube-system', name: 'calico-node' }
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', uid: 'u', controller: true }
  const felix = (node: string, hash: string) => {
    const pod = runningPod(`calico-${node}`, { node })
    const of = { ...(pod['metadata'] as object), namespace: 'kube-system', ownerReferences: [owner] }
    return { ...pod, metadata: { ...of, labels: { 'controller-revision-hash': hash } } }
  }
  const nodeOf = (name: string, osImage: string) => {
    const node = nodeObject('False', name)
    const nodeInfo = { osImage, kernelVersion: '5.14' }
    return { ...node, status: { ...(node['status'] as object), nodeInfo } }
  }
  const report = await auditOf({
    objects: [
      nodeOf('b', 'CentOS Linux 7 (Core)'),
      nodeOf('a', 'Debian GNU/Linux 12 (bookworm)'),
      calicoObject({ metadata }),
      felix('a', 'new'),
      felix('b', 'old'),
      {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: { ...metadata, labels: { 'controller-revision-hash': 'new' }, ownerReferences: [owner] },
        revision: 2
      },
      {
        apiVersion: 'crd.projectcalico.org/v1',
        kind: 'FelixConfiguration',
        metadata: { name: 'default' },
        spec: { iptablesBackend: 'NFT' }
      }
    ],
    policy: '  calico: {iptablesBackend: NFT}'
  })
  const common = { daemonSet: 'kube-system/calico-node', backend: 'NFT', setBy: 'default', seen: null, kernel: '5.14' }
  t.match(report.calico, [
    { ...common, node: 'a', revision: 'newest', needs: 'NFT' },
    { ...common, node: 'b', revision: 'old', needs: 'Legacy' }
  ])
  t.match(report.notes, [/^Calico: calico-node runs an old revision on b/])
  t.match(
    report.findings.filter(({ ruleId }) => ruleId === 'calico-node-backend'),
    [{ level: 'warn', object: { kind: 'Node', name: 'b' }, detail: /needs Legacy, the policy says NFT/ }]
  )
  t.equal(report.exitCode, 1, 'before the policy is enforced')
  t.ok(isValid(JSON.parse(JSON.stringify(report))), JSON.stringify(isValid.errors))
  t.match(renderAuditText(report), /^b +NFT +FelixConfiguration default +unknown +old +Legacy +CentOS/m)
  t.match(renderAuditHtml(report), 'id="calico"')
  t.strictSame((await auditOf(clean)).calico, [], 'without Calico there is nothing to say')
})
