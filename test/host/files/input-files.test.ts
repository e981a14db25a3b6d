import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildInputs, rewriteText } from '../../../src/host/files/input-files.ts'
import type { InputFile } from '../../../src/input/inputs.ts'

function folder(t: Test): string {
  const root = t.testdir({
    'a.yaml': 'a',
    'b.yml': 'b',
    'c.json': 'c',
    'notes.md': 'no',
    '.git': { 'x.yaml': 'no' },
    node_modules: { 'x.yaml': 'no' },
    deep: { 'd.YAML': 'd' }
  })
  return root
}

function read(path: string): string {
  const inputs = buildInputs()
  return inputs
    .find([path])
    .files.map((file) => [...inputs.chunks(file)].join(''))
    .join('|')
}

void t.test('a folder stands for its manifests, deep and in order, without .git and node_modules', async (t) => {
  const root = folder(t)
  const { files, problems } = buildInputs().find([root])
  t.strictSame(
    files.map(({ path }) => path),
    ['a.yaml', 'b.yml', 'c.json', 'deep/d.YAML'].map((name) => join(root, name))
  )
  t.ok(files.every(({ isNamed }) => !isNamed))
  t.strictSame(problems, [])
})

void t.test('a file that is named counts whatever it is called, and once', async (t) => {
  const root = folder(t)
  const { files } = buildInputs().find([root, join(root, 'notes.md'), join(root, 'a.yaml')])
  t.equal(files.length, 5)
  t.strictSame(
    files.filter(({ isNamed }) => isNamed).map(({ path }) => path),
    [join(root, 'a.yaml'), join(root, 'notes.md')]
  )
})

void t.test('a pattern is resolved where the shell did not', async (t) => {
  const root = folder(t)
  t.strictSame(
    buildInputs()
      .find([join(root, '**/*.yaml')])
      .files.map(({ path }) => path).length >= 1,
    true
  )
  t.match(buildInputs().find([join(root, '*.toml')]).problems, [{ message: 'no file matches this pattern' }])
})

void t.test('what cannot be found or read is told, the rest is found', async (t) => {
  const root = folder(t)
  symlinkSync('loop.yaml', join(root, 'loop.yaml'))
  symlinkSync('..', join(root, 'deep/up'))
  symlinkSync('nowhere', join(root, 'gone.yaml'))
  const { files, problems } = buildInputs().find([join(root, 'missing.yaml'), root])
  t.equal(files.length, 4, 'a folder that leads back up is read once')
  t.strictSame(
    problems.map(({ path, message }) => `${path.slice(root.length + 1)}: ${message}`),
    [
      'missing.yaml: no such file or folder',
      'gone.yaml: no such file or folder',
      'loop.yaml: a symbolic link that leads to itself'
    ]
  )
})

void t.test('a file without permission is told with its reason', { skip: process.getuid?.() === 0 }, async (t) => {
  const root = folder(t)
  chmodSync(join(root, 'a.yaml'), 0)
  t.throws(() => read(join(root, 'a.yaml')), { message: 'cannot be read: permission denied' })
})

void t.test('a file that went away since is told', async (t) => {
  const inputs = buildInputs()
  t.throws(() => [...inputs.chunks({ path: join(t.testdirName, 'none'), isNamed: true, size: 1, isOnce: false })], {
    message: 'no such file or folder'
  })
  t.throws(() => [...inputs.chunks({ path: join(t.testdirName, 'none'), isNamed: true, size: 0, isOnce: false })], {
    message: 'no such file or folder'
  })
})

void t.test('marks at the start are left out, UTF-16 of Windows is understood', async (t) => {
  const root = t.testdir()
  const files = {
    'utf8.yaml': Buffer.from('\ufeffa: ü\n'),
    'utf16.yaml': Buffer.from('\ufeffa: ü\n', 'utf16le'),
    'plain.yaml': Buffer.from('a: ü\n')
  }
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(root, name), bytes)
    t.equal(read(join(root, name)), 'a: ü\n', name)
  }
})

