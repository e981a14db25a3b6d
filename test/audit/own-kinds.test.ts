import t from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { auditOf, auditOfDump, runningPod } from '../support/audit-run.ts'

const policy = `  podTemplates:
  - {group: example.com, kind: Widget, template: /spec/parts/*/template, replicas: /spec/size}
  - {group: example.com, kind: Gadget, podSpec: /spec/pod}`

const requests = { resources: { requests: { cpu: '1' } } }
const container = { name: 'app', image: 'example.com/app:1' }

function widget(name: string, ...specs: readonly unknown[]): JsonRecord {
  const parts = specs.map((spec) => ({ template: { metadata: { labels: { app: name } }, spec } }))
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace: 'shop' }, spec: { parts } }
}

void t.test('templates of own kinds are checked in a cluster, each finding at its place in the object', async (t) => {
  const objects = [
    widget('bad', { containers: [{ ...container, ...requests }] }, { containers: [container] }),
    widget('good', { containers: [{ ...container, ...requests }] }),
    widget('none')
  ]
  const report = await auditOf({ objects, policy })
  t.match(
    report.findings.filter(({ ruleId }) => ruleId === 'best-effort'),
    [
      {
        object: { apiVersion: 'example.com/v1', kind: 'Widget', namespace: 'shop', name: 'bad' },
        pointer: '/spec/parts/1/template/spec/containers/0/resources',
        level: 'deny',
        children: 0
      }
    ]
  )
  t.equal(report.summary.checked, 2, 'objects, not templates')
  t.strictSame(report.gaps, [])
})

void t.test('findings of its pods are reported with it', async (t) => {
  const pod = runningPod('bad-0')
  const owner = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'bad', uid: 'w', controller: true }
  const owned = { ...pod, metadata: { ...(pod['metadata'] as JsonRecord), ownerReferences: [owner] } }
  const { findings } = await auditOf({ objects: [widget('bad', { containers: [container] }), owned], policy })
  t.match(
    findings.filter(({ ruleId }) => ruleId === 'best-effort'),
    [{ object: { kind: 'Widget', name: 'bad' }, children: 1 }]
  )
})

void t.test('a kind that may not be listed is a gap, one that is not served a note; neither is passed', async (t) => {
  const report = await auditOf({ objects: [], policy, forbidden: ['Widget'], unserved: ['Gadget'] })
  t.match(report.gaps, [{ part: 'widget', reason: 'forbidden' }])
  t.equal(report.exitCode, 4)
  t.match(report.notes, ['podTemplates of the policy: the cluster serves no Gadget of example.com'])
})

void t.test('what the API server would refuse, and pods elsewhere, are gaps of their object', async (t) => {
  const gadget = (name: string, spec: JsonRecord) => ({
    apiVersion: 'example.com/v2',
    kind: 'Gadget',
    metadata: { name, namespace: 'shop' },
    spec
  })
  const objects = [
    gadget('empty', { pod: { containers: [] } }),
    gadget('odd', { pod: { containers: 7 } }),
    gadget('unit', { pod: { containers: [{ ...container, resources: { requests: { memory: '512MB' } } }] } }),
    gadget('moved', { deep: { containers: [container] } }),
    gadget('without', { size: 3 })
  ]
  const report = await auditOf({ objects, policy })
  t.strictSame(
    report.gaps.map(({ part, reason, detail }) => [part, reason, detail.replace(/; is .*/, '')]),
    [
      ['Gadget shop/empty', 'malformed', '/spec/pod/containers: expected at least one container, found an empty list'],
      ['Gadget shop/moved', 'malformed', '/spec/pod: expected a pod template, found nothing'],
      ['Gadget shop/odd', 'malformed', '/spec/pod/containers: expected a list, found a number'],
      [
        'Gadget shop/unit',
        'malformed',
        '/spec/pod/containers/0/resources/requests/memory: expected a quantity such as 64Mi, found "512MB"'
      ]
    ]
  )
  t.strictSame(report.findings, [])
})

void t.test('in files every kind is checked that pidguard knows by itself, too', async (t) => {
  const rollout = (spec: JsonRecord) =>
    JSON.stringify({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'web' }, spec })
  const bad = await auditOfDump({ files: { 'a.json': rollout({ template: { spec: { containers: [container] } } }) } })
  t.match(
    bad.findings.filter(({ ruleId }) => ruleId === 'best-effort'),
    [{ object: { kind: 'Rollout', name: 'web' }, pointer: '/spec/template/spec/containers/0/resources' }]
  )
  const referring = await auditOfDump({
    files: { 'a.json': rollout({ workloadRef: { kind: 'Deployment', name: 'x' } }) }
  })
  t.strictSame([referring.findings, referring.gaps.filter(({ reason }) => reason === 'malformed')], [[], []])
})

void t.test('a kind in no namespace has none, and what LimitRanges give its pods is not known', async (t) => {
  const { metadata, ...hall } = widget('hall', { containers: [container] })
  const objects = [{ ...hall, metadata: { name: 'hall' } }]
  const report = await auditOf({ objects, policy, clusterWide: ['Widget'] })
  t.match(
    report.findings.filter(({ ruleId }) => ruleId === 'best-effort'),
    [{ object: { kind: 'Widget', namespace: '', name: 'hall' }, level: 'warn' }]
  )
  const task = {
    apiVersion: 'tekton.dev/v1',
    kind: 'ClusterTask',
    metadata: { name: 't' },
    spec: { steps: [container] }
  }
  const files = await auditOfDump({ files: { 'a.json': JSON.stringify(task) } })
  t.match(
    files.findings.filter(({ ruleId }) => ruleId === 'best-effort'),
    [{ object: { kind: 'ClusterTask', namespace: '', name: 't' }, level: 'warn' }]
  )
})

void t.test('a kind of the same name as one of Kubernetes, or of another group, is another', async (t) => {
  const template = { spec: { containers: [container] } }
  const of = (apiVersion: string) => ({
    apiVersion,
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: {}, template }
  })
  const files = { 'a.json': JSON.stringify(of('apps/v1')), 'b.json': JSON.stringify(of('example.com/v1')) }
  const own = '  podTemplates: [{group: example.com, kind: Deployment, template: /spec/template}]'
  const { findings } = await auditOfDump({ files, policy: own })
  t.strictSame(
    findings.filter(({ ruleId }) => ruleId === 'best-effort').map(({ object }) => object.apiVersion),
    ['apps/v1', 'example.com/v1']
  )
})
