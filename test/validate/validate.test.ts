import t from 'tap'
import { stringify } from 'yaml'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { placeText, type Report, verdictText } from '../../src/report/validate-report.ts'
import { rules } from '../../src/rules/index.ts'
import { Baseline } from '../../src/validate/baseline.ts'
import { validate } from '../../src/validate/validate.ts'
import { deployment, memoryInputs, policyFrom, today, validateTexts } from '../support/files.ts'
import { fleetOf } from '../support/headroom.ts'
import { calicoObject, podObject } from '../support/subjects.ts'

function linesOf({ findings }: Report): string[] {
  return findings.map(({ ruleId, action, place }) => `${placeText(place)} ${action} ${ruleId}`)
}

function problemsOf({ problems }: Report): string[] {
  return problems.map(({ message, place }) => `${placeText(place)} ${message}`)
}

const limitRange = `apiVersion: v1
kind: LimitRange
metadata: {name: defaults, namespace: shop}
spec: {limits: [{type: Container, defaultRequest: {cpu: 100m, memory: 64Mi}}]}
`

void t.test('a BestEffort Deployment is found at its container, and fails the run', async (t) => {
  const report = await validateTexts({ 'web.yaml': deployment('web') })
  t.strictSame(linesOf(report), ['web.yaml:10:9 deny best-effort'])
  t.strictSame(report.findings[0]?.object, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web'
  })
  t.equal(report.exitCode, 1)
})

void t.test('a field that is there is found itself', async (t) => {
  const report = await validateTexts({ 'web.yaml': deployment('web', { resources: '{limits: {nvidia.com/gpu: 1}}' }) })
  t.strictSame(linesOf(report), ['web.yaml:12:9 deny best-effort'])
})

void t.test('a Deployment with requests is clean', async (t) => {
  const report = await validateTexts({ 'web.yaml': deployment('web', { resources: '{requests: {cpu: 1m}}' }) })
  t.strictSame(report.findings, [])
  t.equal(report.exitCode, 0)
})

void t.test('an object is mended as the webhook does before it is checked', async (t) => {
  const pod = stringify(podObject({ containers: [{ name: 'a', resources: { requests: { cpu: 1 } } }] }))
  const report = await validateTexts({ 'pod.yaml': pod })
  t.strictSame(report.findings, [])
  t.equal(report.counts.changed, 1)
  t.strictSame(report.changes, [], 'changes are kept where they are asked for')
})

void t.test('--fail-on change fails where the webhook would store something else', async (t) => {
  const policy = '  calico: {iptablesBackend: NFT}'
  const files = { 'calico.yaml': stringify(calicoObject()) }
  t.equal((await validateTexts(files, { policy })).exitCode, 0)
  const report = await validateTexts(files, { policy, failOn: 'change' })
  t.equal(report.exitCode, 1)
  t.strictSame(report.changes[0]?.ruleIds, ['calico-update-strategy', 'calico-iptables-backend'])
})

void t.test('--fail-on says what counts', async (t) => {
  const warns = { 'calico.yaml': stringify(calicoObject({ spec: { updateStrategy: { type: 'OnDelete' } } })) }
  const denies = { 'web.yaml': deployment('web') }
  const codes = async (files: Record<string, string>): Promise<number[]> =>
    Promise.all(
      (['never', 'deny', 'warn', 'audit'] as const).map(
        async (failOn) => (await validateTexts(files, { failOn })).exitCode
      )
    )
  t.strictSame(await codes(warns), [0, 0, 1, 1])
  t.strictSame(await codes(denies), [0, 1, 1, 1])
  const policy = '  rules: {best-effort: audit}'
  t.equal((await validateTexts(denies, { policy, failOn: 'warn' })).exitCode, 0)
  t.equal((await validateTexts(denies, { policy, failOn: 'audit' })).exitCode, 1)
})

void t.test('broken YAML in one document does not hide the findings of the others', async (t) => {
  const text = `${deployment('a')}---\nkind: Pod\n  x: 1\n---\n${deployment('b')}`
  const report = await validateTexts({ 'all.yaml': text })
  t.strictSame(linesOf(report), ['all.yaml:10:9 deny best-effort', 'all.yaml:25:9 deny best-effort'])
  t.match(problemsOf(report), [/^all\.yaml:1[34]:\d+ /])
  t.equal(report.exitCode, 2, 'what could not be read counts more than what was found')
})

void t.test('pieces of any size give the same report', async (t) => {
  const text = `${deployment('a')}---\n${limitRange}---\n${deployment('b', { namespace: 'other' })}`
  const whole = await validateTexts({ 'all.yaml': text })
  for (const chunk of [1, 7, 100]) t.strictSame(await validateTexts({ 'all.yaml': text }, { chunk }), whole)
})

