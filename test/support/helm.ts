import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { projectFolder } from './sources.ts'

/** One Helm, 3 or 4. */
export interface Helm {
  readonly program: string
  /** As in v4.1.4. */
  readonly version: string
}

/**
 * Minor version of the oldest Kubernetes that the oldest Helm of the tests supports (Helm's version support policy: v3.18 is for
 * v1.30 to v1.33).
 */
export const helmSince = 30

/** Those that PIDGUARD_HELM names, separated by colons, else the one on PATH. Empty where there is none. */
export const helms: readonly Helm[] = (process.env['PIDGUARD_HELM'] ?? 'helm').split(':').flatMap((program) => {
  const version = versionOf(program)
  return version === undefined ? [] : [{ program, version }]
})

/** The first of them. */
export const helm: string | undefined = helms[0]?.program

function versionOf(program: string): string | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
    const answer = execFileSync(program, ['version', '--short'], { encoding: 'utf8', stdio })
    return /^v[34]\.[\d.]+/.exec(answer)?.[0]
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
