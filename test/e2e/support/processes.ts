import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that writes its output to a file. It never outlives this process for long. */
export interface RunningProgram {
  readonly logFile: string
  /** undefined while it runs. */
  exit(): Exit | undefined
  /** SIGSTOP holds it still, SIGCONT lets it go on. */
  signal(signal: NodeJS.Signals): void
  /** Sends the signal, and SIGKILL when the program is still there after `within` milliseconds. */
  stop(signal?: NodeJS.Signals, within?: number): Promise<Exit>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProgramStart {
  readonly program: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly cwd: string
  /** Also where the program itself is looked for. That of this process by default. */
  readonly env?: NodeJS.ProcessEnv
}

/** Removed when this process ends, however it ends, unless `removeFolder` was called before. */
export function makeFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  tellJanitor(`folder ${folder}`)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  tellJanitor(`gone folder ${folder}`)
}

export async function startProgram({
  program,
  args,
  logFile,
  cwd,
  env = process.env
}: ProgramStart): Promise<RunningProgram> {
  const log = openSync(logFile, 'a')
  const child = spawn(program, args, { stdio: ['ignore', log, log], cwd, env })
  closeSync(log)
  await once(child, 'spawn')
  tellJanitor(`pid ${child.pid}`)
  let exit: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      tellJanitor(`gone pid ${child.pid}`)
      exit = { code, signal }
      resolve(exit)
    })
  })
  return {
    logFile,
    exit: () => exit,
    signal: (signal) => void child.kill(signal),
    async stop(signal = 'SIGTERM', within = 30_000) {
      child.kill(signal)
      const timer = new AbortController()
      const overdue = sleep(within, undefined, { signal: timer.signal }).then(
        () => child.kill('SIGKILL'),
        () => false
      )
      const result = await exited
      timer.abort()
      await overdue
      return result
    }
  }
}

/** The end of a log, to be shown when a program does not come up. */
export function logTail(file: string, lines = 15): string {
  return logLines(file, lines).join('\n')
}

/** The last lines of a log, without control characters: a terminal, or the log of a run, shows them. */
export function logLines(file: string, lines: number): string[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => line.replace(/[^\P{Cc}\t]+/gu, ' ').slice(0, longestLine))
}

/** Characters of a line of a log, own choice. */
const longestLine = 1_000

let janitor: Socket | undefined

/** One for this process, started when there is first something to tell it. */
function tellJanitor(line: string): void {
  janitor ??= startJanitor()
  janitor.write(`${line}\n`)
}

/** In a session of its own, so that no signal to the test run reaches it; the end of its input tells it that we ended. */
function startJanitor(): Socket {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'janitor.ts')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {}
  })
  child.unref()
  const input = child.stdin as Socket
  input.unref()
  return input
}