void t.test('a LimitRange among the inputs counts for its namespace, wherever it stands', async (t) => {
  const texts = { 'a.yaml': deployment('a'), 'b.yaml': limitRange, 'c.yaml': deployment('c', { namespace: 'other' }) }
  const report = await validateTexts(texts)
  t.strictSame(linesOf(report), ['c.yaml:10:9 deny best-effort'])
  t.strictSame(report.notes, [])
  t.strictSame(
    report.counts,
    { files: 3, objects: 3, checked: 2, podRulesOff: 0, otherKinds: 1, changed: 0 },
    'each counted once'
  )
  t.strictSame(linesOf(await validateTexts({ 'b.yaml': limitRange, 'a.yaml': deployment('a') })), [])
})

void t.test('without any LimitRange it is taken that there is none, and said', async (t) => {
  const { notes } = await validateTexts({ 'a.yaml': deployment('a') })
  t.strictSame(notes, [
    'no LimitRange among the inputs, so the namespaces are taken to have none that fills in requests'
  ])
})

void t.test('labels of a Namespace come from the inputs, or from the command line', async (t) => {
  const policy = `  overrides:
  - name: playground
    namespaces: {selector: {matchLabels: {env: dev}}}
    rules: {best-effort: audit}`
  const web = { 'web.yaml': deployment('web') }
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {env: dev}}\n'
  const actionOf = ({ findings }: Report): string | undefined => findings[0]?.action
  t.equal(actionOf(await validateTexts({ ...web, 'ns.yaml': namespace }, { policy })), 'audit')
  const given = { namespaceLabels: new Map([['shop', { env: 'dev' }]]), policy }
  t.equal(actionOf(await validateTexts(web, given)), 'audit')
  t.equal(
    actionOf(await validateTexts(web, { ...given, namespaceLabels: new Map([['shop', { env: 'prod' }]]) })),
    'deny'
  )
  const unknown = await validateTexts(web, { policy })
  t.equal(actionOf(unknown), 'audit', 'the milder of both where labels are not known')
  t.match(unknown.notes, [/^namespace shop: override playground may apply/])
})

void t.test('an exemption of the policy keeps its rule away, and is told', async (t) => {
  const policy = `  exemptions:
  - {rules: [best-effort], names: [web], reason: it is a demo, expires: 2099-01-01}`
  const report = await validateTexts({ 'web.yaml': deployment('web') }, { policy })
  t.strictSame(report.findings, [])
  t.strictSame(report.exempted, [{ ruleId: 'best-effort', reason: 'it is a demo', objects: 1 }])
})

void t.test('a baseline accepts its findings until its day', async (t) => {
  const entry = { rule: 'best-effort', kind: 'Deployment', namespace: 'shop', name: 'web', reason: 'old' }
  const files = { 'web.yaml': deployment('web') }
  const check = (expires: string): Promise<Report> =>
    validateTexts(files, { baseline: new Baseline('b.yaml', [{ ...entry, expires }], today) })
  const valid = await check('2026-06-01')
  t.equal(valid.exitCode, 0)
  t.equal(valid.findings[0]?.accepted, 'old')
  const expired = await check('2026-05-31')
  t.equal(expired.exitCode, 1)
  t.match(expired.notes.at(-1), /b\.yaml: 1 entry has expired/)
})

void t.test('kinds that no rule looks at are counted and nothing else', async (t) => {
  const crd = 'apiVersion: example.com/v1\nkind: Deployment\nspec: broken\n'
  const report = await validateTexts({ 'crd.yaml': crd })
  t.strictSame(report.counts, { files: 1, objects: 1, checked: 0, podRulesOff: 0, otherKinds: 1, changed: 0 })
  t.equal(report.exitCode, 0)
})

void t.test('versions that are gone are checked as the ones that took their place, with a note', async (t) => {
  const text = deployment('web').replace('apps/v1', 'extensions/v1beta1')
  const report = await validateTexts({ 'old.yaml': text })
  t.strictSame(linesOf(report), ['old.yaml:10:9 deny best-effort'])
  t.equal(report.findings[0]?.object.apiVersion, 'extensions/v1beta1')
  t.match(report.notes[0], /extensions\/v1beta1 is no longer served .* checked as apps\/v1/)
})

void t.test('an object that is not what its kind says is a problem at the field', async (t) => {
  const text = deployment('web')
    .replace('containers:', 'containers: 7 #')
    .replace(/ {6}- name[\s\S]*$/, '')
  const report = await validateTexts({ 'web.yaml': text })
  t.strictSame(problemsOf(report), ['web.yaml:9:7 /spec/template/spec/containers: expected a list, found a number'])
  t.equal(report.exitCode, 2)
})

