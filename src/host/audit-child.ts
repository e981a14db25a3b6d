import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import type { Readable } from 'node:stream'
import type { AuditOutcome } from '../audit/interval-audits.ts'
import type { Bytes, Millis } from '../lib/units.ts'
import { readAuditTotals } from '../report/audit/totals.ts'

export interface AuditChild {
  /** The file that Node runs: this very program. */
  readonly program: string
  /** Of the program; what it prints has to be `-o totals`. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** An audit that takes longer is stopped. */
  readonly timeout: Millis
  /** MiB of V8's old space. An audit that needs more ends by itself. */
  readonly heap: number
  /** 0 to 19, as of nice(1): the higher, the less processor time it gets beside others. */
  readonly niceness: number
}

/** Totals are below 1 MiB (`mostNamespaces`, some 30 rules, four levels). */
const mostOutput: Bytes = 4 * 1024 * 1024
/** The end of its standard error that is kept. */
const mostStderr: Bytes = 4 * 1024
/** From SIGTERM to SIGKILL. */
const grace: Millis = 5_000

/**
 * Runs one audit in a process of its own: reading a large cluster blocks an event loop for milliseconds a page, and
 * admission must not wait for that. The child runs with low CPU priority and is the first to be killed when memory runs
 * out. Ends soon after the signal; never throws.
 */
export async function runAuditChild(options: AuditChild, signal: AbortSignal): Promise<AuditOutcome> {
  const { program, args, env, timeout, heap, niceness } = options
  const overdue = AbortSignal.timeout(timeout)
  const stop = AbortSignal.any([signal, overdue])
  try {
    const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, program, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    // Rejects where it could not be started, as when there are no PIDs left.
    await once(child, 'spawn')
    child.on('error', () => {})
    yieldToOthers(child, niceness)
    const release = stopAt(child, stop)
    const [exit, stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
      textOf(child.stdout, mostOutput),
      endOf(child.stderr)
    ]).finally(release)
    if (signal.aborted) return { failure: 'stopped' }
    if (overdue.aborted) return { failure: `stopped after ${Math.round(timeout / 1000)} s` }
    return outcomeOf(exit, stdout, stderr)
  } catch (error) {
    return { failure: `cannot be run: ${(error as Error).message}` }
  }
}

/** By the exit codes of `audit`: 0, 1 and 4 come with a report, and it has to say the same. */
function outcomeOf(
  [code, killed]: readonly [number | null, NodeJS.Signals | null],
  stdout: string | undefined,
  stderr: string
): AuditOutcome {
  const said = stderr.trim() === '' ? '' : `: ${stderr.trim()}`
  if (code === null) return { failure: `ended by ${killed}${said}` }
  if (code !== 0 && code !== 1 && code !== 4) return { failure: `exit code ${code}${said}` }
  if (stdout === undefined) return { failure: `more than ${mostOutput} bytes of output` }
  const totals = readAuditTotals(stdout)
  if (totals === undefined) return { failure: `exit code ${code}, and its output is not what it should be${said}` }
  if (totals.exitCode !== code) return { failure: `exit code ${code}, and its output says ${totals.exitCode}` }
  return { totals }
}

function yieldToOthers({ pid }: ChildProcess, niceness: number): void {
  if (pid === undefined) return
  try {
    // Set before it starts threads, which inherit it.
    setPriority(pid, niceness)
  } catch {
    // It has ended already; its exit code says more.
  }
  // Where memory runs out the kernel ends the process with the highest score first (proc(5)), not the server.
  writeFile(`/proc/${pid}/oom_score_adj`, '1000').catch(() => {})
}

/** Returns a function that removes the timer and the listener. */
function stopAt(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    child.kill('SIGTERM')
    timer = setTimeout(() => child.kill('SIGKILL'), grace)
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop)
  return () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** undefined when it is longer than `most`. It is read to its end even then, or the writer would wait for ever. */
async function textOf(stream: Readable, most: Bytes): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes <= most) chunks.push(chunk)
    else chunks.length = 0
  }
  return bytes <= most ? Buffer.concat(chunks).toString('utf8') : undefined
}

async function endOf(stream: Readable): Promise<string> {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) held = Buffer.concat([held, chunk]).subarray(-mostStderr)
  return held.toString('utf8')
}
