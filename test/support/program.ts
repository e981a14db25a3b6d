import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export const program = join(import.meta.dirname, '../../dist/main.js')

export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunIn {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the built program in a folder, without anything on standard input. */
export function runIn(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): RunIn {
  const run = spawnSync(process.execPath, [program, ...args], {
    cwd,
    input: '',
    encoding: 'utf8',
    env: { ...process.env, ...env }
  })
  return { code: run.status, out: run.stdout, err: run.stderr }
}

/** Runs the built program to its end. */
export async function runProgram(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env
): Promise<ProgramResult> {
  const child = spawn(process.execPath, [program, ...args], { env })
  child.stdin.end()
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, stdout, stderr }
}