void t.test('a large file is read in pieces, characters kept whole', async (t) => {
  const root = t.testdir()
  const text = 'ü'.repeat(5_000_000)
  writeFileSync(join(root, 'large.yaml'), text)
  const inputs = buildInputs()
  const [file] = inputs.find([join(root, 'large.yaml')]).files
  t.ok(file)
  if (file === undefined) return
  const pieces = [...inputs.chunks(file)]
  t.ok(pieces.length > 2)
  t.ok(pieces.join('') === text)
})

void t.test('the current folder is shown without its dot', async (t) => {
  const root = t.testdir({ 'a.yaml': 'a' })
  mkdirSync(join(root, 'sub'))
  const before = process.cwd()
  t.teardown(() => process.chdir(before))
  process.chdir(root)
  t.strictSame(
    buildInputs()
      .find(['.'])
      .files.map(({ path }) => path),
    ['a.yaml']
  )
})

void t.test('a pipe can be read again, as often as it takes', { skip: process.platform === 'win32' }, async (t) => {
  const pipe = join(t.testdir(), 'pipe')
  t.equal(spawnSync('sh', ['-c', 'mkfifo "$0"', pipe]).status, 0)
  // Opening a pipe waits for its other end, so the writer opens it itself.
  const writer = spawn('sh', ['-c', 'exec >"$0"; printf "a: 1\\n---\\n"; sleep 0.05; printf "b: 2\\n"', pipe])
  t.teardown(() => writer.kill())
  const inputs = buildInputs()
  const [file] = inputs.find([pipe]).files
  t.match(file, { isOnce: true, size: 0 })
  const texts = [1, 2, 3].map(() => [...inputs.chunks(file as InputFile)].join(''))
  t.strictSame(texts, Array(3).fill('a: 1\n---\nb: 2\n'))
})

void t.test('one file by two ways is one file', async (t) => {
  const root = folder(t)
  symlinkSync('a.yaml', join(root, 'z.yaml'))
  const names = [join(root, 'a.yaml'), `${root}/./a.yaml`, join(root, 'z.yaml'), root]
  const { files } = buildInputs().find(names)
  t.strictSame(
    files.map(({ path }) => path.slice(root.length + 1)),
    ['a.yaml', 'b.yml', 'c.json', 'deep/d.YAML']
  )
})

void t.test('standard input has several names and is read once', async (t) => {
  const { files } = buildInputs().find(['-', '/dev/stdin'])
  t.strictSame(
    files.map(({ path }) => path),
    ['-']
  )
})

void t.test('a link is followed inside the folders that were named, and never out of them', async (t) => {
  const root = t.testdir({ repo: { 'a.yaml': 'a', sub: {} }, outside: { 'secret.yaml': 's' } })
  symlinkSync('../outside/secret.yaml', join(root, 'repo/secret.yaml'))
  symlinkSync('../../outside', join(root, 'repo/sub/out'))
  symlinkSync('a.yaml', join(root, 'repo/b.yaml'))
  const { files, problems } = buildInputs().find([join(root, 'repo')])
  t.equal(files.length, 1)
  t.strictSame(
    problems.map(({ path }) => path.slice(root.length + 1)),
    ['repo/secret.yaml', 'repo/sub/out']
  )
  t.match(problems[0]?.message, /^a symbolic link that leads out of .*repo; name .*outside\/secret\.yaml to check it$/)
  t.equal(buildInputs().find([join(root, 'repo'), join(root, 'outside')]).problems.length, 0)
  const before = process.cwd()
  t.teardown(() => process.chdir(before))
  process.chdir(join(root, 'repo'))
  t.match(buildInputs().find(['secret.yaml']).problems, [{ message: /leads out of the working directory/ }])
  t.equal(buildInputs().find(['../outside/secret.yaml']).files.length, 1, 'a path that a person wrote is meant')
})

