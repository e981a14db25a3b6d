import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { AppError } from '../errors.ts'
import { readText } from '../host/files/input-files.ts'
import { print } from '../host/stdout.ts'
import type { Webhook } from '../model/review-outcome.ts'
import { tryFiles } from '../try/try.ts'
import { chosenInputs, type InputFlags } from './inputs/chosen-inputs.ts'

interface Options extends InputFlags {
  readonly server: string
  readonly ca: string
  readonly namespace: string
}

/** `pidguard try` against the server of this machine. */
export async function runTry(args: readonly string[], flags: Options): Promise<number> {
  const { server, ca, namespace } = flags
  const { paths, inputs } = chosenInputs(args, flags)
  const authority = readText(
    '--ca',
    ca,
    'Start a server in this folder with npm start, or name its authority with --ca.'
  )
  const agent = new Agent({ keepAlive: true, ca: authority })
  try {
    return await tryFiles(
      paths,
      { namespace },
      {
        inputs,
        post: (webhook, review) => post({ server, ca, agent }, webhook, review),
        print: (line) => print(`${line}\n`)
      }
    )
  } finally {
    agent.destroy()
  }
}

interface Server {
  readonly server: string
  readonly ca: string
  readonly agent: Agent
}

/** Node's codes for a certificate that our authority did not sign (Node.js doc/api/tls.md, X509 certificate error codes). */
const untrusted: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT'
])

function post({ server, ca, agent }: Server, webhook: Webhook, review: object): Promise<unknown> {
  const url = new URL(`/${webhook}?timeout=10s`, server)
  const unreachable = (cause: unknown): AppError => {
    const { code = '', message } = cause as NodeJS.ErrnoException
    if (!untrusted.has(code))
      return new AppError('ERR_SERVER_UNREACHABLE', `${url.origin}: ${message || code}`, { cause })
    return new AppError('ERR_SERVER_UNREACHABLE', `${url.origin}: its certificate is not signed by ${ca}`, {
      cause,
      remedy: 'Name the authority of that server with --ca.'
    })
  }
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
