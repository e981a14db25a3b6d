// How the built program is given what it reads: flags of kubectl, builds, settings of a repository.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { deployment } from '../support/files.ts'
import { runIn as pidguard } from '../support/program.ts'

const good = deployment('good', { resources: '{requests: {cpu: 10m}}' })
const bad = deployment('bad')

/** A folder of the test with a program in it, to be the first in PATH. */
function bin(t: Test, name: string, script: string): string {
  const folder = join(t.testdirName, `bin-${name}`)
  mkdirSync(folder)
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return folder
}

void t.test('files are named as for kubectl, by arguments and flags together', async (t) => {
  const folder = t.testdir({ 'a.yaml': bad, deep: { 'b.yaml': good } })
  t.match(pidguard(folder, ['validate', '-f', 'a.yaml']), { code: 1, out: /^1 file, 1 object/m })
  t.match(pidguard(folder, ['validate', '-Rf', 'deep', 'a.yaml', '-f', 'a.yaml']), {
    code: 1,
    out: /^2 files, 2 objects/m
  })
  t.match(pidguard(folder, ['mutate', '-f', 'deep/b.yaml', '--diff']), { code: 0, out: '' })
})

void t.test('-k reads what kubectl or kustomize builds, and says where it came from', async (t) => {
  const folder = t.testdir({ overlay: { 'kustomization.yaml': 'resources: []' }, 'built.yaml': bad })
  const kubectl = bin(t, 'kubectl', '[ "$1 $2" = "kustomize overlay" ] && cat built.yaml')
  const run = pidguard(folder, ['validate', '-k', 'overlay'], { PATH: `${kubectl}:/bin:/usr/bin` })
  t.match(run, { code: 1, out: /--> kubectl kustomize overlay:10:9 .*\n.*made from overlay\/kustomization\.yaml/ })
  const github = pidguard(folder, ['validate', '-k', 'overlay', '-o', 'github'], { PATH: `${kubectl}:/bin:/usr/bin` })
  t.match(github.out, '::error file=overlay/kustomization.yaml,title=')
  t.match(pidguard(folder, ['validate', '-k', 'overlay'], { PATH: folder }), {
    code: 2,
    err: /-k overlay: expected kubectl or kustomize in PATH, found neither\n/
  })
})

void t.test('a kustomization that does not build is a mistake of the caller', async (t) => {
  const folder = t.testdir({})
  const path = bin(t, 'kustomize', 'echo "Error: no such directory" >&2; exit 1')
  t.match(pidguard(folder, ['validate', '-k', 'x'], { PATH: path }), {
    code: 2,
    err: /^pidguard: -k x: kustomize build failed: Error: no such directory\nFix the kustomization; kustomize build x shows/
  })
  t.match(pidguard(folder, ['mutate', '--write', '-k', 'x'], { PATH: bin(t, 'kubectl', 'exit 0') }), {
    code: 2,
    err: /--write: expected files, found kubectl kustomize x/
  })
})

void t.test('a repository says by .pidguard.yaml what it would say by flags, and flags go before it', async (t) => {
  const settings = 'failOn: never\nexclude: [old]\noutput: [text, json=out.json]\npolicy: policy.yaml\n'
  const policy = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {rules: {best-effort: warn}}\n'
  const folder = t.testdir({
    '.pidguard.yaml': settings,
    'policy.yaml': policy,
    'a.yaml': bad,
    old: { 'b.yaml': 'a: b: c' },
    new: { 'c.yaml': bad }
  })
  const run = pidguard(folder, ['validate', '.', '--exclude', 'new'])
  t.equal(run.code, 0)
  t.match(run.out, /^warn\[best-effort\]/)
  t.match(run.out, 'note: policy, exclude, failOn, output from .pidguard.yaml')
  t.match(run.out, 'note: 2 files and folders excluded')
  t.match(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')), { failOn: 'never' })
  t.equal(pidguard(folder, ['validate', 'a.yaml', '--fail-on', 'warn']).code, 1)
  t.equal(pidguard(folder, ['validate', 'a.yaml'], { PIDGUARD_FAIL_ON: 'warn' }).code, 1)
  writeFileSync(join(folder, '.pidguard.yaml'), 'failon: warn\n')
  t.match(pidguard(folder, ['validate', 'a.yaml']), {
    code: 2,
    err: /\.pidguard\.yaml: "failon" is no setting; is failOn meant\?/
  })
})

void t.test('--quiet prints what makes the exit code, and nothing when it is 0', async (t) => {
  const folder = t.testdir({ 'good.yaml': good, 'bad.yaml': bad })
  t.match(pidguard(folder, ['validate', '-q', 'good.yaml']), { code: 0, out: '', err: '' })
  const run = pidguard(folder, ['validate', '--quiet', 'bad.yaml'])
  t.match(run, { code: 1, out: /^deny\[best-effort\]/ })
  t.notMatch(run.out, /note:|skipped:/)
})

void t.test('a hook names what has changed: other files are passed over, and nothing is fine', async (t) => {
  const folder = t.testdir({
    'values.yaml': 'a: 1\n',
    'broken.yaml': 'apiVersion: v1\nkind: Pod: x\n',
    'other.yaml': 'a: b: c\n',
    web: { 'Chart.yaml': 'name: web\n', templates: { 'a.yaml': '{{- if .x }}\na: b\n' } },
    'bad.yaml': bad
  })
  const hook = (...paths: string[]) => pidguard(folder, ['validate', '--skip-other-files', ...paths])
  t.match(hook('values.yaml'), { code: 0, out: /note: no Kubernetes object in 1 file\n.*0 checked/ })
  t.match(hook('values.yaml', 'bad.yaml', 'web/templates/a.yaml'), {
    code: 1,
    out: /1 file holds no Kubernetes object, the first values\.yaml/
  })
  t.match(hook('web/templates/a.yaml'), { code: 0, out: /1 chart has templates that are not checked/ })
  t.match(hook(), { code: 0, out: /0 checked/ })
  t.match(hook('broken.yaml').code, 2)
  t.match(hook('other.yaml'), { code: 0, out: /1 document cannot be read and names no apiVersion and kind/ })
  t.match(hook('gone.yaml').code, 2)
  t.equal(pidguard(folder, ['validate', 'values.yaml']).code, 2)
})