void t.test('hidden files and folders are read as kubectl does; .git and node_modules are not', async (t) => {
  const root = t.testdir({
    '.be.yaml': 'a',
    '.hidden': { 'b.yaml': 'b' },
    '.git': { 'x.yaml': '' },
    node_modules: { 'x.yaml': '' }
  })
  t.strictSame(
    buildInputs()
      .find([root])
      .files.map(({ path }) => path.slice(root.length + 1)),
    ['.be.yaml', '.hidden/b.yaml']
  )
})

void t.test('bytes that are not UTF-8 are refused, a replacement character that is written is not', async (t) => {
  const root = t.testdir()
  writeFileSync(join(root, 'latin1.yaml'), Buffer.from('a: \u00fc\n', 'latin1'))
  writeFileSync(join(root, 'replaced.yaml'), 'a: \ufffd\n')
  const large = Buffer.concat([Buffer.alloc(5_000_000, 'a'), Buffer.from([0xfc, 0x0a])])
  writeFileSync(join(root, 'large.yaml'), large)
  for (const name of ['latin1.yaml', 'large.yaml']) {
    t.throws(() => read(join(root, name)), { message: /^bytes that are not UTF-8/ }, name)
  }
  t.equal(read(join(root, 'replaced.yaml')), 'a: \ufffd\n')
})

void t.test('a file is written again in the encoding it has', async (t) => {
  const root = t.testdir()
  const file = join(root, 'a.yaml')
  for (const [before, after] of [
    [Buffer.from('a'), Buffer.from('b')],
    [Buffer.from('\ufeffa'), Buffer.from('\ufeffb')],
    [Buffer.from('\ufeffa', 'utf16le'), Buffer.from('\ufeffb', 'utf16le')]
  ] as const) {
    writeFileSync(file, before)
    rewriteText(file, 'b')
    t.strictSame(readFileSync(file), after)
  }
})

void t.test('templates of a chart are one note, unless somebody names them', async (t) => {
  const root = t.testdir({
    web: {
      'Chart.yaml': 'name: web',
      'values.yaml': 'a: 1',
      templates: { 'a.yaml': '{{ x }}', tests: { 'b.yaml': '{{ x }}' } },
      charts: { db: { 'Chart.yaml': 'name: db', templates: { 'c.yaml': '{{ x }}' } } },
      crds: { 'crd.yaml': 'c' }
    },
    plain: { templates: { 'd.yaml': 'd' } }
  })
  const names = (paths: readonly string[], options = {}) => {
    const { files, notes } = buildInputs(options).find(paths.map((path) => join(root, path)))
    return { files: files.map(({ path }) => path.slice(root.length + 1)), notes }
  }
  const all = names(['.'])
  t.strictSame(all.files, [
    'plain/templates/d.yaml',
    'web/Chart.yaml',
    'web/charts/db/Chart.yaml',
    'web/crds/crd.yaml',
    'web/values.yaml'
  ])
  t.match(all.notes, [/^2 charts have templates .*helm template .*\/web \| pidguard validate -$/])
  t.strictSame(names(['web/**/*.yaml']).notes.length, 1)
  t.strictSame(names(['web/templates']).files, ['web/templates/a.yaml', 'web/templates/tests/b.yaml'])
  t.strictSame(names(['web/templates/a.yaml']), { files: ['web/templates/a.yaml'], notes: [] })
  t.strictSame(names(['web/templates/a.yaml'], { skipsOthers: true }).files, [], 'a hook names whatever has changed')
})

