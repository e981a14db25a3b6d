import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { sendJson, sendStatus, startFakeApi, until } from '../support/fake-api.ts'
import { startServer } from '../support/server.ts'

const lease = '/apis/coordination.k8s.io/v1/namespaces/pidguard-system/leases'

/** Three nodes and their readings; the first has no room for one more pod. */
const nodes = ['a', 'b', 'c']
const readings = `apiVersion: pidguard.io/v1alpha1
kind: NodeSnapshot
takenAt: 2026-11-21T10:55:30.000Z
nodes:
${nodes
  .map(
    (name) =>
      `  - {name: ${name}, uid: ${name}, labels: {}, taints: [], unschedulable: false, address: 192.0.2.1, pods: [], reading: {at: 2026-11-21T10:55:30.000Z, host: {limit: 32768, inUse: 1500}, kubepods: {limit: 1500, inUse: ${name === 'a' ? 1340 : 10}}}}`
  )
  .join('\n')}
unbound: []
namespaces: []
`

/** An API server that keeps Nodes, Events and one Lease as far as a leader writes them. */
async function api(t: Test) {
  const lists: Record<string, JsonRecord[]> = {
    '/api/v1/nodes': nodes.map((name) => ({
      metadata: { name, uid: name, resourceVersion: '1' },
      spec: {},
      status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] }
    })),
    '/api/v1/namespaces': [{ metadata: { name: 'default' } }]
  }
  const written: { path: string; body: JsonRecord }[] = []
  let held: JsonRecord | undefined
  const answer = async (request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> => {
    const path = request.url?.split('?')[0] ?? ''
    if (query.has('watch')) {
      response.writeHead(200).flushHeaders()
      return
    }
    if (request.method === 'GET' && path === `${lease}/pidguard`) {
      return held === undefined ? sendStatus(response, 404) : sendJson(response, held)
    }
    if (request.method === 'GET') {
      const [, name] = /^\/api\/v1\/nodes\/(\w+)$/.exec(path) ?? []
      if (name !== undefined) return sendJson(response, { metadata: { name, resourceVersion: '1' }, spec: {} })
      return sendJson(response, { items: lists[path] ?? [], metadata: { resourceVersion: '1' } })
    }
    const body = (await json(request)) as JsonRecord
    if (path.startsWith(lease)) held = { ...body, metadata: { name: 'pidguard', resourceVersion: '1' } }
    else written.push({ path, body })
    sendJson(response, body)
  }
  const server = await startFakeApi((...call) => void answer(...call))
  t.teardown(() => server.stop())
  return { url: server.url, asked: server.asked, written }
}

/** Serves without `--cert-secret`, over a cluster whose readings come from a file. */
async function serving(t: Test, policy: string, ...more: string[]) {
  const cluster = await api(t)
  const folder = await mkdtemp(join(tmpdir(), 'pidguard-leading-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const [kubeconfig, snapshot] = [join(folder, 'kubeconfig'), join(folder, 'readings.yaml')]
  const fixture = readFileSync(join(import.meta.dirname, '../fixtures/kubeconfig.yaml'), 'utf8')
  await writeFile(kubeconfig, fixture.replace('https://127.0.0.1:1', cluster.url))
  await writeFile(snapshot, readings)
  const args = ['--kubeconfig', kubeconfig, '--readings', 'snapshot', '--snapshot', snapshot]
  const head = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'
  const server = await startServer({ policy: `${head}${policy}`, args: [...args, ...more] })
  t.teardown(() => server.stop())
  const say = async (spec: string): Promise<void> => writeFile(join(server.folder, 'policy.yaml'), `${head}${spec}`)
  return { ...cluster, server, say }
}

void t.test('a policy that taints nodes is carried out without --cert-secret too', async (t) => {
  const { written, asked } = await serving(t, 'spec: {headroom: {taintNodes: true}}\n')
  await until('the Event about the taint', () => written.some(({ path }) => path.endsWith('/events')))
  t.match(
    written.find(({ path }) => path === '/api/v1/nodes/a'),
    { body: { spec: { taints: [{ key: 'pidguard.io/low-pids', effect: 'NoSchedule' }] } } }
  )
  t.ok(asked.some((line) => line.startsWith(`POST ${lease}`)))
  t.notOk(
    asked.some((line) => line.includes('poddisruptionbudgets') || line.includes('secrets')),
    'what belongs to an installation is left to it'
  )
})

void t.test('a policy that begins to taint is carried out; before, no Lease is asked for', async (t) => {
  const { written, asked, server, say } = await serving(t, '')
  await until('the caches are there', () => asked.filter((line) => line.includes('watch=true')).length >= 4)
  t.notOk(asked.some((line) => line.includes('/leases')))
  await say('spec: {headroom: {taintNodes: true}}\n')
  await until('the taint', () => written.some(({ path }) => path === '/api/v1/nodes/a'))
  await until('the line in the log', () => server.lines.some(({ msg }) => msg === 'leading'))
})

void t.test('audits need no --cert-secret either', async (t) => {
  const { server } = await serving(t, '', '--audit-interval', '1h')
  await until('it leads', () => server.lines.some(({ msg }) => msg === 'leading'))
})

void t.test('a policy that taints nodes where there is no cluster: the log says that nothing is tainted', async (t) => {
  const policy = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {headroom: {taintNodes: true}}\n'
  const server = await startServer({ policy })
  t.teardown(() => server.stop())
  await until('the line in the log', () => server.lines.length > 0)
  t.match(server.lines, [{ msg: 'taintNodes has no effect: there is no cluster whose nodes could be tainted' }])
})
