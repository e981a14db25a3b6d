import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatChecks } from '../support/audit-formats.ts'
import { type ProgramResult, runProgram } from '../support/program.ts'

const snapshot = join(import.meta.dirname, '../fixtures/snapshots/kubepods-full.yaml')

function audit(...args: readonly string[]): Promise<ProgramResult> {
  return runProgram(['audit', ...args], { ...process.env, NO_COLOR: '1', KUBECONFIG: '/no/such/file' })
}

const pod = (name: string, resources: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec: { containers: [{ name: 'app', image: 'example.com/app:1', resources }] }
})
const fine = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }

t.test('the drill, from a snapshot: who exploded first, the drift second', async (t) => {
  const { code, stdout, stderr } = await audit('--snapshot', snapshot)
  t.equal(code, 1)
  t.match(
    stdout,
    / 1\. pod-thread-outlier: Deployment default\/boom: [^\n]*\n[^\n]*\n 2\. node-kubepods-drift: Node node-a/
  )
  t.match(stdout, /^Audit of .*kubepods-full.yaml, 2026-11-21T10:55:30.000Z$/m, 'as it was then')
  t.equal(stderr, '', 'no progress where nobody watches')
})

t.test(
  'files beside a snapshot: it speaks of all they do not have, and what stands in two of them counts once',
  async (t) => {
    const file = JSON.stringify(pod('a'))
    const folder = t.testdir({ 'a.json': file, 'again.json': file })
    const { stdout } = await audit('--snapshot', snapshot, folder)
    t.match(stdout, / 1\. pod-thread-outlier: Deployment default\/boom: /)
    t.match(stdout, /note: 1 repeat of objects left out, the first of Pod shop\/a: /)
    const found = stdout.split('\n').filter((line) => line.includes('best-effort') && line.includes('shop/a'))
    t.equal(new Set(found).size, found.length, 'no finding is told twice')
  }
)

t.test('every format at once, each to its file; the JSON is what its schema says', async (t) => {
  const folder = t.testdir({})
  const formats = Object.keys(formatChecks)
  t.equal(formats.length, 8)
  const outputs = formats.flatMap((format) => ['-o', `${format}=${join(folder, format)}`])
  const { code, stdout } = await audit('--snapshot', snapshot, ...outputs)
  t.equal(code, 1)
  t.equal(stdout, '')
  const written = Object.fromEntries(formats.map((format) => [format, readFileSync(join(folder, format), 'utf8')]))
  const report = JSON.parse(written['json'] ?? '')
  for (const format of formats) {
    t.strictSame(await formatChecks[format]?.(written[format] ?? '', report), [], format)
  }
  const gone = { ...report, findings: [...report.findings, { ...report.findings[0], ruleId: 'another' }] }
  for (const format of ['json', 'sarif', 'markdown', 'csv', 'html', 'totals']) {
    t.not((await formatChecks[format]?.(written[format] ?? '', gone))?.length, 0, `${format} lacks a finding`)
  }
})

t.test('exit codes tell clean, found, wrong and not complete apart', async (t) => {
  const folder = t.testdir({
    'fine.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod('a', fine)] }),
    'bad.json': JSON.stringify(pod('b')),
    'broken.yaml': 'kind: [',
    'none.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}',
    'outlier.yaml': 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {rules: {pod-thread-outlier: off}}'
  })
  const at = (name: string) => join(folder, name)
  const cases: [string, number, string[]][] = [
    ['clean', 0, [at('fine.json')]],
    ['found', 1, [at('bad.json')]],
    ['found, below the threshold', 0, [at('bad.json'), '--fail-on', 'never']],
    ['part of it broken', 4, [at('fine.json'), at('broken.yaml')]],
    ['part of it not there', 4, [at('fine.json'), at('gone.yaml')]],
    ['nothing to look at', 2, [at('none.yaml')]],
    ['no cluster', 2, []],
    ['no such format', 2, [at('fine.json'), '-o', 'xml']],
    ['an earlier report that is none', 2, [at('fine.json'), '--since', at('fine.json')]],
    ['reports of a dump, which has no place for them', 2, [at('fine.json'), '--report-objects']],
    ['readings of a snapshot that is not named', 2, ['--readings', 'snapshot']],
    ['calls a second that are no count', 2, [at('fine.json'), '--kube-api-qps', '-1']],
    ['no such snapshot', 3, ['--snapshot', at('gone.yaml')]]
  ]
  for (const [name, want, args] of cases) {
    const { code, stderr } = await audit(...args, '--policy', at('outlier.yaml'))
    t.equal(code, want, `${name}: ${stderr}`)
  }
})

t.test('against an earlier report: only what is new makes it fail', async (t) => {
  const folder = t.testdir({ 'a.json': JSON.stringify(pod('a')) })
  const [dump, earlier] = [join(folder, 'a.json'), join(folder, 'earlier.json')]
  await audit(dump, '-o', `json=${earlier}`)
  const same = await audit(dump, '--since', earlier)
  t.equal(same.code, 0)
  t.match(same.stdout, /since .*: 0 new, 1 unchanged, 0 fixed/)
  writeFileSync(dump, JSON.stringify(pod('b')))
  const other = await audit(dump, '--since', earlier)
  t.equal(other.code, 1)
  t.match(other.stdout, /since .*: 1 new, 0 unchanged, 1 fixed/)
})

t.test('a file that cannot be read has fixed nothing', async (t) => {
  const folder = t.testdir({ 'a.json': JSON.stringify(pod('a')), 'b.json': JSON.stringify(pod('b', fine)) })
  const earlier = join(folder, 'earlier.json')
  await audit(folder, '-o', `json=${earlier}`)
  writeFileSync(join(folder, 'a.json'), JSON.stringify(pod('a')).slice(0, 100))
  const { code, stdout } = await audit(folder, '--since', earlier)
  t.equal(code, 4)
  t.match(stdout, /since .*: 0 new, 0 unchanged, 0 fixed, 1 not looked for/)
})