void t.test(
  'what a kustomization puts into others is no object, also where the kustomization was not named',
  async (t) => {
    const root = t.testdir({
      base: { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': 'a' },
      overlay: {
        'kustomization.yml':
          'resources: [../base, both.yaml]\npatches: [{path: patch.yaml}, {path: deep/p.yaml}, {path: both.yaml}]',
        'patch.yaml': 'p',
        'both.yaml': 'b',
        deep: { 'p.yaml': 'p' }
      }
    })
    const names = (...paths: string[]) => {
      const { files, notes } = buildInputs().find(paths.map((path) => join(root, path)))
      return { files: files.map(({ path }) => path.slice(root.length + 1)), notes }
    }
    const all = names('.')
    t.strictSame(all.files, [
      'base/a.yaml',
      'base/kustomization.yaml',
      'overlay/both.yaml',
      'overlay/kustomization.yml'
    ])
    t.match(all.notes, [/^2 files are patches or parts of a kustomization .*overlay\/patch\.yaml; .*-k .*overlay$/])
    t.strictSame(names('overlay/patch.yaml').files, [])
    t.strictSame(names('base/a.yaml').notes, [])
  }
)

void t.test('a person leaves files out by name or by path, also those that are named', async (t) => {
  const root = t.testdir({
    'a.yaml': 'a',
    'values-x.yaml': 'v',
    test: { 'b.yaml': 'b', deep: { 'values-y.yaml': 'v' } }
  })
  const here = process.cwd()
  t.teardown(() => process.chdir(here))
  process.chdir(root)
  const names = (exclude: readonly string[], paths = ['.']) => {
    const { files, notes } = buildInputs({ exclude }).find(paths)
    return { files: files.map(({ path }) => path), notes }
  }
  const both = ['a.yaml', 'values-x.yaml']
  t.strictSame(names(['values*.yaml']), { files: ['a.yaml', 'test/b.yaml'], notes: ['2 files and folders excluded'] })
  for (const each of ['test', 'test/', 'test/**', './test']) {
    t.strictSame(names([each]), { files: both, notes: ['1 file or folder excluded'] }, each)
  }
  t.strictSame(names(['test/deep']).files, ['a.yaml', 'test/b.yaml', 'values-x.yaml'])
  t.strictSame(names(['a.yaml'], ['a.yaml', 'test/b.yaml']).files, ['test/b.yaml'])
})

void t.test('files that have changed are those of a folder: none has to hold objects', async (t) => {
  const root = folder(t)
  const { files, problems } = buildInputs({ skipsOthers: true }).find([join(root, 'a.yaml'), join(root, 'gone.yaml')])
  t.match(files, [{ isNamed: false }])
  t.match(problems, [{ message: 'no such file or folder' }])
})

void t.test('a build is read like standard input', async (t) => {
  const builds = new Map([['kubectl kustomize x', { text: 'a: 1', origin: 'x/kustomization.yaml' }]])
  const inputs = buildInputs({ builds })
  const { files } = inputs.find(['kubectl kustomize x'])
  t.match(files, [{ isOnce: true, origin: 'x/kustomization.yaml' }])
  t.strictSame([...inputs.chunks(files[0] as InputFile)], ['a: 1'])
})

void t.test(
  'a pipe, a socket or a device in a folder is a problem and never read; named, a pipe is read',
  async (t) => {
    const folder = t.testdir({ 'a.yaml': 'a: 1\n', 'link.yaml': t.fixture('symlink', '/dev/zero') })
    t.equal(spawnSync('sh', ['-c', 'mkfifo "$0/pipe.yaml" "$0/other"', folder]).status, 0)
    const inputs = buildInputs()
    const { files, problems } = inputs.find([folder])
    t.strictSame(
      files.map(({ path }) => path),
      [join(folder, 'a.yaml')]
    )
    const message = 'neither a file nor a folder; name it to read it'
    t.strictSame(
      problems,
      ['link.yaml', 'pipe.yaml'].map((name) => ({ path: join(folder, name), message }))
    )
    t.match(inputs.find([join(folder, 'pipe.yaml')]), { files: [{ isOnce: true }], problems: [] })
    t.match(inputs.find([join(folder, '*.yaml')]).problems, [{ message }, { message }])
    t.strictSame(inputs.find([join(folder, 'a.yaml', 'x')]).problems, [
      { path: join(folder, 'a.yaml', 'x'), message: 'no such file or folder: a part of the path is a file' }
    ])
  }
)
