import { AppError } from '../../errors.ts'
import type { Bytes } from '../../lib/units.ts'

/** The programs that build a kustomization, the one that applies it first. */
const builders = [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build']
] as const

/** More than any cluster could be given at once. Own choice. */
const maxOutput: Bytes = 512 * 1024 * 1024

/** What a kustomization builds, by the program of this machine. Throws ERR_USAGE when none is there, or it refuses. */
export function buildKustomization(folder: string): string {
  // Asked for when it is needed: Node takes some milliseconds to load it, and few runs build.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  for (const [program, verb] of builders) {
    const { status, stdout, stderr, error } = spawnSync(program, [verb, folder], {
      encoding: 'utf8',
      maxBuffer: maxOutput,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') continue
    if (status === 0) return stdout
    const reason = error?.message ?? stderr.trim()
    throw new AppError('ERR_USAGE', `-k ${folder}: ${program} ${verb} failed: ${reason}`, {
      cause: error,
      remedy: `Fix the kustomization; ${program} ${verb} ${folder} shows whether it builds.`
    })
  }
  throw new AppError('ERR_USAGE', `-k ${folder}: expected kubectl or kustomize in PATH, found neither`, {
    remedy: 'Install kubectl, or build elsewhere and give the output: pidguard validate -.'
  })
}
