import t from 'tap'
import { stringify } from 'yaml'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { rules } from '../../src/rules/index.ts'
import { type MutateOptions, mutateFiles } from '../../src/validate/mutate-files.ts'
import { deployment, memoryInputs, policyFrom, validateTexts } from '../support/files.ts'
import { calicoObject, podObject } from '../support/subjects.ts'

const policy = `  requests: {bestEffortPods: inject}
  calico: {iptablesBackend: NFT}`

interface Outcome {
  readonly code: number
  readonly printed: string
  readonly told: readonly string[]
  readonly written: Readonly<Record<string, string>>
}

async function mutated(
  texts: Readonly<Record<string, string>>,
  show: MutateOptions['show'] = 'text',
  spec = policy,
  quiet = false
): Promise<Outcome> {
  const told: string[] = []
  const written: Record<string, string> = {}
  let printed = ''
  const code = await mutateFiles(
    Object.keys(texts),
    { namespace: 'default', namespaceLabels: new Map(), show, quiet },
    {
      rules: new RuleIndex(rules),
      policy: policyFrom(spec),
      inputs: memoryInputs(texts),
      print(text) {
        printed += text
      },
      say: (line) => told.push(line),
      write(file, text) {
        written[file] = text
      }
    }
  )
  return { code, printed, told, written }
}

const pod = `# A pod of somebody.
apiVersion: v1
kind: Pod
metadata:
  name: web # the name
spec:
  containers:
  - image: example.com/app:1
    name: app
`

void t.test('a pod is printed as the webhook would store it, comments and order kept', async (t) => {
  const { code, printed } = await mutated({ 'pod.yaml': pod })
  t.equal(code, 0)
  t.equal(
    printed,
    `# A pod of somebody.
apiVersion: v1
kind: Pod
metadata:
  name: web # the name
  annotations:
    pidguard.io/pids-estimate: "50"
    pidguard.io/pids-estimate-source: default
spec:
  containers:
  - image: example.com/app:1
    name: app
    resources:
      requests:
        cpu: 10m
        memory: 32Mi
`
  )
})

void t.test('what is written is clean, and nothing is left to change', async (t) => {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [podObject(), calicoObject({ container: { resources: { limits: { cpu: 1 } } } })]
  }
  const texts = {
    'pod.yaml': pod,
    'all.yaml': `---\n${pod}---\n# between\n${deployment('web')}--- # calico\n${stringify(calicoObject())}`,
    'list.yaml': stringify(list),
    'list.json': JSON.stringify(list),
    'crlf.yaml': pod.replaceAll('\n', '\r\n'),
    'alias.yaml': `${pod}    resources: &r {}\n  - name: two\n    resources: *r\n`
  }
  const { written, told, code } = await mutated(texts, 'write')
  t.equal(code, 0)
  t.strictSame(Object.keys(written), Object.keys(texts))
  t.strictSame(told, [
    'pod.yaml: 1 changed',
    'all.yaml: 2 changed',
    'list.yaml: 2 changed',
    'list.json: 2 changed',
    'crlf.yaml: 1 changed',
    'alias.yaml: 1 changed'
  ])
  t.strictSame((await mutated(written, 'write')).written, {})
  const report = await validateTexts(written, { policy, failOn: 'change' })
  t.strictSame([report.exitCode, report.findings, report.changes], [0, [], []])
})

void t.test('what lies between documents stays, and files are kept apart', async (t) => {
  const texts = {
    'a.yaml': `--- # first\n${deployment('a')}---\n# nothing\n---\n${deployment('b')}`,
    'b.yaml': deployment('c')
  }
  const { printed } = await mutated(texts)
  t.equal(printed, `${texts['a.yaml']}---\n${texts['b.yaml']}`)
})

void t.test('JSON and YAML are one stream that kubectl reads', async (t) => {
  const json = '{"apiVersion": "v1", "kind": "ConfigMap", "data": {"n": "a"}}'
  const { printed } = await mutated({ 'a.json': `${json}\n${json}\n`, 'b.yaml': deployment('b'), 'c.json': json })
  t.equal(printed, `---\n${json}\n---\n${json}\n---\n${deployment('b')}---\n${json}\n`)
  t.equal((await mutated({ 'a.json': `${json}\n` })).printed, `${json}\n`)
})

