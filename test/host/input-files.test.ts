import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildInputs } from '../../src/host/input-files.ts'

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

void t.test('a folder stands for its manifests, deep and in order, without what is hidden', async (t) => {
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
  t.throws(() => [...inputs.chunks({ path: join(t.testdirName, 'none'), isNamed: true, size: 1 })], {
    message: 'no such file or folder'
  })
  t.throws(() => [...inputs.chunks({ path: join(t.testdirName, 'none'), isNamed: true, size: 0 })], {
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
