import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { projectFolder } from './sources.ts'

/** Helm 3 or 4: the one that PIDGUARD_HELM names, else that on PATH. undefined where there is none. */
export const helm: string | undefined = findHelm()

function findHelm(): string | undefined {
  const program = process.env['PIDGUARD_HELM'] ?? 'helm'
  try {
    const version = execFileSync(program, ['version', '--short'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    })
    return /^v[34]\./.test(version) ? program : undefined
  } catch {
    return undefined
  }
}

export interface HelmResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs Helm. */
export function runHelm(args: readonly string[]): HelmResult {
  try {
    const stdout = execFileSync(helm ?? 'helm', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024
    })
    return { code: 0, stdout, stderr: '' }
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
    return { code: status, stdout, stderr }
  }
}

export const chartFolder = join(projectFolder, 'manifests/chart')

/** What the chart renders, without its test. */
export function renderChart(values: object, namespace = 'pidguard-system'): HelmResult {
  const sets = Object.entries(values).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`)
  return runHelm([
    'template',
    'pidguard',
    chartFolder,
    `--namespace=${namespace}`,
    '--skip-tests',
    '--include-crds',
    ...sets
  ])
}