void t.test('an entry that a rule cannot read fails that rule, at the entry', async (t) => {
  const calico = stringify(calicoObject({ env: [{ name: 'A' }, { value: 'x' }] }))
  const report = await validateTexts({ 'calico.yaml': calico })
  t.match(report.faults, [{ ruleId: 'calico-iptables-backend', mode: 'enforce' }])
  t.ok((report.faults[0]?.place.line ?? 0) > 20)
  t.equal(report.exitCode, 1)
})

void t.test('what is named has to hold Kubernetes objects', async (t) => {
  const texts = {
    'values.yaml': 'replicas: 1\n',
    'list.yaml': '- a\n',
    'kindless.yaml': 'apiVersion: v1\n',
    'old.yaml': 'kind: Pod\n'
  }
  const report = await validateTexts(texts)
  t.strictSame(problemsOf(report), [
    'values.yaml:1:1 expected a Kubernetes object, found one without apiVersion and kind',
    'list.yaml:1:1 expected a Kubernetes object, found a list',
    'kindless.yaml:1:1 expected a Kubernetes object, found one without kind',
    'old.yaml:1:1 expected a Kubernetes object, found one without apiVersion'
  ])
})

void t.test('nothing to check is not clean', async (t) => {
  t.match(problemsOf(await validateTexts({ 'empty.yaml': '# nothing\n---\n' })), [/no Kubernetes object in 1 file/])
  t.equal((await validateTexts({ 'empty.yaml': '' })).exitCode, 2)
})

void t.test('a binary file is a problem, the rest is still checked', async (t) => {
  const report = await validateTexts({ 'logo.yaml': 'PNG\0\0', 'web.yaml': deployment('web') })
  t.strictSame(problemsOf(report), ['logo.yaml a binary file; expected YAML or JSON'])
  t.equal(report.findings.length, 1)
})

void t.test('Windows line ends change nothing', async (t) => {
  const report = await validateTexts({ 'web.yaml': deployment('web').replaceAll('\n', '\r\n') })
  t.strictSame(linesOf(report), ['web.yaml:10:9 deny best-effort'])
  t.equal(report.findings[0]?.place.excerpt, '      - name: app')
})

void t.test('the file a document was made from is told', async (t) => {
  const report = await validateTexts({ '-': `---\n# Source: web/templates/deploy.yaml\n${deployment('web')}` })
  t.match(report.findings[0]?.place, { file: 'stdin', line: 12, source: 'web/templates/deploy.yaml' })
})

void t.test('findings in a List are found at their item', async (t) => {
  const list = { apiVersion: 'v1', kind: 'List', items: [podObject(), podObject()] }
  const report = await validateTexts({ 'list.yaml': stringify(list), 'list.json': JSON.stringify(list, null, 2) })
  t.equal(report.findings.length, 4)
  t.equal(new Set(report.findings.map(({ place }) => placeText(place))).size, 4)
})

void t.test('containers that share their resources by an alias are mended each for itself', async (t) => {
  const pod = `apiVersion: v1
kind: Pod
metadata: {name: twins}
spec:
  containers:
  - {name: a, resources: &r {requests: {cpu: 100m}}}
  - {name: b, resources: *r}
`
  const report = await validateTexts({ 'pod.yaml': pod }, { failOn: 'change' })
  const added = report.changes[0]?.lines.filter((line) => line.includes('memory'))
  t.strictSame(added, [
    'add /spec/containers/0/resources/requests/memory "32Mi"',
    'add /spec/containers/1/resources/requests/memory "32Mi"'
  ])
})

void t.test('an item of a List that is no object is a problem at its place, null too, as for kubectl', async (t) => {
  const list =
    'apiVersion: v1\nkind: List\nitems:\n- null\n- text\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n'
  const report = await validateTexts({ 'list.yaml': list })
  t.strictSame(problemsOf(report), [
    'list.yaml:4:3 expected a Kubernetes object, found null',
    'list.yaml:5:3 expected a Kubernetes object, found a string'
  ])
  t.equal(report.counts.objects, 1)
  t.equal(report.exitCode, 2)
})

void t.test('an object of a kind that is in no namespace has the same name in every namespace', async (t) => {
  const felix = (namespace: string): string =>
    `apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata: {name: default${namespace}}\nspec: {iptablesBackend: Legacy}\n`
  const policy = '  calico: {iptablesBackend: NFT}'
  for (const text of [felix(''), felix(', namespace: kube-system')]) {
    for (const namespace of ['team-a', 'team-b']) {
      const report = await validateTexts({ 'felix.yaml': text }, { policy, namespace })
      t.strictSame(
        report.findings.map(({ object }) => object.namespace),
        ['']
      )
    }
  }
})

const bare = `apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: shop}
spec:
  containers:
  - name: app
    image: a
`

