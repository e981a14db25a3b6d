// What one command refuses, or names and does not check, the others refuse or name too, in the same words.
import t from 'tap'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { rules } from '../../src/rules/index.ts'
import { mutateFiles } from '../../src/validate/mutate-files.ts'
import { auditOfDump } from '../support/audit-run.ts'
import { memoryInputs, policyFrom, validateTexts } from '../support/files.ts'

const containers = '{containers: [{name: a, image: example.com/a:1}]}'
const template = `template: {metadata: {labels: {a: b}}, spec: ${containers}}`

function object(apiVersion: string, kind: string, spec = template): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\nspec: {${spec}}\n`
}

async function mutated(text: string): Promise<{ code: number; said: string[]; printed: string }> {
  const said: string[] = []
  let printed = ''
  const code = await mutateFiles(
    ['a.yaml'],
    { namespace: 'default', namespaceLabels: new Map(), show: 'text', quiet: true },
    {
      rules: new RuleIndex(rules),
      policy: policyFrom(),
      inputs: memoryInputs({ 'a.yaml': text }),
      print(part) {
        printed += part
      },
      say: (line) => said.push(line),
      write() {}
    }
  )
  return { code, said, printed }
}

const refused: Readonly<Record<string, string>> = {
  [object('apps/v1', 'Deployments')]: 'no API server serves Deployments of apps/v1; is Deployment meant?',
  [object('apps/v1', 'deployment')]: 'no API server serves deployment of apps/v1; is Deployment meant?',
  [object('app/v1', 'Deployment')]: 'no API server serves Deployment of app/v1; is the group apps meant?',
  [object('apps/v2', 'Deployment')]: 'no API server serves Deployment of apps/v2; is apps/v1 meant?',
  [object('v1', 'Deployment')]: 'no API server serves Deployment of v1; Deployment is of apps/v1',
  [object('batch', 'Job')]: 'no API server serves Job of batch; Job is of batch/v1',
  [object('"apps/v1 "', 'Deployment')]: 'no API server serves "apps/v1 ": expected a group, a slash and a version',
  [object('apps/v1', 'Rollout')]: 'no API server serves Rollout of apps/v1; Rollout is of the group argoproj.io',
  [object('v1', 'DeploymentConfig')]:
    'no API server serves DeploymentConfig of v1; DeploymentConfig is of the group apps.openshift.io',
  [object('apps/v1', 'Deployment', `tm${template}`)]:
    '/spec: expected template, which is missing; is tmtemplate meant to be template?',
  [object('apps/v1', 'Deployment', 'template: null')]: '/spec: expected template, which is missing',
  [object('apps/v1', 'DaemonSet', 'template: [1]')]: '/spec/template: expected an object, found a list',
  [object('v1', 'LimitRange', 'limits: [{type: Container, default: {memory: 512MB}}]')]:
    '/spec/limits/0/default/memory: expected a quantity such as 64Mi, found "512MB"; is 512M meant?',
  [object('v1', 'LimitRange', 'limits: [{default: {cpu: 1}}]')]:
    '/spec/limits/0/type: expected Container, Pod or PersistentVolumeClaim, found nothing',
  'kind: Pod\nmetadata: {name: x}\n': 'expected a Kubernetes object, found one without apiVersion',
  'apiVersion: [v1]\nkind: Pod\nmetadata: {name: x}\n': 'expected a Kubernetes object, found one without apiVersion',
  'replicas: 3\n': 'expected a Kubernetes object, found one without apiVersion and kind',
  '- a\n': 'expected a Kubernetes object, found a list',
  'apiVersion: v1\nkind: List\n': '/items: expected a list, found nothing',
  'apiVersion: v1\nkind: PodList\nitems: {a: b}\n': '/items: expected a list, found an object',
  'apiVersion: v1\nkind: List\nitems: [null]\n': 'expected a Kubernetes object, found null'
}

for (const [text, message] of Object.entries(refused)) {
  void t.test(`refused: ${message}`, async (t) => {
    const report = await validateTexts({ 'a.yaml': text })
    t.strictSame(
      report.problems.map((problem) => problem.message),
      [message]
    )
    t.equal(report.exitCode, 2)
    const { code, said, printed } = await mutated(text)
    t.equal(code, 2)
    t.ok(said.length === 1 && said[0]?.endsWith(`: ${message}`), said.join('\n'))
    t.equal(printed, text, 'and stays as it is')
    const { gaps, findings } = await auditOfDump({ files: { 'a.yaml': text } })
    t.ok(
      gaps.some(({ detail }) => detail.endsWith(message)),
      JSON.stringify(gaps)
    )
    t.strictSame(findings, [])
  })
}

const named: Readonly<Record<string, string>> = {
  [object('x.example.com/v1', 'Odd', `deep: [{er: ${containers}}]`)]:
    'Odd (x.example.com/v1), which seem to hold pods, of a kind that pidguard does not know',
  [object('x.example.com/v1', 'Init', 'initContainers: [{name: a, image: example.com/a:1}]')]:
    'Init (x.example.com/v1), which seem to hold pods, of a kind that pidguard does not know',
  [object('x.example.com/v1', 'One', 'container: {image: example.com/a:1}')]:
    'One (x.example.com/v1), which seem to hold pods, of a kind that pidguard does not know',
  [object('skaffold/v4beta6', 'Config', 'build: 1')]:
    'Config (skaffold/v4beta6): no API server serves a group without a dot',
  [object('tekton.dev/v1', 'TaskRun', 'taskRef: {name: t}')]:
    'TaskRun (tekton.dev/v1): its pod is that of a Task it names, or has the resources of the TaskRun'
}

for (const [text, kind] of Object.entries(named)) {
  void t.test(`named: ${kind}`, async (t) => {
    const note = `not checked: 1 ${kind}`
    const report = await validateTexts({ 'a.yaml': text })
    t.ok(report.notes.includes(note), report.notes.join('\n'))
    t.equal(report.exitCode, 0)
    t.strictSame(await mutated(text), { code: 0, said: [], printed: text })
    const { notes, gaps } = await auditOfDump({ files: { 'a.yaml': text } })
    t.ok(notes.includes(note), notes.join('\n'))
    t.notOk(gaps.some(({ part }) => part.includes('a.yaml')))
  })
}

void t.test(
  'an object of a kind that the policy names is checked, or a gap, and never named as not known',
  async (t) => {
    const policy = '  podTemplates: [{group: example.com, kind: Widget, template: /spec/template}]'
    const elsewhere = object('example.com/v1', 'Widget', `deep: ${containers}`)
    const { notes, gaps } = await auditOfDump({ files: { 'a.yaml': elsewhere }, policy })
    t.notOk(
      notes.some((note) => note.startsWith('not checked')),
      notes.join('\n')
    )
    t.match(
      gaps.filter(({ reason }) => reason === 'malformed'),
      [{ detail: '/spec/template: expected a pod template, found nothing' }]
    )
    const checked = await auditOfDump({ files: { 'a.yaml': object('example.com/v1', 'Widget') }, policy })
    t.match(checked.findings, [{ object: { kind: 'Widget' } }])
  }
)

void t.test('a List without items holds none', async (t) => {
  for (const text of [
    'apiVersion: v1\nkind: List\nitems:\n',
    '{"apiVersion": "apps/v1", "kind": "DeploymentList", "items": null}'
  ]) {
    const { problems, counts } = await validateTexts({ 'a.yaml': text })
    t.match(problems, [{ message: 'no Kubernetes object in 1 file' }])
    t.equal(counts.objects, 0)
  }
})

void t.test('containers of Knative need no name', async (t) => {
  const service = (version: string, kind: string, spec: string) => object(`serving.knative.dev/${version}`, kind, spec)
  const bare = '{image: example.com/a:1}, {image: example.com/b:1}'
  for (const text of [
    service('v1', 'Service', `template: {spec: {containers: [${bare}]}}`),
    service('v1', 'Revision', `containers: [${bare}]`)
  ]) {
    const { problems, counts } = await validateTexts({ 'a.yaml': text })
    t.strictSame([problems, counts.checked], [[], 1])
  }
  const rollout = object('argoproj.io/v1alpha1', 'Rollout', `template: {spec: {containers: [${bare}]}}`)
  t.match((await validateTexts({ 'a.yaml': rollout })).problems, [
    { message: /containers\/0\/name: expected a string/ }
  ])
})

void t.test('JSON of very many levels is a problem and no crash, where it has to be copied', async (t) => {
  // More than any stack holds, however small the frames are that the compiler makes of code that has run often.
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a"}]},"d":${deep}}`
  const limits = object('v1', 'LimitRange', 'limits: [{type: Container, default: {cpu: 1}}]')
  const { problems } = await validateTexts({ 'a.yaml': `${limits}---\n${pod}\n` })
  t.match(problems, [{ message: 'nested too deep', object: { kind: 'Pod' } }])
  t.match((await mutated(`${limits}---\n${pod}\n`)).said, [/: nested too deep$/])
})
