// The base of every ratio: node:https that reads the body, parses it once and answers a constant. Nothing a webhook
// of Node can do without is in it, and nothing else.
// Usage: node bench/bare-server.ts PORT PROBE-PORT CERT-DIR
import { readFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import path from 'node:path'

const [port, probePort, certificates] = process.argv.slice(2)
if (certificates === undefined) throw new Error('usage: node bench/bare-server.ts PORT PROBE-PORT CERT-DIR')

const server = createServer({
  key: readFileSync(path.join(certificates, 'tls.key')),
  cert: readFileSync(path.join(certificates, 'tls.crt')),
  minVersion: 'TLSv1.3'
})
// As the product: longer than the 90 s after which the API server drops an idle connection.
server.keepAliveTimeout = 120_000

server.on('request', (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const text = (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString('utf8')
    const review = JSON.parse(text) as { request: { uid: string } }
    const answer = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"${review.request.uid}","allowed":true}}`
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
    response.end(answer)
  })
})

const probes = createPlainServer((_request, response) => response.end())
server.listen(Number(port), '127.0.0.1', () => probes.listen(Number(probePort), '127.0.0.1'))
