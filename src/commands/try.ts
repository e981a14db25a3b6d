import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { AppError } from '../errors.ts'
import { buildInputs, readText } from '../host/files/input-files.ts'
import { print } from '../host/stdout.ts'
import type { Webhook } from '../model/review-outcome.ts'
import { tryFiles } from '../try/try.ts'

interface Options {
  readonly server: string
  readonly ca: string
  readonly namespace: string
}

/** `pidguard try` against the server of this machine. */
export async function runTry(files: readonly string[], { server, ca, namespace }: Options): Promise<number> {
  const agent = new Agent({ keepAlive: true, ca: readText('--ca', ca) })
  try {
    return await tryFiles(
      files,
      { namespace },
      {
        inputs: buildInputs(),
        post: (webhook, review) => post(server, agent, webhook, review),
        print: (line) => print(`${line}\n`)
      }
    )
  } finally {
    agent.destroy()
  }
}

function post(server: string, agent: Agent, webhook: Webhook, review: object): Promise<unknown> {
  const url = new URL(`/${webhook}?timeout=10s`, server)
  const unreachable = (cause: unknown): AppError =>
    new AppError(
      'ERR_SERVER_UNREACHABLE',
      `${url.origin}: ${(cause as Error).message || (cause as NodeJS.ErrnoException).code}`,
      { cause }
    )
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        text(response)
          .then(JSON.parse)
          .then(resolve, (error: unknown) => reject(unreachable(error)))
      }
    )
    call.on('error', (error) => reject(unreachable(error)))
    call.end(JSON.stringify(review))
  })
}
