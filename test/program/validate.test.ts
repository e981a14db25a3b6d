// The built program, as CI calls it.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formats } from '../../src/validate/output-flags.ts'
import { deployment } from '../support/files.ts'

const program = join(import.meta.dirname, '../../dist/main.js')

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function pidguard(cwd: string, args: readonly string[], input = ''): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd, input, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

const files = {
  'good.yaml': deployment('good', { resources: '{requests: {cpu: 10m}}' }),
  'bad.yaml': deployment('bad'),
  'broken.yaml': 'a: b: c\n',
  empty: {}
}

void t.test('the exit code is the same in every format', async (t) => {
  const folder = t.testdir(files)
  for (const format of formats) {
    const codes = ['good.yaml', 'bad.yaml', 'broken.yaml', 'missing.yaml', 'empty'].map(
      (file) => pidguard(folder, ['validate', '-o', format, file]).code
    )
    t.strictSame(codes, [0, 1, 2, 2, 2], format)
  }
})

void t.test('several formats at once, each where it was sent', async (t) => {
  const folder = t.testdir(files)
  const run = pidguard(folder, ['validate', '-o', 'github', '-o', 'sarif=out.sarif', '-o', 'text=out.txt', 'bad.yaml'])
  t.match(run.out, /^::error file=bad\.yaml/)
  t.equal(JSON.parse(readFileSync(join(folder, 'out.sarif'), 'utf8')).version, '2.1.0')
  t.match(readFileSync(join(folder, 'out.txt'), 'utf8'), 'bad.yaml:10:9')
})

void t.test('standard input is checked, also when it has to be read twice', async (t) => {
  const folder = t.testdir({})
  t.equal(pidguard(folder, ['validate', '-'], files['bad.yaml']).code, 1)
  const limits =
    'apiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: shop}\nspec: {limits: [{type: Container, max: {cpu: 1}}]}\n'
  t.equal(pidguard(folder, ['validate', '-'], `${files['bad.yaml']}---\n${limits}`).code, 0)
})

void t.test('what is called wrongly is told, with exit code 2', async (t) => {
  const folder = t.testdir({ ...files, 'policy.yaml': 'kind: Pod\n', 'baseline.yaml': 'kind: Pod\n' })
  const cases: readonly [readonly string[], RegExp][] = [
    [['bad.yaml', '--policy', 'missing.yaml'], /missing\.yaml: expected a policy document: no such file or folder/],
    [['bad.yaml', '--policy', 'policy.yaml'], /policy\.yaml:1:\d+: /],
    [['bad.yaml', '--baseline', 'missing.yaml'], /--baseline missing\.yaml: no such file or folder\nName a file/],
    [['bad.yaml', '--baseline', 'baseline.yaml'], /baseline\.yaml:1:1: apiVersion: expected pidguard/],
    [['bad.yaml', '-o', 'xml'], /--output: expected text, json, sarif/],
    [['bad.yaml', '-o', 'json=no/such/folder.json'], /no\/such\/folder\.json: cannot be written/],
    [['bad.yaml', '--fail-on', 'x'], /Allowed choices are never, deny, warn/],
    [['bad.yaml', '--expires', 'soon'], /--expires: expected a day/],
    [[], /expected files, folders, patterns, - for standard input, or -k FOLDER; found none/]
  ]
  for (const [args, message] of cases) {
    const { code, err } = pidguard(folder, ['validate', ...args])
    t.equal(code, 2, args.join(' '))
    t.match(err, message)
  }
})

void t.test('a baseline that was just written accepts everything', async (t) => {
  const folder = t.testdir(files)
  const written = pidguard(folder, ['validate', '--write-baseline', 'base.yaml', '--reason', 'later', 'bad.yaml'])
  t.equal(written.code, 0)
  t.match(written.err, /base\.yaml: 1 finding accepted until \d{4}-/)
  t.equal(pidguard(folder, ['validate', '--baseline', 'base.yaml', 'bad.yaml']).code, 0)
  writeFileSync(join(folder, 'bad.yaml'), files['bad.yaml'].replace('name: bad', 'name: worse'))
  t.equal(pidguard(folder, ['validate', '--baseline', 'base.yaml', 'bad.yaml']).code, 1)
})

