// What Fastify costs: the bare server's work behind a tuned Fastify route (own body parser, answer sent as a string).
// With `listener` as fourth argument the two review paths are answered in the request listener before Fastify sees them.
// Usage: node bench/fastify-server.ts PORT PROBE-PORT CERT-DIR [listener]
import { readFileSync } from 'node:fs'
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import path from 'node:path'
import fastify from 'fastify'

const [port, probePort, certificates, mode] = process.argv.slice(2)
if (certificates === undefined)
  throw new Error('usage: node bench/fastify-server.ts PORT PROBE-PORT CERT-DIR [listener]')

const tls = {
  key: readFileSync(path.join(certificates, 'tls.key')),
  cert: readFileSync(path.join(certificates, 'tls.crt')),
  minVersion: 'TLSv1.3'
} as const

interface Review {
  readonly request: { readonly uid: string }
}

const options = { logger: false, bodyLimit: 8 * 2 ** 20, keepAliveTimeout: 120_000 }
const app =
  mode === 'listener' ? fastify({ ...options, serverFactory: behindListener }) : fastify({ ...options, https: tls })

app.removeAllContentTypeParsers()
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
  done(null, JSON.parse(body.toString('utf8')))
})
for (const url of ['/mutate', '/validate']) {
  app.post(url, (request, reply) => {
    reply.header('content-type', 'application/json')
    reply.send(allow((request.body as Review).request.uid))
  })
}
await app.listen({ port: Number(port), host: '127.0.0.1' })
createPlainServer((_request, response) => response.end()).listen(Number(probePort), '127.0.0.1')

function behindListener(handler: (request: IncomingMessage, response: ServerResponse) => void): Server {
  return createServer(tls, (request, response) =>
    isReview(request) ? answer(request, response) : handler(request, response)
  )
}

function isReview(request: IncomingMessage): boolean {
  return (
    request.method === 'POST' &&
    (request.url?.startsWith('/mutate') === true || request.url?.startsWith('/validate') === true)
  )
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const text = (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString('utf8')
    const body = allow((JSON.parse(text) as Review).request.uid)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
}

function allow(uid: string): string {
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"${uid}","allowed":true}}`
}
