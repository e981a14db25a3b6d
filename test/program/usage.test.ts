// What the built program says to a person who calls it wrongly, and where it says what it takes.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { deployment } from '../support/files.ts'
import { runIn as pidguard, program } from '../support/program.ts'

const files = { 'a.yaml': deployment('a') }

void t.test('a mistake in the call is one sentence, what to do, and exit code 2; no stack', async (t) => {
  const folder = t.testdir(files)
  const cases: readonly [readonly string[], RegExp][] = [
    [
      ['valdate', 'a.yaml'],
      /^pidguard: unknown command 'valdate'\n\(Did you mean validate\?\)\nRun pidguard --help for the verbs\.\n$/
    ],
    [
      ['validate', '--fial-on', 'warn'],
      /^pidguard: unknown option '--fial-on'\n\(Did you mean --fail-on\?\)\nRun pidguard validate --help/
    ],
    [['validate', '-n'], /^pidguard: option '-n, --namespace <name>' argument missing\nRun pidguard validate --help/],
    [['rules', 'best-efort'], /^pidguard: rules: no rule is called "best-efort"\nDid you mean best-effort\?/],
    [['rules', 'zzzzzzzzzzzzz'], /Run pidguard rules for the list\.\n$/],
    [
      ['try', '--server', 'http://127.0.0.1:8443', 'a.yaml'],
      /^pidguard: --server: expected https:\/\/HOST:PORT, found "http:\/\/127/
    ],
    [['try', '--server', '127.0.0.1:8443', 'a.yaml'], /^pidguard: --server: expected https:\/\/HOST:PORT/],
    [
      ['try', 'a.yaml'],
      /^pidguard: --ca certs\/ca\.crt: no such file or folder\nStart a server in this folder with npm start/
    ],
    [['try', 'a.yaml', '--ca', '.'], /^pidguard: --ca \.: cannot be read: EISDIR/],
    [['audit', 'nosuch.yaml'], /^pidguard: nosuch\.yaml: no such file or folder\n/],
    [['top', 'podz'], /^pidguard: command-argument value 'podz' is invalid/],
    [
      ['policy', 'check', 'nosuch.yaml'],
      /^pidguard: nosuch\.yaml: expected a policy document: no such file or folder\nName a policy file that is there/
    ],
    [['validate', 'a.yaml', '--policy', 'nosuch.yaml'], /Name a policy file that is there/],
    [
      ['validate', 'a.yaml', '-o', 'json=no/such/a.json'],
      /no\/such\/a\.json: cannot be written: [\s\S]*\nName a file in a folder that is there/
    ]
  ]
  for (const [args, said] of cases) {
    const { code, err } = pidguard(folder, args)
    t.equal(code, 2, args.join(' '))
    t.match(err, said)
    t.notMatch(err, /\n\s+at /)
  }
})

void t.test('one cause has one exit code, whatever verb meets it', async (t) => {
  const folder = t.testdir(files)
  for (const args of [['validate', 'a.yaml'], ['audit'], ['audit', 'a.yaml'], ['top', 'nodes']]) {
    const { code, err } = pidguard(folder, [...args, '--snapshot', 'nosuch'])
    t.strictSame([code, err.split('\n')[0]], [3, 'pidguard: --snapshot nosuch: no such file or folder'], args.join(' '))
  }
})

void t.test('every verb says its exit codes, and two things to type', async (t) => {
  const folder = t.testdir({})
  const { out } = pidguard(folder, ['--help'])
  const verbs = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, verb]) => verb as string)
  t.ok(verbs.length > 10)
  for (const verb of ['', ...verbs.filter((each) => each !== 'help' && each !== 'pidguard')]) {
    const help = pidguard(folder, [...(verb === '' ? [] : [verb]), '--help']).out
    t.match(help, /\nExamples:\n {2}.*pidguard.*\n {2}.*pidguard.*\n\nExit codes:\n {2}0 {2}/, verb)
  }
})

void t.test('version and completion are verbs', async (t) => {
  const folder = t.testdir({})
  t.match(pidguard(folder, ['version']), { code: 0, out: /^pidguard \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+\)\n$/ })
  for (const shell of ['bash', 'zsh', 'fish'])
    t.match(pidguard(folder, ['completion', shell]), { code: 0, out: /validate/ })
  t.equal(pidguard(folder, ['completion', 'csh']).code, 2)
})

void t.test('a policy is read from standard input too, and says what has expired', async (t) => {
  const folder = t.testdir(files)
  const policy =
    "apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {exemptions: [{rules: [best-effort], namespaces: [shop], reason: moves in spring, expires: '2020-01-31'}]}\n"
  const run = spawnSync(process.execPath, [program, 'policy', 'check', '-'], { input: policy, encoding: 'utf8' })
  t.equal(
    run.stdout,
    'stdin: a valid policy\nnote: an exemption of the policy has expired and no longer counts: "moves in spring" (last day 2020-01-31)\n'
  )
  writeFileSync(join(folder, 'policy.yaml'), policy)
  const checked = pidguard(folder, ['validate', 'a.yaml', '--policy', 'policy.yaml'])
  t.match(checked.out, 'note: an exemption of the policy has expired and no longer counts: "moves in spring"')
})

void t.test('an old snapshot says its age', async (t) => {
  const snapshot = 'apiVersion: pidguard.io/v1alpha1\nkind: NodeSnapshot\ntakenAt: 2020-01-01T10:00:30Z\nnodes: []\n'
  const folder = t.testdir({ ...files, 'old.yaml': snapshot })
  const said = /note: the snapshot is of 2020-01-01T10:00:30Z, \d+ years old/
  t.match(pidguard(folder, ['validate', 'a.yaml', '--snapshot', 'old.yaml']).out, said)
  t.match(pidguard(folder, ['audit', 'a.yaml', '--snapshot', 'old.yaml']).out, said)
  t.match(pidguard(folder, ['top', 'nodes', '--snapshot', 'old.yaml']).err, said)
})

void t.test('through npm run, paths are those of the person', async (t) => {
  const folder = t.testdir({ mine: files, package: {} })
  const env = { npm_package_name: 'pidguard', npm_lifecycle_event: 'pidguard', INIT_CWD: join(folder, 'mine') }
  t.match(pidguard(join(folder, 'package'), ['validate', 'a.yaml'], env), { code: 1, out: /a\.yaml:10:9/ })
})
