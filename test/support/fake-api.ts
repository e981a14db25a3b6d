import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { KubeClient } from '../../src/kube/client.ts'
import type { Log } from '../../src/ports/runtime.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void

export interface FakeApi {
  readonly url: string
  /** `METHOD path?query` of everything asked so far. */
  readonly asked: string[]
  readonly client: KubeClient
  stop(): Promise<void>
}

/** A real HTTP server on loopback that answers as the test says: with what goes wrong between us and an API server. */
export async function startFakeApi(answer: Answer): Promise<FakeApi> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response, new URL(request.url ?? '', 'http://x').searchParams)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new KubeClient({
    server: url,
    namespace: 'default',
    next: async () => ({
      headers: { authorization: 'Bearer a' },
      tls: { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
    }),
    renew() {}
  })
  return {
    url,
    asked,
    client,
    async stop() {
      await client.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    }
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** A Status object as the API server answers with. */
export function sendStatus(response: ServerResponse, code: number, headers: Record<string, string> = {}): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message: `status ${code}` }))
}

export interface LogLine {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A log that keeps its lines. */
export function memoryLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: fields as LogLine['fields'], message })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export { until } from './until.ts'

export const systemClock = { now: () => Date.now(), monotonic: () => performance.now() }