void t.test('a Pod in a file is filled by LimitRanges before it is checked, wherever they come', async (t) => {
  t.strictSame(linesOf(await validateTexts({ 'pod.yaml': bare })), ['pod.yaml:6:5 deny best-effort'])
  for (const names of [
    ['a.yaml', 'b.yaml'],
    ['b.yaml', 'a.yaml']
  ] as const) {
    const report = await validateTexts({ [names[0]]: limitRange, [names[1]]: bare })
    t.strictSame(linesOf(report), [])
  }
})

void t.test('a file is taken for the request of a person: nothing in it hides an object', async (t) => {
  const mirror = bare.replace('{name: bare,', '{name: bare, annotations: {kubernetes.io/config.mirror: x},')
  const deleted = deployment('web').replace('  name: web', '  name: web\n  deletionTimestamp: "2026-01-01T00:00:00Z"')
  t.strictSame(linesOf(await validateTexts({ 'mirror.yaml': mirror, 'deleted.yaml': deleted })), [
    'mirror.yaml:6:5 deny best-effort',
    'deleted.yaml:11:9 deny best-effort'
  ])
})

const argo = (kind: string, spec: string): string =>
  `apiVersion: argoproj.io/v1alpha1\nkind: ${kind}\nmetadata: {name: a, namespace: shop}\nspec:\n${spec}`

void t.test('pod templates of well-known kinds are checked where they are, with their own pointers', async (t) => {
  const rollout = argo('Rollout', '  template:\n    spec:\n      containers:\n      - name: app\n')
  const jobs =
    'apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: {name: a}\nspec:\n  replicatedJobs:\n' +
    ['ok', 'bad']
      .map(
        (name) =>
          `  - name: ${name}\n    template: {spec: {template: {spec: {containers: [\n      {name: c${name === 'ok' ? ', resources: {requests: {cpu: 1}}' : ''}}]}}}}\n`
      )
      .join('')
  const runtime =
    'apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: k}\n'
  const report = await validateTexts({ 'r.yaml': rollout, 'j.yaml': jobs, 's.yaml': runtime })
  t.strictSame(linesOf(report), [
    'r.yaml:8:9 deny best-effort',
    'j.yaml:11:7 deny best-effort',
    's.yaml:6:5 deny best-effort'
  ])
  t.match(report.findings, [
    {
      pointer: '/spec/template/spec/containers/0/resources',
      object: { kind: 'Rollout', apiVersion: 'argoproj.io/v1alpha1' }
    },
    { pointer: '/spec/replicatedJobs/1/template/spec/template/spec/containers/0/resources' },
    { pointer: '/spec/containers/0/resources' }
  ])
  t.equal(report.counts.checked, 3)
})

void t.test('what a controller adds to its pods counts: Knative pods are not BestEffort', async (t) => {
  const service =
    'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{image: a, name: c}]}}}\n'
  const report = await validateTexts({ 'a.yaml': service })
  t.strictSame([linesOf(report), report.counts.checked], [[], 1])
})

void t.test('containers in fields of their own are checked as one pod, with the pointers of the object', async (t) => {
  const tekton = (kind: string, spec: string): string =>
    `apiVersion: tekton.dev/v1\nkind: ${kind}\nmetadata: {name: a}\nspec: ${spec}\n`
  const steps = (resources: string): string => `{steps: [{name: one, image: a}, {name: two, image: a, ${resources}}]}`
  const requests = '{requests: {cpu: 1}}'
  const cases: readonly (readonly [name: string, text: string, found: readonly string[], named?: string])[] = [
    ['steps', tekton('Task', steps('computeResources: {}')), ['/spec/steps/0/resources']],
    ['steps with requests', tekton('Task', steps(`computeResources: ${requests}`)), []],
    ['steps of v1beta1', tekton('Task', steps(`resources: ${requests}`)), []],
    ['a template of steps', tekton('Task', `{stepTemplate: {computeResources: ${requests}}, steps: [{image: a}]}`), []],
    [
      'a sidecar with requests',
      tekton('Task', `{steps: [{image: a}], sidecars: [{name: s, computeResources: ${requests}}]}`),
      []
    ],
    [
      'a Task in a Pipeline',
      tekton(
        'Pipeline',
        `{tasks: [{taskSpec: ${steps(`computeResources: ${requests}`)}}, {taskRef: {name: x}}], finally: [{taskSpec: {steps: [{image: a, computeResources: {limits: {}}}]}}]}`
      ),
      ['/spec/finally/0/taskSpec/steps/0/computeResources']
    ],
    [
      'a Pipeline of other Tasks',
      tekton('Pipeline', '{tasks: [{taskRef: {name: x}}]}'),
      [],
      'its pods are those of Tasks it names'
    ],
    [
      'a TaskRun with resources',
      tekton('TaskRun', `{computeResources: ${requests}, taskSpec: {steps: [{image: a}]}}`),
      [],
      'or has the resources of the TaskRun'
    ],
    [
      'a Workflow',
      argo('Workflow', '  templates:\n  - steps: []\n  - name: b\n    container: {image: a}\n'),
      ['/spec/templates/1/container/resources']
    ],
    [
      'a script with a sidecar',
      argo(
        'WorkflowTemplate',
        '  templates:\n  - script: {image: a}\n    sidecars: [{name: s, image: a, resources: {limits: {cpu: 1}}}]\n'
      ),
      []
    ],
    [
      'a set of containers',
      argo(
        'CronWorkflow',
        '  workflowSpec:\n    templates:\n    - containerSet: {containers: [{name: a, image: a}]}\n'
      ),
      ['/spec/workflowSpec/templates/0/containerSet/containers/0/resources']
    ],
    [
      'a Workflow that is patched',
      argo('Workflow', '  podSpecPatch: "{}"\n  templates:\n  - container: {image: a}\n'),
      [],
      'podSpecPatch'
    ]
  ]
  for (const [name, text, found, named] of cases) {
    const report = await validateTexts({ 'a.yaml': text })
    t.strictSame([report.findings.map(({ pointer }) => pointer), problemsOf(report)], [found, []], name)
    t.equal(report.unchecked.length, named === undefined ? 0 : 1, name)
    if (named !== undefined) t.match(report.unchecked[0], named, name)
  }
})

