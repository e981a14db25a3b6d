// The release: its workflow, and every step of it that can run elsewhere.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { version } from '../../src/host/version.ts'
import { helm } from '../support/helm.ts'
import { importsOf, projectFolder, sourceOf } from '../support/sources.ts'

const image = 'ghcr.io/example/pidguard'
const digest = `sha256:${'a1'.repeat(32)}`
const script = (name: string, root = projectFolder): string => join(root, '.ci/release', name)

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...env } })
  return { status, stdout, stderr }
}

/** What the scripts read, in a folder of its own. */
function copyOf(t: Test): string {
  const root = join(t.testdir({ project: {} }), 'project')
  const names = [
    'package.json',
    'package-lock.json',
    'CHANGELOG.md',
    'Dockerfile',
    'LICENSE',
    'README.md',
    '.ci/release'
  ]
  for (const name of [...names, 'src/host/version.ts', 'manifests/base', 'manifests/chart/Chart.yaml'])
    cpSync(join(projectFolder, name), join(root, name), { recursive: true })
  return root
}

function change(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8')
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`${file}: expected ${from}, found none`)
  writeFileSync(file, changed)
}

void t.test('chart, manifests, program, image and changelog say one version', async (t) => {
  t.strictSame(run(script('versions'), []), { status: 0, stdout: `${version}\n`, stderr: '' })
})

