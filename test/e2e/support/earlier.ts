import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../../support/sources.ts'

/** The commit of 0.1.0: one Deployment and one account for all. */
const commit = 'c600a92'

/** Why 0.1.0 cannot be built; false: it can. */
export const earlierMissing: string | false =
  spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: projectFolder }).status === 0
    ? false
    : `commit ${commit} is not in this clone`

/** The sources of 0.1.0 from the history, and its program built by what this version is built with. Returns the path of the program. */
export function buildEarlier(folder: string): string {
  const archive = execFileSync('git', ['archive', commit, 'src', 'manifests', 'package.json', 'tsconfig.json'], {
    cwd: projectFolder,
    maxBuffer: 256 * 1024 * 1024
  })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, 'dist/package.json'), '{"type": "module"}')
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
  const args = ['src/main.ts', '--bundle', '--splitting', '--format=esm', '--platform=node', '--target=node22']
  execFileSync(join(projectFolder, 'node_modules/.bin/esbuild'), [...args, '--outdir=dist', `--banner:js=${banner}`], {
    cwd: folder,
    env: { ...process.env, NODE_PATH: join(projectFolder, 'node_modules') },
    stdio: 'pipe'
  })
  return join(folder, 'dist/main.js')
}
