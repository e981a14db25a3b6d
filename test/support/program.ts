import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built program to its end. */
export async function runProgram(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env
): Promise<ProgramResult> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dist/main.js'), ...args], { env })
  child.stdin.end()
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, stdout, stderr }
}