void t.test(
  'files of other tools with a kind are named; misspelt groups of objects with pods are a problem',
  async (t) => {
    const notes = 'apiVersion: release-notes/v2\nkind: feature\narea: security\n'
    const skaffold = 'apiVersion: skaffold/v2beta22\nkind: Config\nmetadata: {name: a}\n'
    const report = await validateTexts({ 'a.yaml': notes, 'b.yaml': notes, 'skaffold.yaml': skaffold })
    t.strictSame(report.unchecked, [
      'not checked: 2 feature (release-notes/v2): no API server serves a group without a dot',
      'not checked: 1 Config (skaffold/v2beta22): no API server serves a group without a dot'
    ])
    t.strictSame([report.exitCode, report.counts.otherKinds], [0, 3])
    const rollout = argo('Rollout', '  template: {spec: {containers: [{name: a}]}}\n').replace(
      'argoproj.io',
      'argoproj'
    )
    t.match(problemsOf(await validateTexts({ 'a.yaml': rollout })), [
      /Rollout of argoproj\/v1alpha1: no API server serves/
    ])
    const deployed = 'apiVersion: foo/v1\nkind: Deployment\nmetadata: {name: a}\n'
    t.match(problemsOf(await validateTexts({ 'a.yaml': deployed })), [/no API server serves Deployment of foo\/v1/])
  }
)

void t.test('the policy says where kinds of its own keep pods, and of known ones where else', async (t) => {
  const policy = `  podTemplates:
  - {group: example.com, kind: Foo, template: /spec/parts/*/template, replicas: /spec/size}
  - {group: example.com, kind: Foo, podSpec: /spec/pod}
  - {group: argoproj.io, kind: Rollout, podSpec: /spec/mine}`
  const foo = (spec: string): string => `apiVersion: example.com/v2\nkind: Foo\nmetadata: {name: a}\nspec: ${spec}\n`
  const pod = '{containers: [{name: c, image: a}]}'
  const files = {
    'a.yaml': foo(`{size: 3, parts: {x: {template: {spec: ${pod}}}}, pod: ${pod}}`),
    'b.yaml': foo('{other: {containers: [{name: c}]}}'),
    'c.yaml': argo('Rollout', `  mine: ${pod}\n  template: {spec: ${pod}}\n`)
  }
  const report = await validateTexts(files, { policy })
  t.strictSame(
    report.findings.map(({ pointer, object }) => `${object.kind} ${pointer}`),
    [
      'Foo /spec/parts/x/template/spec/containers/0/resources',
      'Foo /spec/pod/containers/0/resources',
      'Rollout /spec/mine/containers/0/resources'
    ]
  )
  t.match(report.unchecked, [/^not checked: 1 Foo/])
})

void t.test('kinds that seem to hold pods and are not known are named; patterns of policies are not', async (t) => {
  const foo =
    'apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: a}\nspec: {deep: [{pod: {containers: [{image: a}]}}]}\n'
  const spark =
    'apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nmetadata: {name: a}\nspec: {driver: {}}\n'
  const policy = foo.replace('example.com', 'kyverno.io').replace('Foo', 'ClusterPolicy')
  const report = await validateTexts({ 'a.yaml': `${foo}---\n${foo}---\n${spark}---\n${policy}` })
  t.strictSame(report.unchecked, [
    'not checked: 2 Foo (example.com/v1), which seem to hold pods, of a kind that pidguard does not know',
    'not checked: 1 SparkApplication (sparkoperator.k8s.io/v1beta2): Spark gives its pods requests of cpu and memory by other fields'
  ])
  t.strictSame([report.exitCode, report.counts.checked], [0, 0])
})

