// Audits the examples with the built program in every format, and checks each against its schema, or what its readers ask
// of it. Prints the sizes and fails on what does not hold.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { formatChecks } from '../support/audit-formats.ts'
import { projectFolder } from '../support/sources.ts'

const program = join(projectFolder, 'dist/main.js')
const work = mkdtempSync(join(tmpdir(), 'pidguard-formats-'))
const formats = Object.keys(formatChecks)
const examples: Readonly<Record<string, readonly string[]>> = {
  'manifests and snapshot': ['manifests/examples/first-look.yaml', '--snapshot', 'manifests/examples/snapshot.yaml'],
  'snapshot alone': ['--snapshot', 'manifests/examples/snapshot.yaml']
}
const failures: string[] = []

function auditOf(args: readonly string[]): number | null {
  const outputs = formats.flatMap((format) => ['-o', `${format}=${join(work, format)}`])
  const { status, stderr, error } = spawnSync(process.execPath, [program, 'audit', ...args, ...outputs], {
    cwd: projectFolder,
    encoding: 'utf8'
  })
  if (error !== undefined) throw error
  if (stderr !== '') failures.push(stderr)
  return status
}

try {
  for (const [name, args] of Object.entries(examples)) {
    const status = auditOf(args)
    const written = (format: string): string => readFileSync(join(work, format), 'utf8')
    const report = JSON.parse(written('json')) as AuditReport
    if (status !== report.exitCode) failures.push(`${name}: exit code ${status}, the report says ${report.exitCode}`)
    // An example in which nothing is wrong would show nothing.
    if (report.findings.length === 0) failures.push(`${name}: no findings`)
    const sizes: string[] = []
    for (const [format, check] of Object.entries(formatChecks)) {
      failures.push(...(await check(written(format), report)).map((problem) => `${name}, ${format}: ${problem}`))
      sizes.push(`${format} ${Buffer.byteLength(written(format))}`)
    }
    console.log(`${name}: ${report.findings.length} findings; bytes: ${sizes.join(', ')}`)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
for (const failure of failures) console.error(failure)
process.exitCode = failures.length === 0 ? 0 : 1
