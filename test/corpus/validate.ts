// Runs the built program's validate and mutate over every manifest of the corpus: all can be read, what mutate writes is
// clean, nothing is left to change on a second pass. Prints the counts and fails on what does not hold.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

interface Report {
  readonly exitCode: number
  readonly counts: Readonly<Record<string, number>>
  readonly findings: readonly {
    readonly ruleId: string
    readonly action: string
    readonly file: string
    readonly line?: number
  }[]
  readonly changes: readonly unknown[]
  readonly problems: readonly unknown[]
  readonly faults: readonly unknown[]
}

const corpus = resolve(process.env.PIDGUARD_CORPUS ?? '../shared/corpus')
const program = join(import.meta.dirname, '../../dist/main.js')
const work = mkdtempSync(join(tmpdir(), 'pidguard-corpus-'))
const policy = join(work, 'policy.yaml')
const failures: string[] = []

writeFileSync(
  policy,
  `apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  requests: {bestEffortPods: inject}
  calico: {iptablesBackend: NFT}
`
)

function run(...args: string[]): string {
  const { stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], {
    cwd: work,
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024
  })
  if (error !== undefined) throw error
  if (stdout === '' && stderr !== '') throw new Error(stderr)
  return stdout
}

function validate(...args: string[]): Report {
  return JSON.parse(run('validate', '-o', 'json', ...args, 'workloads', 'calico', 'crds')) as Report
}

function expect(holds: boolean, what: string): void {
  if (!holds) failures.push(what)
}

try {
  for (const folder of ['workloads', 'calico', 'crds'])
    cpSync(join(corpus, folder), join(work, folder), { recursive: true })
  spawnSync('chmod', ['-R', 'u+w', work])

  const first = validate()
  expect(first.problems.length === 0, `problems: ${JSON.stringify(first.problems)}`)
  expect(first.faults.length === 0, `faults: ${JSON.stringify(first.faults)}`)
  expect(first.exitCode === 1, `exit code ${first.exitCode}, and the corpus holds BestEffort workloads`)
  expect(
    first.findings.every(({ line }) => line !== undefined),
    'a finding without a line'
  )

  spawnSync(process.execPath, [program, 'mutate', '--write', '--policy', policy, 'workloads', 'calico', 'crds'], {
    cwd: work
  })
  const second = validate('--policy', policy, '--fail-on', 'change')
  expect(second.changes.length === 0, `after mutate --write: ${JSON.stringify(second.changes)}`)
  expect(
    !second.findings.some(({ action }) => action === 'deny'),
    'after mutate --write something would still be denied'
  )
  expect(
    run('mutate', '--patch', '--policy', policy, 'workloads', 'calico', 'crds') === '[]\n',
    'a second mutate changes more'
  )
  const counts = {
    ...first.counts,
    findings: first.findings.length,
    changedByMutate: validate('--policy', policy).counts['changed']
  }
  console.log(
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  )
} finally {
  rmSync(work, { recursive: true, force: true })
}
for (const failure of failures) console.error(failure)
process.exitCode = failures.length === 0 ? 0 : 1