const mistaken: readonly (readonly [string, string, string | undefined])[] = [
  ['v1', 'Deployment', 'Deployment is of apps/v1'],
  ['apps/v1', 'deployment', 'is Deployment meant?'],
  ['apps/v1', 'Deploymnet', 'is Deployment meant?'],
  ['app/v1', 'Deployment', 'is the group apps meant?'],
  ['apps/v1', 'Pod', 'Pod is of v1'],
  ['batch/v1', 'Cronjob', 'is CronJob meant?'],
  ['apps/v1alpha1', 'PetSet', 'is StatefulSet meant?'],
  ['extensions/v1beta1', 'Job', 'Job is of batch/v1'],
  ['v1', '"Pod "', 'no API server serves "Pod ": no kind is written so'],
  ['apps/v1/x', 'Deployment', 'no API server serves "apps/v1/x": expected a group, a slash and a version'],
  ['"apps/v1 "', 'Deployment', 'no API server serves "apps/v1 ": expected a group, a slash and a version'],
  ['batch/v2', 'Job', 'is batch/v1 meant?'],
  ['v2', 'Pod', 'is v1 meant?'],
  ['apps/v1alpha1', 'Deployment', 'is apps/v1 meant?'],
  ['v1', 'Config', undefined],
  ['v1', 'ServiceAccount', undefined],
  ['batch.volcano.sh/v1alpha1', 'Deployment', undefined],
  ['extensions/v1beta1', 'Ingress', undefined]
]
for (const [apiVersion, kind, want] of mistaken) {
  void t.test(`${kind} of ${apiVersion} is ${want === undefined ? 'no known mistake' : 'a mistake'}`, async (t) => {
    const report = await validateTexts({ 'a.yaml': `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n` })
    t.strictSame(
      problemsOf(report).map((line) => line.replace(/^.*; |^a.yaml:2:1 /, '')),
      want === undefined ? [] : [want]
    )
  })
}

void t.test('an object with items is a list, whatever its kind, as for kubectl', async (t) => {
  const foo = `apiVersion: a.b/v1\nkind: Foo\nmetadata: {name: a}\nitems:\n- ${JSON.stringify(podObject())}\n`
  t.equal((await validateTexts({ 'a.yaml': foo })).findings.length, 1)
})

void t.test('Lists nested without end are a problem of their file, and of no other', async (t) => {
  const deep = `${'{"apiVersion":"v1","kind":"List","items":['.repeat(2_500)}${']}'.repeat(2_500)}`
  const report = await validateTexts({ 'deep.json': deep, 'web.yaml': deployment('web') })
  t.match(problemsOf(report), [/^deep\.json:1:\d+ Lists in Lists, more than 16 deep$/])
  t.strictSame(linesOf(report), ['web.yaml:10:9 deny best-effort'])
  t.equal(report.exitCode, 2)
})

void t.test('mistakes in one document are counted after the first hundred', async (t) => {
  const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${'  k: x\n'.repeat(2_000)}`
  const { problems } = await validateTexts({ 'a.yaml': text })
  t.equal(problems.length, 101)
  t.equal(problems.at(-1)?.message, '1899 more mistakes in this document')
})

void t.test('a long line is no place for a quadratic search', async (t) => {
  const text = `# Source: ${' \t'.repeat(200_000)}x\n${deployment('web')}`
  t.equal((await validateTexts({ 'a.yaml': text })).findings.length, 1)
})

void t.test('a template is called one only where the mistake is', async (t) => {
  const rule =
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a # from {{ .Chart.Name }}\ndata:\n  a: "{{ $labels.instance }}"\n   b: 1\n'
  t.notMatch(problemsOf(await validateTexts({ 'a.yaml': rule }))[0], /Helm/)
  const chart = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-a\n'
  t.match(problemsOf(await validateTexts({ 'a.yaml': chart })), [/^a\.yaml:4:9 this is a Helm template/])
})

void t.test('control characters and commas too many are refused with their place', async (t) => {
  const [control] = problemsOf(await validateTexts({ 'a.yaml': deployment('web').replace('web', 'web # \u001b[0m') }))
  t.equal(control, 'a.yaml:4:15 control characters are not allowed, found U+001B')
  const comma = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a, }"},"spec":{"containers":[{"name":"c"},]}}'
  const report = await validateTexts({ 'a.json': comma })
  t.match(problemsOf(report), [/^a\.json:1:94 a comma before a closing bracket/])
  t.equal(report.findings.length, 1, 'it is read all the same, as kubectl 1.35 does')
})

