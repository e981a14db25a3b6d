import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { projectFolder } from '../support/sources.ts'

const mebibyte = 1024 * 1024

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

// In a copy: packing changes package.json for as long as it takes, and other tests read it.
void t.test('the packed program brings all it needs and nothing else, and is small', async (t) => {
  const folder = t.testdir({ project: { node_modules: {} }, home: {}, installed: {} })
  const project = join(folder, 'project')
  for (const name of ['package.json', 'README.md', 'LICENSE', 'dist']) {
    cpSync(join(projectFolder, name), join(project, name), { recursive: true })
  }
  const env = { ...process.env, HOME: join(folder, 'home'), npm_config_cache: join(folder, 'home/cache') }
  const npm = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd: project, env, encoding: 'utf8' })
    t.equal(status, 0, `npm ${args.join(' ')}: ${stderr}`)
    return stdout.trim()
  }
  npm('run', '-s', 'strip')
  const stripped = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  t.strictSame(
    ['dependencies', 'devDependencies', 'optionalDependencies', 'scripts'].filter((name) => name in stripped),
    []
  )
  const packed = npm('pack', '--ignore-scripts', '--silent')
  t.ok(statSync(join(project, packed)).size < 3 * mebibyte, `${statSync(join(project, packed)).size} bytes`)

  mkdirSync(join(folder, 'installed/lib'), { recursive: true })
  // Offline: there is nothing to fetch.
  npm('install', '--global', '--offline', '--no-audit', '--no-fund', `--prefix=${join(folder, 'installed')}`, packed)
  const size = bytesBelow(join(folder, 'installed'))
  t.ok(size < 15 * mebibyte, `${size} bytes`)
  const program = join(folder, 'installed/bin/pidguard')
  const { stdout } = spawnSync(process.execPath, [program, 'rules', 'best-effort'], { encoding: 'utf8' })
  t.match(stdout, /BestEffort pods/)
  const ofValidate = join(dirname(realpathSync(program)), 'validate-program.cjs')
  t.ok(existsSync(ofValidate), 'without it validate would run, and start in twice the time')
  const manifest = join(projectFolder, 'manifests/examples/first-look.yaml')
  const temporary = join(folder, 'temporary')
  mkdirSync(temporary)
  const { status } = spawnSync(process.execPath, [program, 'validate', manifest], {
    encoding: 'utf8',
    env: { ...process.env, NODE_COMPILE_CACHE: undefined, TMPDIR: temporary }
  })
  t.equal(status, 1)
  t.strictSame(readdirSync(temporary), [], 'compiled code is there and V8 takes it, so Node keeps none of its own')
})
