// npm run test:e2e:matrix [-- FILE...]: the end-to-end tests and the drill on several versions of Kubernetes, one after the
// other. A file that fails is run once more, and its cell says so. Prints a table of version and file, and ends with exit code 1
// when anything failed. Each cell is written to tested.json too, in place of that of an older run; from there the README says what
// was tested. Without names of files all are run.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { type Cell, type Column, cellOf, drillName, renderMatrix, secondTry } from './support/matrix.ts'
import { isProgram } from './support/programs.ts'
import { recordTested } from './support/tested.ts'
import { versionOf } from './support/versions.ts'

const root = resolve(import.meta.dirname, '../..')
/** The newest, one in the middle of what is maintained, and the oldest that manifests and README promise. */
const versions = ['1.37.2', '1.34.4', '1.20.2']

/** Folders of programs: those of the variable, else what the tool prints, which builds them where they are not there yet. */
function foldersOf(env: NodeJS.ProcessEnv): string[] {
  const { PIDGUARD_E2E_ASSETS: given = '', K8S_ASSETS_TOOL: tool = join(root, '../shared/tools/k8s-assets') } = env
  if (given !== '') return given.split(delimiter)
  if (!existsSync(tool)) {
    throw new Error(
      `PIDGUARD_E2E_ASSETS is not set: folders with the programs of each version, separated by "${delimiter}"; and no tool at ${tool} builds them`
    )
  }
  return versions.map((version) => {
    const { status, stdout } = spawnSync(tool, [version], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    if (status !== 0) throw new Error(`${tool} ${version}: exit code ${status}`)
    return stdout.trim()
  })
}

function run(name: string, env: NodeJS.ProcessEnv): Cell {
  const tap = join(root, 'node_modules/.bin/tap')
  const args =
    name === drillName
      ? ['test/drill/run.ts']
      : [tap, '--disable-coverage', '--reporter=tap', '--jobs=1', '--timeout=1800', `test/e2e/${name}.test.ts`]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024
  })
  return cellOf(status ?? 1, stdout + stderr)
}

const all = [...readdirSync(import.meta.dirname).flatMap((file) => /^(.*)\.test\.ts$/.exec(file)?.[1] ?? []), drillName]
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !all.includes(name))
if (unknown.length > 0) throw new Error(`no such file: ${unknown.join(', ')}; there are ${all.join(', ')}`)
const names = asked.length === 0 ? all : asked

const columns: Column[] = []
for (const folder of foldersOf(process.env)) {
  const version = versionOf(join(folder, 'kube-apiserver')).text
  // The oldest assets hold no kubectl: then that of a newer folder, or the one on PATH.
  const kubectl = foldersOf(process.env).filter((each) => isProgram(join(each, 'kubectl')))
  const env = { ...process.env, KUBEBUILDER_ASSETS: folder, PATH: [process.env.PATH, ...kubectl].join(delimiter) }
  const cells: Record<string, Cell> = {}
  for (const name of names) {
    const start = performance.now()
    const first = run(name, env)
    if (first.failed) console.log(`${version} ${name}: ${first.text}; once more\n${first.essence}`)
    const cell = first.failed ? secondTry(run(name, env)) : first
    cells[name] = cell
    recordTested(version, name, cell)
    const seconds = Math.round((performance.now() - start) / 1000)
    console.log(`${version} ${name}: ${cell.text} (${seconds} s)${cell.failed ? `\n${cell.essence}` : ''}`)
  }
  columns.push({ version, cells })
}
console.log(`\n${renderMatrix(names, columns)}`)
const failed = columns.flatMap(({ cells }) => Object.values(cells)).filter((cell) => cell.failed).length
console.log(`${failed} failed`)
console.log('Written to test/e2e/tested.json; npm run docs puts it into README.md and docs/kubernetes.md.')
process.exitCode = failed === 0 ? 0 : 1