void t.test('in a folder, what has a kind and neither version nor name is no object', async (t) => {
  const inputs = memoryInputs({ 'values.yaml': 'kind: DaemonSet\nimage: a\n', 'web.yaml': deployment('web') })
  const found = (paths: readonly string[]) => ({
    problems: [],
    notes: [],
    files: inputs.find(paths).files.map((file) => ({ ...file, isNamed: false }))
  })
  const report = await validate(
    ['values.yaml', 'web.yaml'],
    { namespace: 'default', failOn: 'deny', namespaceLabels: new Map() },
    {
      version: '0',
      rules: new RuleIndex(rules),
      policy: policyFrom(),
      inputs: { find: found, chunks: (file) => inputs.chunks(file) },
      baseline: undefined
    }
  )
  t.strictSame([report.problems.length, report.findings.length], [0, 1])
})

void t.test('FelixConfigurations and DaemonSets of Felix are read together, in any order of files', async (t) => {
  const felix = (name: string, spec: string) =>
    `apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata: {name: ${name}}\nspec: ${spec}\n`
  const pinned = stringify(calicoObject({ env: [{ name: 'FELIX_IPTABLESBACKEND', value: 'NFT' }] }))
  const policy = '  calico: {iptablesBackend: NFT}'
  const rulesOf = ({ findings }: Report) => findings.map(({ ruleId }) => ruleId)
  for (const [a, b] of [
    ['a.yaml', 'b.yaml'],
    ['b.yaml', 'a.yaml']
  ] as const) {
    const quiet = await validateTexts({ [a]: pinned, [b]: felix('default', '{logSeverityScreen: Info}') }, { policy })
    t.strictSame(rulesOf(quiet), [], 'a pinned DaemonSet needs no FelixConfiguration')
    const node = await validateTexts(
      { [a]: stringify(calicoObject()), [b]: felix('node.n1', '{iptablesBackend: Legacy}') },
      { policy }
    )
    t.strictSame(
      rulesOf(node),
      ['calico-iptables-backend', 'felix-configuration'],
      'a pin that would switch a node off'
    )
    t.match(node.findings[0], { action: 'warn', detail: /FelixConfiguration "node.n1" says "Legacy"/ })
    const twice = await validateTexts({ [a]: pinned, [b]: felix('default', '{iptablesBackend: Legacy}') }, { policy })
    t.strictSame(rulesOf(twice), ['calico-backend-conflict'])
  }
})

void t.test('an object that no rule for pods looked at is not counted as checked, and said', async (t) => {
  const texts = {
    'system.yaml': deployment('dns', { namespace: 'kube-system' }),
    'ns.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: out, labels: {pidguard.io/admission: ignore}}\n',
    'out.yaml': deployment('free', { namespace: 'out' }),
    'owned.yaml':
      'apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: rs, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]}\nspec: {template: {spec: {containers: [{name: a}]}}}\n'
  }
  const report = await validateTexts(texts)
  t.strictSame(report.counts, { files: 4, objects: 4, checked: 0, podRulesOff: 3, otherKinds: 1, changed: 0 })
  t.strictSame(report.unchecked, [
    'not checked: 1 object: rules for pods are off in namespace kube-system',
    'not checked: 1 object: the label pidguard.io/admission=ignore of Namespace out turns rules for pods off there',
    'not checked: 1 object: a controller owns the object, and its template is checked'
  ])
  t.strictSame([report.exitCode, verdictText(report)], [0, 'nothing checked'])
})

void t.test('an object that is there twice is checked each time, and said once', async (t) => {
  const texts = { 'a.yaml': deployment('web'), 'b.yaml': deployment('web'), 'c.yaml': deployment('web') }
  const { findings, notes } = await validateTexts(texts)
  t.equal(findings.length, 3)
  t.strictSame(
    notes.filter((note) => note.includes('more than once')),
    [
      '1 object is there more than once, each checked as it stands; the first is Deployment shop/web in a.yaml and b.yaml'
    ]
  )
  const generated = 'apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\nspec: {containers: [{name: a}]}\n'
  t.notMatch((await validateTexts({ 'a.yaml': `${generated}---\n${generated}` })).notes, [/more than once/])
})

