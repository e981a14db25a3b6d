import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Issued, issueAuthority, issueLeaf } from '../../src/certs/issue.ts'
import { KubeClient } from '../../src/kube/client.ts'
import { findCredentials, serviceAccountCredentials } from '../../src/kube/credentials.ts'
import { sendJson, sendStatus, startFakeApi, systemClock } from '../support/fake-api.ts'

const validity = { from: Date.now(), days: 2 }
const authority = await issueAuthority('one', validity)
const other = await issueAuthority('other', validity)

function folder(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'pidguard-kube-'))
  t.teardown(() => rmSync(made, { recursive: true }))
  return made
}

async function tlsServer(t: Test, signer: Issued, accept: (authorization: string | undefined) => boolean) {
  const leaf = await issueLeaf(signer, ['127.0.0.1'], validity)
  let connections = 0
  const server: Server = createServer({ cert: leaf.cert, key: leaf.key }, (request, response) => {
    if (!accept(request.headers.authorization)) return sendStatus(response, 401)
    sendJson(response, { path: request.url })
  })
  server.on('secureConnection', () => connections++)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => void server.close())
  return { server, port: (server.address() as AddressInfo).port, connections: () => connections }
}

/** A pod's service account folder and a client that uses it. */
async function inCluster(t: Test, port: number) {
  const dir = folder(t)
  writeFileSync(join(dir, 'token'), 'first\n')
  writeFileSync(join(dir, 'ca.crt'), authority.cert)
  writeFileSync(join(dir, 'namespace'), 'pidguard\n')
  let now = 0
  const clock = { ...systemClock, monotonic: () => now }
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) }
  const client = new KubeClient(await serviceAccountCredentials(dir, env, clock))
  t.teardown(() => client.close())
  return {
    dir,
    client,
    pass(span: number) {
      now += span
    }
  }
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error) => error
  )

t.test('in a cluster: many calls, one connection, the namespace of the pod', async (t) => {
  const { port, connections } = await tlsServer(t, authority, (token) => token === 'Bearer first')
  const { client } = await inCluster(t, port)
  for (let n = 0; n < 20; n++) t.same(await client.call('/version'), { path: '/version' })
  t.equal(connections(), 1)
  t.equal(client.namespace, 'pidguard')
})

t.test('a rotated token is read again: when it is refused at once, else after ten seconds', async (t) => {
  let accepted = 'Bearer first'
  const { port } = await tlsServer(t, authority, (token) => token === accepted)
  const { client, dir, pass } = await inCluster(t, port)
  await client.call('/a')
  writeFileSync(join(dir, 'token'), 'second\n')
  accepted = 'Bearer second'
  t.same(await client.call('/b'), { path: '/b' })
  writeFileSync(join(dir, 'token'), 'third\n')
  pass(10_001)
  accepted = 'Bearer third'
  t.same(await client.call('/c'), { path: '/c' })
  accepted = 'none'
  t.match(await errorOf(client.call('/d')), { failure: 'unauthorized', status: 401 })
})

t.test('a server under another authority is refused, until that authority is published', async (t) => {
  const { port } = await tlsServer(t, other, () => true)
  const { client, dir } = await inCluster(t, port)
  t.match(await errorOf(client.call('/a')), { failure: 'tls' })
  writeFileSync(join(dir, 'ca.crt'), `${authority.cert}\n${other.cert}`)
  t.same(await client.call('/b'), { path: '/b' })
})

t.test('what goes wrong has a name', async (t) => {
  const api = await startFakeApi((request, response) => {
    const code = Number(request.url?.slice(1))
    if (code > 0) sendStatus(response, code, { 'retry-after': code === 429 ? '7' : 'soon' })
    else if (request.url === '/text') response.end('hello')
    else if (request.url === '/reset') request.socket.resetAndDestroy()
    else if (request.url === '/cut') response.writeHead(200, { 'content-length': '100' }).write('{')
  })
  t.teardown(() => api.stop())
  const cases = [
    ['/401', { failure: 'unauthorized' }],
    ['/403', { failure: 'forbidden', message: 'status 403' }],
    ['/404', { failure: 'not-found' }],
    ['/409', { failure: 'conflict' }],
    ['/410', { failure: 'expired' }],
    ['/422', { failure: 'refused', status: 422, retryAfter: undefined }],
    ['/429', { failure: 'throttled', retryAfter: 7_000 }],
    ['/503', { failure: 'server-error' }],
    ['/text', { failure: 'malformed' }],
    ['/reset', { failure: 'unreachable' }],
    ['/cut', { failure: 'silent' }]
  ] as const
  for (const [path, want] of cases) t.match(await errorOf(api.client.call(path, { silence: 1_000 })), want, path)
  const signal = AbortSignal.abort()
  t.match(await errorOf(api.client.call('/200', { signal })), { failure: 'aborted' })
})

t.test('a kubeconfig file: its server, token and authority', async (t) => {
  const { port } = await tlsServer(t, authority, (token) => token === 'Bearer secret')
  const dir = folder(t)
  writeFileSync(join(dir, 'ca.pem'), authority.cert)
  const kubeconfig = join(dir, 'config')
  const text = `
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:${port}/', certificate-authority: ca.pem}}]
users: [{name: u, user: {token: secret}}]
contexts: [{name: here, context: {cluster: c, user: u, namespace: shop}}, {name: astray, context: {cluster: none, user: u}}]
`
  writeFileSync(kubeconfig, text)
  const find = (context?: string, file = kubeconfig) =>
    findCredentials({ kubeconfig: file, context, env: {}, clock: systemClock })
  const client = new KubeClient(await find())
  t.teardown(() => client.close())
  t.same(await client.call('/a'), { path: '/a' })
  t.equal(client.namespace, 'shop')
  await t.rejects(find('astray'), { code: 'ERR_CLUSTER_CONFIG', message: /"astray" leads to no cluster/ })
  await t.rejects(find('other'), { code: 'ERR_CLUSTER_CONFIG', message: /"other" leads to no cluster/ })
  await t.rejects(find(undefined, join(dir, 'none')), { code: 'ERR_CLUSTER_CONFIG', message: /none: ENOENT/ })
  writeFileSync(kubeconfig, 'clusters: [')
  await t.rejects(find(), { code: 'ERR_CLUSTER_CONFIG' })
})