void t.test('mutate writes files, and refuses what makes no sense', async (t) => {
  const pod =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, resources: {requests: {cpu: 1}}}]}\n'
  const folder = t.testdir({ 'pod.yaml': pod })
  const run = pidguard(folder, ['mutate', '--write', 'pod.yaml'])
  t.strictSame([run.code, run.out, run.err], [0, '', 'pod.yaml: 1 changed\n'])
  t.match(readFileSync(join(folder, 'pod.yaml'), 'utf8'), 'resources: {requests: {cpu: 1, memory: 32Mi}}')
  t.match(pidguard(folder, ['mutate', '--write', '-']).err, /--write: expected files/)
  t.match(
    pidguard(folder, ['mutate', '--diff', '--patch', 'pod.yaml']).err,
    /expected one of --diff, --patch and --write/
  )
})

void t.test('a reader that has seen enough is no error', async (t) => {
  const folder = t.testdir({
    'all.yaml': Array.from({ length: 2_000 }, (_, i) => deployment(`web-${i}`)).join('---\n')
  })
  const { stderr } = spawnSync('bash', ['-c', '"$0" "$1" validate all.yaml | head -1', process.execPath, program], {
    cwd: folder,
    encoding: 'utf8'
  })
  t.equal(stderr, '')
})

void t.test('--version and --help are answered, with or without the shortcut', async (t) => {
  const folder = t.testdir({})
  t.match(pidguard(folder, ['--version']).out, /^\d+\.\d+\.\d+\n$/)
  t.equal(pidguard(folder, ['-h']).out, pidguard(folder, ['--help']).out)
  t.match(pidguard(folder, ['validate', '--help']).out, '--namespace-labels')
})

const example = join(import.meta.dirname, '../../manifests/examples/snapshot.yaml')
const roomy = deployment('orders', { resources: '{requests: {cpu: 10m}}' })
/** Of 600 tasks each, for the fleet of the example: there is room for four. */
const threads = (replicas: number) =>
  roomy.replace(
    'spec:\n  template:\n',
    `spec:\n  replicas: ${replicas}\n  template:\n    metadata: {annotations: {pidguard.io/pids: '600'}}\n`
  )

void t.test('with a snapshot, the room for PIDs is checked as the webhook would', async (t) => {
  const folder = t.testdir({
    'four.yaml': threads(4),
    'five.yaml': threads(5),
    'broken.yaml': 'a: 1',
    'bad.yaml': files['bad.yaml']
  })
  const validate = (...args: string[]) => pidguard(folder, ['validate', ...args])
  t.equal(validate('--snapshot', example, 'four.yaml').code, 0)
  const five = validate('--snapshot', example, 'five.yaml')
  t.equal(five.code, 1)
  t.match(five.out, /five\.yaml:7:3/, 'the line of its replicas')
  t.match(five.out, /pid-headroom.*\n*.*5 pods of 600, room for 4; best of 3 nodes: worker-3 has 2604 PIDs free/)
  const without = validate('five.yaml')
  t.equal(without.code, 0)
  t.match(without.out, 'pid-headroom')
  t.match(without.out, 'headroom not known')
  t.notMatch(five.out, /not known|no LimitRange among the inputs/)
})

void t.test('objects are judged for the API server they are for, the newest by default', async (t) => {
  const pod = `apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  resources: {}
  containers: [{name: app, image: x, resources: {requests: {cpu: 10m, memory: 32Mi}}}]
`
  const folder = t.testdir({ 'pod.yaml': pod })
  const validate = (...args: string[]) => pidguard(folder, ['validate', 'pod.yaml', ...args])
  t.equal(validate().code, 0)
  t.equal(validate('--kubernetes-version', 'v1.20.2').code, 0)
  const older = validate('--kubernetes-version', '1.36')
  t.equal(older.code, 1)
  t.match(older.out, /pod\.yaml:5:3/)
  t.equal(validate('--kubernetes-version', 'latest').code, 2)
})

void t.test('facts that cannot be had are exit code 3, whatever the files hold', async (t) => {
  const folder = t.testdir({ 'bad.yaml': files['bad.yaml'], 'broken.yaml': 'a: 1' })
  const run = (...args: string[]) => pidguard(folder, ['validate', 'bad.yaml', ...args])
  const missing = run('--snapshot', 'none.yaml')
  t.equal(missing.code, 3)
  t.match(missing.err, /--snapshot none\.yaml: no such file or folder/)
  t.equal(run('--snapshot', 'broken.yaml').code, 3)
  const kubeconfig = join(import.meta.dirname, '../fixtures/kubeconfig.yaml')
  const unreachable = run('--kubeconfig', kubeconfig)
  t.equal(unreachable.code, 3)
  t.match(unreachable.err, /cannot be listed/)
  const both = run('--kubeconfig', kubeconfig, '--snapshot', example)
  t.equal(both.code, 2)
  t.match(both.err, /expected a snapshot or a cluster, found both/)
})