void t.test(
  'in a folder, what cannot be read and names no kind is a note; what may be an object is a problem',
  async (t) => {
    const texts = {
      'dashboard.json': '{"query": "{{ include "x" }}"}',
      'web.yaml': deployment('web'),
      'b.yaml': 'apiVersion: v1\nkind: Pod\n a: b: c\n'
    }
    const inputs = memoryInputs(texts)
    const inFolder = (paths: readonly string[]) => ({
      ...inputs.find(paths),
      files: inputs.find(paths).files.map((file) => ({ ...file, isNamed: false }))
    })
    const report = await validate(
      Object.keys(texts),
      { namespace: 'default', failOn: 'deny', namespaceLabels: new Map() },
      {
        version: '0',
        rules: new RuleIndex(rules),
        policy: policyFrom(),
        inputs: { ...inputs, find: inFolder },
        baseline: undefined
      }
    )
    t.match(report.problems, [{ place: { file: 'b.yaml' } }])
    t.match(
      report.notes.find((note) => note.includes('cannot be read')),
      /^1 document cannot be read and names no apiVersion and kind, so none is an object; the first is dashboard\.json:1:\d+: /
    )
    t.equal(
      (await validateTexts({ 'dashboard.json': texts['dashboard.json'] })).problems.length,
      1,
      'where it was named'
    )
  }
)

void t.test('files without objects are said, and all of them are fine where they may be', async (t) => {
  const inputs = memoryInputs({ 'values.yaml': 'a: 1\n', 'web.yaml': deployment('web') })
  const found = (paths: readonly string[]) => ({
    ...inputs.find(paths),
    files: inputs.find(paths).files.map((file) => ({ ...file, isNamed: false })),
    notes: ['1 file or folder excluded']
  })
  const run = (paths: readonly string[], mayBeEmpty: boolean) =>
    validate(
      paths,
      { namespace: 'default', failOn: 'deny', namespaceLabels: new Map(), mayBeEmpty },
      {
        version: '0',
        rules: new RuleIndex(rules),
        policy: policyFrom(),
        inputs: { find: found, chunks: (file) => inputs.chunks(file) },
        baseline: undefined,
        notes: ['policy from .pidguard.yaml']
      }
    )
  t.match((await run(['values.yaml', 'web.yaml'], false)).notes.slice(0, 3), [
    '1 file holds no Kubernetes object, the first values.yaml',
    '1 file or folder excluded',
    'policy from .pidguard.yaml'
  ])
  t.match(await run(['values.yaml'], false), { exitCode: 2, problems: [{ message: 'no Kubernetes object in 1 file' }] })
  const empty = await run(['values.yaml'], true)
  t.strictSame([empty.exitCode, verdictText(empty)], [0, 'nothing checked'])
  t.ok(empty.notes.includes('no Kubernetes object in 1 file'))
})

const gang = `apiVersion: scheduling.k8s.io/v1beta1
kind: PodGroup
metadata: {name: gang, namespace: shop}
spec: {schedulingPolicy: {gang: {minCount: 6}}}
`
const gangPod = `apiVersion: v1
kind: Pod
metadata: {name: gang-0, namespace: shop, annotations: {pidguard.io/pids: "600"}}
spec:
  schedulingGroup: {podGroupName: gang}
  containers:
  - {name: app, image: "example.com/app:1", resources: {requests: {cpu: 10m, memory: 64Mi}}}
`

void t.test(
  'a PodGroup among the files says for how many pods there has to be room, before its pods or after them',
  async (t) => {
    const { headroom } = fleetOf({ n1: { kubepods: [3000, 0], host: [100_000, 0] } })
    const cluster = { headroom, namespaceFacts: () => ({ labels: {}, annotations: {} }), limitRanges: () => [] }
    for (const texts of [{ 'a.yaml': gang, 'b.yaml': gangPod }, { 'a.yaml': `${gangPod}---\n${gang}` }]) {
      const { findings, problems } = await validateTexts(texts, { cluster })
      t.strictSame(problems, [])
      t.match(
        findings.map(({ detail }) => detail),
        [/^6 pods of 600, room for 4; .*the group gang needs them at once/]
      )
    }
    const { findings } = await validateTexts({ 'b.yaml': gangPod }, { cluster })
    t.match(findings, [{ reason: 'size of the pod group not known', action: 'warn' }])
  }
)

void t.test(
  'a fact counts also where its kind is written as nobody does, and where a piece of the file ends in it',
  async (t) => {
    for (const kind of ['"Limit\\x52ange"', '!!str LimitRange', '&k LimitRange', 'LimitRange']) {
      const odd = limitRange.replace('kind: LimitRange', `kind: ${kind}`)
      t.not(odd.includes(kind), false)
      for (const chunk of [7, 1_000]) {
        t.strictSame(linesOf(await validateTexts({ 'a.yaml': deployment('a'), 'b.yaml': odd }, { chunk })), [], kind)
      }
    }
  }
)

void t.test('templates of a kind in no namespace are in none: no namespace says what fills them', async (t) => {
  const task = `apiVersion: tekton.dev/v1
kind: ClusterTask
metadata: {name: build}
spec: {steps: [{name: a, image: example.com/a:1}]}
`
  const { findings } = await validateTexts({ 'a.yaml': task, 'b.yaml': limitRange })
  t.match(
    findings.map(({ action, object }) => [action, object.namespace, object.name]),
    [['warn', '', 'build']]
  )
})
