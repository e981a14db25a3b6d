// The Action, the GitLab snippet and the pre-commit hooks, run as their platforms run them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { deployment } from '../support/files.ts'

const root = join(import.meta.dirname, '../..')
const good = deployment('good', { resources: '{requests: {cpu: 10m}}' })
const bad = deployment('bad')

interface Run {
  readonly code: number | null
  readonly out: string
}

/** A program of this name in front of PATH that is the built pidguard, and the Node of this process. */
function path(t: Test): string {
  const folder = join(t.testdirName, '.bin')
  mkdirSync(folder, { recursive: true })
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist/main.js')}' "$@"\n`
  writeFileSync(join(folder, 'pidguard'), script, { mode: 0o755 })
  return `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`
}

function shell(t: Test, command: string, env: Readonly<Record<string, string>> = {}): Run {
  // As GitHub and GitLab start a step: the first command that fails ends it.
  const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', command], {
    cwd: t.testdirName,
    encoding: 'utf8',
    env: { PATH: path(t), HOME: t.testdirName, ...env }
  })
  return { code: status, out: stdout + stderr }
}

interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>
  readonly runs: {
    readonly steps: readonly { readonly name?: string; readonly run?: string; readonly env?: Record<string, string> }[]
  }
}

/** The last step of the Action with these inputs: GitHub replaces the expressions, and gives it files to write to. */
function action(
  t: Test,
  inputs: Readonly<Record<string, string>>
): Run & { readonly summary: string; readonly sarif: string } {
  const file = parse(readFileSync(join(root, '.ci/action/action.yml'), 'utf8')) as ActionFile
  const step = file.runs.steps.find(({ name }) => name === 'Validate')
  const filled = (text: string): string =>
    text
      .replace(/\$\{\{ github\.action_path \}\}/g, join(root, '.ci/action'))
      .replace(/\$\{\{ inputs\.([a-z-]+) \}\}/g, (_, name: string) => inputs[name] ?? file.inputs[name]?.default ?? '')
  const env = Object.fromEntries(Object.entries(step?.env ?? {}).map(([name, text]) => [name, filled(text)]))
  const summary = join(t.testdirName, 'summary.md')
  writeFileSync(summary, '')
  const run = shell(t, filled(step?.run ?? 'false'), { ...env, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary })
  const sarif = readFileSync(join(t.testdirName, inputs['sarif'] ?? 'pidguard.sarif'), 'utf8')
  return { ...run, summary: readFileSync(summary, 'utf8'), sarif }
}

void t.test(
  'the Action checks every path: one a line, several on one, with spaces in their names, and patterns',
  async (t) => {
    t.testdir({ m1: { 'a.yaml': good }, m2: { 'b.yaml': bad }, 'my files': { 'c.yaml': bad }, m3: { 'd.yaml': bad } })
    const lists = ['m1\nm2\n', 'm1 m2', '  m1\r\n  m2\r\n', 'm1\n\nm2/*.yaml\n']
    for (const paths of lists) {
      const { code, out, summary, sarif } = action(t, { paths })
      t.equal(code, 1, JSON.stringify(paths))
      t.match(out, '::error file=m2/b.yaml,line=10,col=9')
      t.match(summary, /### pidguard: not fine\n\n2 files, 2 objects/)
      t.match(JSON.parse(sarif).runs[0].results, [{ ruleId: 'best-effort' }])
    }
    t.match(action(t, { paths: 'm1\nmy files\nm3' }).summary, /3 files, 3 objects, 3 checked; 2 would be denied/)
    t.match(action(t, {}).summary, /4 files, 4 objects/, 'all, where nothing is said')
  }
)

void t.test('the Action takes the files that have changed: other files, one that is gone, none', async (t) => {
  t.testdir({
    'a.yaml': good,
    'values.yaml': 'a: 1\n',
    'README.md': '# x: {{\n',
    'logo.png': Buffer.from([137, 80, 0, 1])
  })
  const changed = action(t, { paths: 'README.md\nvalues.yaml\na.yaml' })
  t.match(changed, { code: 0, summary: /### pidguard: fine/ })
  t.match(changed.out, /::notice title=pidguard::2 files hold no Kubernetes object|no apiVersion and kind/)
  const none = action(t, { paths: '' })
  t.match(none, { code: 0, summary: /### pidguard: nothing checked/ })
  t.match(JSON.parse(none.sarif).runs[0].results, [])
  t.match(action(t, { paths: 'gone.yaml' }), { code: 2, out: /::error file=gone\.yaml,title=pidguard::no such file/ })
})

void t.test('the Action fails on what it was told to, and annotates that', async (t) => {
  const pod =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, resources: {requests: {cpu: 1}}}]}\n'
  t.testdir({
    'a.yaml': pod,
    'policy.yaml': 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {rules: {best-effort: warn}}\n',
    'b.yaml': bad
  })
  t.match(action(t, { paths: 'a.yaml', 'fail-on': 'change' }), { code: 1, out: /::warning file=a\.yaml,line=4/ })
  t.match(action(t, { paths: 'a.yaml', 'fail-on': 'deny' }), { code: 0 })
  t.match(action(t, { paths: 'b.yaml', policy: 'policy.yaml' }), { code: 1, out: /::warning file=b\.yaml/ })
  t.match(action(t, { paths: 'b.yaml', policy: 'policy.yaml', 'fail-on': 'deny', sarif: 'out.sarif' }), { code: 0 })
})

/** The code blocks of docs/ci.md that hold YAML. */
function snippets(): unknown[] {
  const text = readFileSync(join(root, 'docs/ci.md'), 'utf8')
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => parse(yaml as string))
}

void t.test('the GitLab snippet fails where something is found, and its report says so', async (t) => {
  const job = snippets().find((each) => typeof each === 'object' && each !== null && 'pidguard' in each) as {
    pidguard: { script: string[]; artifacts: { reports: { junit: string } } }
  }
  const { script, artifacts } = job.pidguard
  const lines = script.filter((line) => !line.startsWith('npm '))
  t.equal(lines.length, script.length - 1, 'one line installs the program')
  for (const [text, code, failures] of [
    [bad, 1, 1],
    [good, 0, 0],
    ['a: b: c\napiVersion: v1\nkind: Pod\n', 2, 0]
  ] as const) {
    t.testdir({ manifests: { 'a.yaml': text } })
    t.equal(shell(t, lines.join('\n')).code, code)
    const junit = readFileSync(join(t.testdirName, artifacts.reports.junit), 'utf8')
    t.match(junit, code === 2 ? /errors="1"/ : `failures="${failures}"`)
  }
})

interface Hook {
  readonly id: string
  readonly entry: string
  readonly types_or: readonly string[]
}

const hooks = parse(readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8')) as Hook[]

/** As pre-commit does: the entry with the changed files behind it, those of its types alone; not at all without any. */
function commit(t: Test, id: string, files: readonly string[]): Run | undefined {
  const hook = hooks.find((each) => each.id === id) as Hook
  t.strictSame(hook.types_or, ['yaml', 'json'])
  const given = files.filter((file) => /\.(ya?ml|json)$/.test(file))
  return given.length === 0 ? undefined : shell(t, `${hook.entry} ${given.map((file) => `'${file}'`).join(' ')}`)
}

void t.test('the hook that validates passes over what is no manifest, and fails on what is', async (t) => {
  t.testdir({
    'a.yaml': good,
    'b.yaml': bad,
    'values.yaml': 'image: {tag: 1}\n',
    'package.json': '{"name": "x"}\n',
    '.github': { 'ci.yml': 'on: push\n' },
    overlay: { 'kustomization.yaml': 'resources: []\npatches: [{path: patch.yaml}]\n', 'patch.yaml': bad },
    chart: { 'Chart.yaml': 'name: c\n', templates: { 'x.yaml': '{{- if .a }}\n' } }
  })
  const others = [
    'values.yaml',
    'package.json',
    '.github/ci.yml',
    'overlay/kustomization.yaml',
    'overlay/patch.yaml',
    'chart/templates/x.yaml'
  ]
  for (const each of others) t.match(commit(t, 'pidguard-validate', [each]), { code: 0 }, each)
  t.match(commit(t, 'pidguard-validate', [...others, 'a.yaml']), { code: 0, out: /1 checked; 0 would be denied/ })
  t.match(commit(t, 'pidguard-validate', [...others, 'b.yaml']), { code: 1, out: /b\.yaml:10:9/ })
  t.equal(commit(t, 'pidguard-validate', ['README.md']), undefined)
})

void t.test('the hook that mutates writes manifests and no other file', async (t) => {
  const pod =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, resources: {requests: {cpu: 1}}}]}\n'
  const values = 'kind: DaemonSet\nimage:   x\n'
  t.testdir({ 'a.yaml': pod, 'values.yaml': values, 'broken.json': '{"query": "{{ x }}",}' })
  t.match(commit(t, 'pidguard-mutate', ['a.yaml', 'values.yaml']), { code: 0, out: 'a.yaml: 1 changed\n' })
  t.match(readFileSync(join(t.testdirName, 'a.yaml'), 'utf8'), 'memory: 32Mi')
  t.equal(readFileSync(join(t.testdirName, 'values.yaml'), 'utf8'), values)
})