const places = [
  ['src/host/version.ts', /'[\d.]+'/, "'9.9.9'"],
  ['Dockerfile', /^ARG VERSION=.*$/m, 'ARG VERSION=9.9.9'],
  ['manifests/chart/Chart.yaml', /^version: .*$/m, 'version: 9.9.9'],
  ['manifests/chart/Chart.yaml', /^appVersion: .*$/m, 'appVersion: 9.9.9'],
  ['manifests/base/deployment.yaml', /image: pidguard:[\d.]+/, 'image: pidguard:9.9.9'],
  ['manifests/base/controller.yaml', /image: pidguard:[\d.]+/, 'image: pidguard:9.9.9'],
  ['CHANGELOG.md', /^## .*$/m, '## 9.9.9']
] as const
for (const [file, from, to] of places) {
  void t.test(`another version in ${file} is found: ${to}`, async (t) => {
    const root = copyOf(t)
    change(join(root, file), from, to)
    const { status, stderr } = run(script('versions', root), [])
    t.equal(status, 1)
    t.match(stderr, file)
    t.match(stderr, '9.9.9')
  })
}

void t.test('a tag has to be of the version, and of one that the changelog calls released', async (t) => {
  const root = copyOf(t)
  change(join(root, 'CHANGELOG.md'), /^## .*$/m, `## ${version}, 2026-12-01`)
  t.match(run(script('versions', root), [`v${version}`]), { status: 0 })
  t.match(run(script('versions', root), ['v9.9.9']), { status: 1, stderr: /the tag is v9\.9\.9/ })
  change(join(root, 'CHANGELOG.md'), /^## .*$/m, `## ${version}, not released`)
  t.match(run(script('versions', root), [`v${version}`]), { status: 1, stderr: /not released/ })
})

void t.test('the notes are what the changelog says of this version alone', async (t) => {
  const root = copyOf(t)
  writeFileSync(join(root, 'CHANGELOG.md'), `# Changelog\n\n## ${version}, 2026-12-01\n\n- new\n\n## 0.0.1\n\n- old\n`)
  t.strictSame(run(script('notes', root), []).stdout.trim(), '- new')
})

void t.test('the base is asked for by its tag, and named by its digest', async (t) => {
  const folder = t.testdir({
    docker: `#!/bin/sh\n[ "$*" = "buildx imagetools inspect --format {{.Manifest.Digest}} docker.io/library/node:24-slim" ] && echo "$ANSWER"\n`
  })
  chmodSync(join(folder, 'docker'), 0o755)
  const env = { PATH: `${folder}:${process.env['PATH']}` }
  t.match(run(script('base-image'), [], { ...env, ANSWER: digest }), {
    status: 0,
    stdout: `docker.io/library/node@${digest}\n`
  })
  t.match(run(script('base-image'), [], { ...env, ANSWER: 'latest' }), {
    status: 1,
    stdout: '',
    stderr: /expected a digest/
  })
})

void t.test('the Dockerfile has its base by digest, and its image no shell and no npm', async (t) => {
  const text = readFileSync(join(projectFolder, 'Dockerfile'), 'utf8')
  t.match(text, /^ARG NODE_IMAGE=docker\.io\/library\/node@sha256:[0-9a-f]{64}$/m)
  t.strictSame(text.match(/^FROM .*$/gm), [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as the Dockerfile spells it
    'FROM ${NODE_IMAGE} AS build',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as the Dockerfile spells it
    'FROM ${NODE_IMAGE} AS program',
    'FROM scratch'
  ])
})

void t.test('the manifests are packed with the image of the release, the same bytes each time', async (t) => {
  const folder = t.testdir({ a: {}, b: {} })
  const name = `pidguard-manifests-${version}.tar.gz`
  const packed = ['a', 'b'].map((each) => {
    const { status, stderr } = run(script('manifests'), [join(folder, each), image, digest], { SOURCE_DATE_EPOCH: '1' })
    t.equal(status, 0, stderr)
    return readFileSync(join(folder, each, name))
  })
  t.ok(packed[0]?.equals(packed[1] ?? Buffer.alloc(0)))
  execFileSync('tar', ['xzf', join(folder, 'a', name), '-C', folder])
  const base = join(folder, `pidguard-${version}/manifests/base`)
  const images = readdirSync(base)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => readFileSync(join(base, file), 'utf8').match(/image: .*/g) ?? [])
  t.strictSame([...new Set(images)], [`image: ${image}@${digest}`])
  t.equal(images.length, 2)
})

void t.test(
  'the chart has the image of the release as its default',
  { skip: helm === undefined && 'no helm' },
  async (t) => {
    const folder = t.testdir({ out: {} })
    const { status, stderr } = run(script('chart'), [join(folder, 'out'), image, digest], { HELM: helm })
    t.equal(status, 0, stderr)
    const chart = join(folder, `out/pidguard-${version}.tgz`)
    const rendered = execFileSync(helm ?? '', ['template', 'pidguard', chart], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    const images = parseAllDocuments(rendered)
      .map((document) => document.toJS()?.spec?.template?.spec?.containers?.[0]?.image)
      .filter((each) => each !== undefined)
    t.strictSame([...new Set(images)], [`${image}@${digest}`])
  }
)

/** The workflows, and the action that others use. */
const workflows = [
  ...readdirSync(join(projectFolder, '.github/workflows')).map((name) => `.github/workflows/${name}`),
  '.ci/action/action.yml'
]

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly steps: readonly Step[]
  readonly permissions?: unknown
  readonly 'timeout-minutes'?: number
}

for (const file of workflows) {
  void t.test(`${file}: actions by commit, nothing spliced into a script, nothing left that pushes`, async (t) => {
    const text = readFileSync(join(projectFolder, file), 'utf8')
    const { jobs, runs, permissions } = parse(text) as {
      jobs?: Readonly<Record<string, Job>>
      runs?: Job
      permissions?: unknown
    }
    const all = [...Object.values(jobs ?? {}), ...(runs === undefined ? [] : [runs])]
    const steps = all.flatMap((job) => job.steps)
    t.ok(steps.length > 0)
    for (const line of text.match(/^.*\buses:.*$/gm) ?? [])
      t.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    for (const { run } of steps) t.notMatch(run ?? '', /\$\{\{(?! github\.action_path )/)
    for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@') === true))
      t.equal(step.with?.['persist-credentials'], false)
    if (jobs === undefined) return
    t.strictSame(permissions, { contents: 'read' })
    for (const job of all) t.type(job['timeout-minutes'], 'number')
  })
}

void t.test('each script of the release is called by its workflow, and the other way round', async (t) => {
  const text = readFileSync(join(projectFolder, '.github/workflows/release.yml'), 'utf8')
  const called = new Set([...text.matchAll(/\.ci\/release\/([a-z-]+)/g)].map(([, name]) => name ?? ''))
  const scripts = readdirSync(join(projectFolder, '.ci/release'))
  t.strictSame([...called].toSorted(), scripts.toSorted())
  for (const name of scripts) t.ok((statSync(script(name)).mode & 0o111) !== 0, `${name} can be run`)
})

void t.test('checksums and the krew manifest fit the files, and krew finds a program that runs', async (t) => {
  const root = copyOf(t)
  const out = join(root, 'out')
  mkdirSync(join(root, 'dist'))
  writeFileSync(join(root, 'dist/main.js'), "#!/usr/bin/env node\nimport './part.js'\n", { mode: 0o755 })
  writeFileSync(join(root, 'dist/part.js'), "console.log('it runs')\n")
  const { status, stderr } = run(script('cli', root), [out], { PACK_FLAGS: '--ignore-scripts' })
  t.equal(status, 0, stderr)
  const tarball = join(out, `pidguard-${version}.tgz`)
  const bom = JSON.parse(readFileSync(join(out, `pidguard-${version}.sbom.cdx.json`), 'utf8'))
  t.ok(bom.components.some((each: { name: string }) => each.name === 'undici'))
  t.notOk(bom.components.some((each: { name: string }) => each.name === 'tap'))
  const url = `https://example.com/pidguard-${version}.tgz`
  const krew = run(script('krew', root), [tarball, url, 'https://example.com'])
  t.equal(krew.status, 0, krew.stderr)
  writeFileSync(join(out, 'krew.yaml'), krew.stdout)
  t.equal(run(script('checksums', root), [out]).status, 0)
  t.equal(run('sh', ['-c', `cd ${out} && sha256sum --check --strict SHA256SUMS`]).status, 0)
  const manifest = parse(krew.stdout)
  const [platform] = manifest.spec.platforms
  t.equal(manifest.spec.version, `v${version}`)
  t.equal(platform.sha256, createHash('sha256').update(readFileSync(tarball)).digest('hex'))
  t.equal(platform.uri, url)
  // As krew installs it: the files moved as listed, and a link of the plugin's name to the program.
  execFileSync('tar', ['xzf', tarball, '-C', out])
  const installed = join(root, 'installed')
  mkdirSync(installed)
  for (const { from, to } of platform.files as readonly { from: string; to: string }[]) {
    mkdirSync(join(installed, to), { recursive: true })
    execFileSync('sh', ['-c', `cp -r ${join(out, from)} ${join(installed, to)}/`])
  }
  symlinkSync(join(installed, platform.bin), join(root, 'kubectl-pidguard'))
  t.equal(run(join(root, 'kubectl-pidguard'), []).stdout, 'it runs\n')
})

/** What the steps of the workflow call and this machine has not, or must not do: each notes its arguments. */
const notedPrograms: Readonly<Record<string, string>> = {
  docker: `case "$*" in
  *imagetools*) echo ${digest} ;;
  'buildx build'*) echo '{"containerimage.digest": "${digest}"}' >image.json ;;
esac`,
  cosign: 'case "$*" in *--bundle*) echo signed >"$4" ;; esac',
  gh: ''
}

void t.test(
  'every script of the workflow runs as it is written, up to what leaves the machine',
  { skip: helm === undefined && 'no helm' },
  async (t) => {
    const root = copyOf(t)
    change(join(root, 'CHANGELOG.md'), /^## .*$/m, `## ${version}, 2026-12-01`)
    for (const path of ['manifests', '.github/workflows/release.yml'])
      cpSync(join(projectFolder, path), join(root, path), { recursive: true })
    mkdirSync(join(root, 'dist'))
    writeFileSync(join(root, 'dist/main.js'), "console.log('it runs')\n", { mode: 0o755 })
    const programs = join(root, 'programs')
    const calls = join(root, 'calls')
    mkdirSync(programs)
    const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
    const all = {
      ...notedPrograms,
      helm: `case "$1" in push) echo "Digest: ${digest}" ;; registry) ;; *) exec ${helm} "$@" ;; esac`,
      // The packages of this copy are those of the project: none has to be installed.
      npm: `case "$*" in *setup|'run check') ;; *) exec ${npm} "$@" ;; esac`
    }
    for (const [name, lines] of Object.entries(all)) {
      // Who logs in writes into it, and must find a reader.
      const reads = 'case "$*" in *--password-stdin*) cat >/dev/null ;; esac'
      const text = `#!/bin/sh\necho "${name} $*" >>${calls}\n${reads}\n${lines}\n`
      writeFileSync(join(programs, name), text, { mode: 0o755 })
    }
    const outputs = join(root, 'outputs')
    const env = {
      PATH: `${programs}:${process.env['PATH']}`,
      PACK_FLAGS: '--ignore-scripts',
      PUBLISH: 'true',
      TAG: `v${version}`,
      OWNER: 'Example',
      TOKEN: 'none',
      IMAGE: image,
      VERSION: version,
      DIGEST: digest,
      PAGE: 'https://example.com/pidguard',
      GITHUB_OUTPUT: outputs,
      GITHUB_STEP_SUMMARY: join(root, 'summary'),
      GITHUB_ACTOR: 'somebody',
      GITHUB_REF: `refs/tags/v${version}`,
      GITHUB_REPOSITORY: 'Example/pidguard',
      GITHUB_SHA: 'abc'
    }
    const { jobs } = parse(readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')) as {
      jobs: Readonly<Record<string, Job>>
    }
    for (const { steps } of Object.values(jobs)) {
      for (const step of steps.filter((each) => each.run !== undefined)) {
        // As the runner starts them.
        const { status, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', step.run ?? ''], {
          cwd: root,
          env: { ...process.env, ...env },
          encoding: 'utf8'
        })
        t.equal(status, 0, `${step.name}: ${stderr}`)
      }
    }
    t.strictSame(readFileSync(outputs, 'utf8').trim().split('\n'), [
      `version=${version}`,
      `image=${image}`,
      `digest=${digest}`
    ])
    const called = readFileSync(calls, 'utf8').split('\n')
    const files = ['SHA256SUMS', 'SHA256SUMS.sigstore.json', 'krew.yaml', `pidguard-${version}.sbom.cdx.json`]
    const packed = [`pidguard-${version}.tgz`, `pidguard-manifests-${version}.tar.gz`]
    t.strictSame(readdirSync(join(root, 'out')).sort(), [...files, ...packed].sort())
    for (const line of [
      `cosign sign --yes ${image}@${digest}`,
      `helm push chart/pidguard-${version}.tgz oci://ghcr.io/example/charts`,
      `cosign sign --yes ghcr.io/example/charts/pidguard@${digest}`
    ])
      t.ok(called.includes(line), line)
    const published = called.find((line) => line.startsWith('gh release create'))
    for (const name of [...files, ...packed]) t.match(published, `out/${name}`)
    const [build] = called.filter((line) => line.startsWith('docker buildx build'))
    t.match(build, `NODE_IMAGE=docker.io/library/node@${digest}`)
    t.match(build, '--platform linux/amd64,linux/arm64')
  }
)

/** The packages that a file of src loads, by itself or by what it imports, also later. */
function packagesOf(start: string): Set<string> {
  const [files, packages] = [new Set([start]), new Set<string>()]
  for (const file of files)
    for (const { from, isType } of importsOf(sourceOf(file))) {
      if (isType || from.startsWith('node:')) continue
      if (from.startsWith('.')) files.add(normalize(join(file, '..', from)))
      else packages.add(from)
    }
  return packages
}

void t.test('the processes in the cluster load no library for JSON patches or YAML edits', async (t) => {
  for (const start of ['serve/serve.ts', 'serve/controller/controller.ts']) {
    const packages = packagesOf(start)
    t.ok(packages.has('fastify'), 'imports are found')
    t.strictSame(
      ['fast-json-patch', 'diff', 'commander'].filter((each) => packages.has(each)),
      [],
      start
    )
  }
  t.ok(packagesOf('commands/mutate.ts').has('fast-json-patch'), 'mutate proves its edits by it')
})
