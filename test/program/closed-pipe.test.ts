// The built program: its output goes to a reader that has gone, as with `| head`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder } from '../support/sources.ts'

const snapshot = '--snapshot manifests/examples/snapshot.yaml'
const calls = [
  '--help',
  'audit --help',
  'validate --help',
  'version',
  'rules',
  'rules best-effort',
  'policy default',
  'policy schema',
  `top nodes ${snapshot}`,
  `audit ${snapshot}`,
  'validate manifests/examples/first-look.yaml'
]
for (const call of calls) {
  void t.test(`pidguard ${call} | true`, async (t) => {
    // `true` ends at once; what is written after that has no reader.
    const { stderr } = spawnSync(
      'sh',
      ['-c', `${process.execPath} ${join(projectFolder, 'dist/main.js')} ${call} | true`],
      {
        cwd: projectFolder,
        encoding: 'utf8'
      }
    )
    t.notMatch(stderr, /EPIPE|Unhandled|at .*\.js:\d+/)
  })
}
