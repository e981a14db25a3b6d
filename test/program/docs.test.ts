import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commandsOf, userPages } from '../support/pages.ts'
import { projectFolder } from '../support/sources.ts'

/** A folder with the files that the pages name, and a PATH with what they call. There is no cluster. */
const folder = t.testdir({ bin: {}, manifests: {}, overlays: { prod: {} }, dump: {}, chart: {} })
const example = (name: string): string => join(projectFolder, 'manifests/examples', name)
for (const copy of ['manifests/web.yaml', 'overlays/prod/web.yaml', 'dump/web.yaml']) {
  copyFileSync(example('first-look.yaml'), join(folder, copy))
}
copyFileSync(example('snapshot.yaml'), join(folder, 'nodes.yaml'))
for (const copy of ['my-policy.yaml', 'new.yaml']) copyFileSync(example('policy-nft.yaml'), join(folder, copy))
const renders = `cat ${example('first-look.yaml')}`
const programs = {
  pidguard: `exec '${process.execPath}' '${join(projectFolder, 'dist/main.js')}' "$@"`,
  helm: renders,
  kubectl: renders,
  kustomize: renders
}
mkdirSync(join(folder, 'home/.kube'), { recursive: true })
// Nothing listens there.
writeFileSync(
  join(folder, 'home/.kube/config'),
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x'
  })
)
for (const [name, text] of Object.entries(programs)) {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`)
  chmodSync(join(folder, 'bin', name), 0o755)
}

function run(command: string): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: join(folder, 'home') }
  })
  return { code: status, output: `${stdout}${stderr}` }
}

/** Those that end without a server: pidguard, alone or after a pipe. */
const commands = userPages.flatMap(commandsOf).filter(({ command }) => /(^|\| )pidguard /.test(command))

void t.test('every command of the pages that starts pidguard is one, as it stands there', async (t) => {
  run('pidguard audit -o json=monday.json dump/ --snapshot nodes.yaml')
  for (const { page, command } of commands) {
    const { code, output } = run(command)
    // 2 is wrong usage, or an input that cannot be read. Without a cluster, what needs one ends with 3.
    t.ok(code !== null && [0, 1, 3, 4].includes(code), `${page}: ${command}: ${code} ${output.slice(0, 400)}`)
    t.notMatch(output, /\n {4}at /, `${page}: ${command} prints no stack`)
  }
  t.ok(commands.length > 15, `${commands.length} commands`)
})

void t.test('what the pages start by npm is a script of this project', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const started = userPages
    .flatMap(commandsOf)
    .map(({ command }) => /^npm (?:run (?:-s )?)?([\w:]+)/.exec(command)?.[1])
    .filter((name) => name !== undefined)
  for (const name of started) t.ok(name in scripts, name)
  t.ok(started.length > 1)
})