void t.test('JSON is changed as text: numbers and escapes stay', async (t) => {
  const json = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","annotations":{"n":"caf\\u00e9 \\/"}},
"spec":{"activeDeadlineSeconds":9007199254740993,"containers":[{"name":"a","resources":{"limits":{"cpu":0.10}}}]}}`
  const { printed, told } = await mutated({ 'a.json': json })
  t.strictSame(told, [])
  t.match(printed, '"activeDeadlineSeconds":9007199254740993')
  t.match(printed, '"n":"caf\\u00e9 \\/","pidguard.io/pids-estimate":"50"')
  t.match(printed, '{"limits":{"cpu":0.10},"requests":{"memory":"32Mi"}}')
})

void t.test('--diff shows the changes alone', async (t) => {
  const { printed } = await mutated({ 'calico.yaml': stringify(calicoObject()), 'web.yaml': deployment('web') }, 'diff')
  t.match(printed, /^--- a\/calico\.yaml\n\+\+\+ b\/calico\.yaml\n/)
  t.notMatch(printed, 'web.yaml')
  t.match(printed, '+    type: OnDelete')
})

void t.test('--patch prints each object with its place and its JSON Patch', async (t) => {
  const { printed } = await mutated({ 'pod.yaml': `---\n${pod}` }, 'patch')
  t.match(JSON.parse(printed), [
    {
      file: 'pod.yaml',
      line: 3,
      object: { kind: 'Pod', name: 'web' },
      rules: ['resource-requests', 'pid-annotations'],
      patch: [
        { op: 'add', path: '/spec/containers/0/resources' },
        { op: 'add', path: '/metadata/annotations' }
      ]
    }
  ])
})

void t.test('LimitRanges among the inputs bound what is added', async (t) => {
  const limits =
    'apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: Container, min: {cpu: 50m}}]}\n'
  const { printed } = await mutated({ 'pod.yaml': pod, 'limits.yaml': limits })
  t.match(printed, 'cpu: 50m')
})

void t.test('what cannot be read is told, stays as it is, and the rest is changed', async (t) => {
  const broken = 'a: b: c\n'
  const wrong = 'apiVersion: v1\nkind: Pod\nmetadata: 7\n'
  const texts = {
    'all.yaml': `${broken}---\n${wrong}---\n- list\n---\n${pod}`,
    'merge.yaml': `base: &m\n  metadata: {name: x}\n<<: *m\napiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}]}\n`
  }
  const { code, printed, told } = await mutated(texts)
  t.equal(code, 2)
  t.match(told[0], /^all\.yaml:1:\d+: /)
  t.match(told[1], /^all\.yaml:5:1: \/metadata: expected an object/)
  t.equal(told[2], 'all.yaml:7:1: expected a Kubernetes object, found a list')
  t.match(told[3], /^merge\.yaml:1:1: cannot be changed in place: a merge key/)
  t.ok(printed.startsWith(`${broken}---\n${wrong}---\n- list\n---\n# A pod`))
  t.match(printed, 'pids-estimate')
  t.match((await mutated({ 'pod.yaml': pod })).told, [])
})

void t.test('a file that cannot be found is told', async (t) => {
  const inputs = {
    ...memoryInputs({}),
    find: () => ({
      files: [{ path: 'a', isNamed: true, size: 1, isOnce: false }],
      problems: [{ path: 'b', message: 'no such file or folder' }],
      notes: []
    })
  }
  const told: string[] = []
  const failing = {
    ...inputs,
    chunks(): never {
      throw new Error('cannot be read: permission denied')
    }
  }
  const deps = {
    rules: new RuleIndex(rules),
    policy: policyFrom(),
    inputs: failing,
    print() {},
    say: (line: string) => told.push(line),
    write() {}
  }
  t.equal(await mutateFiles(['x'], { namespace: 'default', namespaceLabels: new Map(), show: 'text' }, deps), 2)
  t.strictSame(told, ['b: no such file or folder', 'a: cannot be read: permission denied'])
})

void t.test('what LimitRanges give is not written, and what they do not give is', async (t) => {
  const limitRange = `apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}
`
  const { printed, code } = await mutated({ 'all.yaml': `${pod}---\n${limitRange}` })
  t.equal(code, 0)
  t.match(printed, '    name: app\n    resources:\n      requests:\n        memory: 32Mi\n---\n')
})

void t.test('a quantity that cannot be read is never overwritten', async (t) => {
  const bad = `${pod}    resources:\n      requests:\n        memory: 512MB # what the JVM takes\n`
  const { printed, told, code } = await mutated({ 'pod.yaml': bad })
  t.equal(printed, bad)
  t.match(told, [/^pod\.yaml:12:9: .*expected a quantity such as 64Mi, found "512MB"/])
  t.equal(code, 2)
})

void t.test('where nothing changes that is said, beside what is printed and not in it', async (t) => {
  const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n'
  for (const show of ['text', 'diff', 'patch', 'write'] as const) {
    const { code, printed, told } = await mutated({ 'a.yaml': `${service}---\n${service}` }, show)
    t.equal(code, 0)
    t.strictSame(told, ['nothing to change in 2 objects'], show)
    t.notMatch(printed, 'nothing')
  }
  t.strictSame((await mutated({ 'a.yaml': '# empty\n' })).told, ['nothing to change: no Kubernetes object in 1 file'])
  t.strictSame((await mutated({ 'pod.yaml': pod })).told, [], 'something changes')
  t.strictSame((await mutated({ 'pod.yaml': pod }, 'write')).told, ['pod.yaml: 1 changed'])
})

void t.test('quiet, only what could not be read is said', async (t) => {
  const broken = 'apiVersion: v1\nkind: Pod\nmetadata: [\n'
  t.strictSame((await mutated({ 'a.yaml': 'apiVersion: v1\nkind: Secret\n' }, 'text', policy, true)).told, [])
  const written = await mutated({ 'pod.yaml': pod }, 'write', policy, true)
  t.strictSame(written.told, [])
  t.strictSame(Object.keys(written.written), ['pod.yaml'])
  const { code, told } = await mutated({ 'a.yaml': broken }, 'text', policy, true)
  t.equal(code, 2)
  t.equal(told.length, 1)
  t.notMatch(told.join(), 'nothing to change')
})

void t.test('JSON of very many levels is said not to be changed, and stays as it is', async (t) => {
  // More than any stack holds, however small the frames are that the compiler makes of code that has run often.
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  const metadata = '{"name":"a"}'
  const text = `{"apiVersion":"v1","kind":"Pod","metadata":${metadata},"spec":{"containers":[{"name":"a"}]},"d":${deep}}\n`
  const { code, printed, told } = await mutated({ 'a.json': text })
  t.strictSame([code, printed === text], [2, true])
  t.strictSame(told, ['a.json:1:1: cannot be changed in place; mutate --patch shows what to change'])
})
