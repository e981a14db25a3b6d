import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { ReviewResponse } from '../../src/kubernetes/admission-review.ts'

/** The built program, started and listening. */
export interface RunningProgram {
  /** Base URL of probes and metrics. */
  readonly probes: string
  readonly folder: string
  readonly process: ChildProcess
  /** Log lines so far, parsed. */
  readonly lines: Record<string, unknown>[]
  stop(): Promise<number | null>
}

export interface RunningServer extends RunningProgram {
  /** Base URL of the webhook. */
  readonly admission: string
  review(webhook: 'mutate' | 'validate', review: object): Promise<{ response: ReviewResponse }>
}

interface StartOptions {
  readonly policy?: string
  readonly args?: readonly string[]
}

/** `serve` on free ports with a folder of its own; resolves when it listens. */
export async function startServer(options: StartOptions & { readonly certDir?: string } = {}): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'pidguard-'))
  const certDir = options.certDir ?? folder
  const { said, ...running } = await start('serve', folder, options, ['--port=0', '--drain=0', `--cert-dir=${certDir}`])
  const { admission } = said as { admission: string }
  const agent = new Agent({ keepAlive: true, ca: await readFile(join(certDir, 'ca.crt')) })
  return {
    ...running,
    admission,
    review: (webhook, review) => post(`${admission}/${webhook}`, agent, JSON.stringify(review)),
    stop() {
      agent.destroy()
      return running.stop()
    }
  }
}

/** `controller` on a free port with a folder of its own; resolves when it listens. */
export async function startController(options: StartOptions): Promise<RunningProgram> {
  const { said: _, ...running } = await start('controller', await mkdtemp(join(tmpdir(), 'pidguard-')), options, [])
  return running
}

async function start(verb: string, folder: string, { policy, args = [] }: StartOptions, own: readonly string[]) {
  const policyFile = join(folder, 'policy.yaml')
  if (policy !== undefined) await writeFile(policyFile, policy)
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, '../../dist/main.js'),
      verb,
      '--host=127.0.0.1',
      '--probe-port=0',
      ...own,
      ...(policy === undefined ? [] : ['--policy', policyFile]),
      ...args
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  )
  const lines: Record<string, unknown>[] = []
  const output = createInterface({ input: child.stdout })
  const allRead = once(output, 'close')
  const listening = new Promise<Record<string, unknown>>((resolve, reject) => {
    output.on('line', (line) => {
      const fields = JSON.parse(line) as Record<string, unknown>
      lines.push(fields)
      if (fields['msg'] === 'listening') resolve(fields)
    })
    let complaint = ''
    child.stderr.on('data', (chunk) => {
      complaint += chunk
    })
    child.once('exit', (code) =>
      reject(new Error(`${verb} stopped with code ${code} before it listened: ${complaint}`))
    )
  })
  const said = await listening
  return {
    said,
    probes: String(said['probes']),
    folder,
    process: child,
    lines,
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      // A test may have closed its output; otherwise the last lines come after the end of the process.
      if (child.stdout?.destroyed !== true) await allRead
      await rm(folder, { recursive: true })
      return child.exitCode
    }
  }
}

async function post(url: string, agent: Agent, body: string): Promise<{ response: ReviewResponse }> {
  const call = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } })
  call.end(body)
  const [response] = await once(call, 'response')
  return JSON.parse(await text(response))
}

/** The value of one sample of a replica's metrics; NaN where it has none. */
export async function metric({ probes }: Pick<RunningServer, 'probes'>, name: string): Promise<number> {
  const text = await (await fetch(`${probes}/metrics`)).text()
  return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1])
}
