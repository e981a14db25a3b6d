import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { ReviewResponse } from '../../src/kubernetes/admission-review.ts'

export interface RunningServer {
  /** Base URLs of the two ports. */
  readonly admission: string
  readonly probes: string
  readonly folder: string
  readonly process: ChildProcess
  /** Log lines so far, parsed. */
  readonly lines: Record<string, unknown>[]
  review(webhook: 'mutate' | 'validate', review: object): Promise<{ response: ReviewResponse }>
  stop(): Promise<number | null>
}

/** The value of one sample of a replica's metrics; NaN where it has none. */
export async function metric({ probes }: Pick<RunningServer, 'probes'>, name: string): Promise<number> {
  const text = await (await fetch(`${probes}/metrics`)).text()
  return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1])
}

/** Starts the built program on free ports with a folder of its own; resolves when it listens. */
export async function startServer(
  options: { policy?: string; certDir?: string; args?: readonly string[] } = {}
): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'pidguard-'))
  const certDir = options.certDir ?? folder
  const policyFile = join(folder, 'policy.yaml')
  if (options.policy !== undefined) await writeFile(policyFile, options.policy)
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, '../../dist/main.js'),
      'serve',
      '--host=127.0.0.1',
      '--port=0',
      '--probe-port=0',
      '--drain=0',
      `--cert-dir=${certDir}`,
      ...(options.policy === undefined ? [] : ['--policy', policyFile]),
      ...(options.args ?? [])
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
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    child.once('exit', (code) => reject(new Error(`the server stopped with code ${code} before it listened: ${said}`)))
  })
  const { admission, probes } = (await listening) as { admission: string; probes: string }
  const agent = new Agent({ keepAlive: true, ca: await readFile(join(certDir, 'ca.crt')) })
  return {
    admission,
    probes,
    folder,
    process: child,
    lines,
    review: (webhook, review) => post(`${admission}/${webhook}`, agent, JSON.stringify(review)),
    async stop() {
      agent.destroy()
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
