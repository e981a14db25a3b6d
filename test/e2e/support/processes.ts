import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that writes its output to a file. It never outlives this process. */
export interface RunningProgram {
  readonly name: string
  readonly logFile: string
  /** undefined while it runs. */
  exit(): Exit | undefined
  /** Sends the signal, and SIGKILL when the program is still there after `within` milliseconds. */
  stop(signal?: NodeJS.Signals, within?: number): Promise<Exit>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProgramStart {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

const live = new Set<ChildProcess>()
const folders = new Set<string>()
let guarded = false

/** Removed when this process ends, also when it ends early. */
export function removeAtEnd(folder: string): void {
  guard()
  folders.add(folder)
}

export function removeNow(folder: string): void {
  folders.delete(folder)
  rmSync(folder, { recursive: true, force: true })
}

export async function startProgram(start: ProgramStart): Promise<RunningProgram> {
  guard()
  const log = openSync(start.logFile, 'a')
  const child = spawn(start.program, start.args, {
    stdio: ['ignore', log, log],
    cwd: start.cwd,
    env: start.env ?? process.env
  })
  closeSync(log)
  await once(child, 'spawn')
  live.add(child)
  let exit: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      live.delete(child)
      exit = { code, signal }
      resolve(exit)
    })
  })
  return {
    name: start.name,
    logFile: start.logFile,
    exit: () => exit,
    async stop(signal = 'SIGTERM', within = 10_000) {
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
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

function guard(): void {
  if (guarded) return
  guarded = true
  process.on('exit', endEverything)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
}

function endEverything(): void {
  for (const child of live) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
