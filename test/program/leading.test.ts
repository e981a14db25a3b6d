import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { sendJson, sendStatus, startFakeApi, until } from '../support/fake-api.ts'
import { type RunningProgram, startController, startServer } from '../support/server.ts'

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

const head = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'

/** Starts one of both verbs without `--cert-secret`, over a cluster whose readings come from a file. */
async function running<T extends RunningProgram>(
  t: Test,
  start: (options: { policy: string; args: readonly string[] }) => Promise<T>,
  policy: string,
  ...more: string[]
) {
  const cluster = await api(t)
  const folder = await mkdtemp(join(tmpdir(), 'pidguard-leading-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const [kubeconfig, snapshot] = [join(folder, 'kubeconfig'), join(folder, 'readings.yaml')]
  const fixture = readFileSync(join(import.meta.dirname, '../fixtures/kubeconfig.yaml'), 'utf8')
  await writeFile(kubeconfig, fixture.replace('https://127.0.0.1:1', cluster.url))
  await writeFile(snapshot, readings)
  const args = ['--kubeconfig', kubeconfig, '--readings', 'snapshot', '--snapshot', snapshot]
  const program = await start({ policy: `${head}${policy}`, args: [...args, ...more] })
  t.teardown(() => program.stop())
  const say = async (spec: string): Promise<void> => writeFile(join(program.folder, 'policy.yaml'), `${head}${spec}`)
  return { ...cluster, program, say }
}

const taintNodes = 'spec: {headroom: {taintNodes: true}}\n'

void t.test('a policy that taints nodes is carried out without --cert-secret too', async (t) => {
  const { written, asked } = await running(t, startController, taintNodes)
  await until(
    'the Event about the taint',
    () => written.some(({ path }) => path.endsWith('/events')),
    () => written
  )
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

void t.test('a policy that begins to taint is carried out; before, nodes are neither read nor written', async (t) => {
  const { written, asked, program, say } = await running(t, startController, '')
  await until(
    'the caches are there',
    () => asked.filter((line) => line.includes('watch=true')).length >= 4,
    () => asked
  )
  const metrics = async () => (await fetch(`${program.probes}/metrics`)).text()
  t.notMatch(await metrics(), /^pidguard_nodes\{/m, 'nodes that nobody reads are not called unknown')
  await say(taintNodes)
  await until(
    'the taint',
    () => written.some(({ path }) => path === '/api/v1/nodes/a'),
    () => written
  )
  t.match(await metrics(), /^pidguard_nodes\{known="fresh"\} 3$/m)
})

void t.test(
  'a policy that schedules PIDs is carried out: every node offers what is free above its floor',
  async (t) => {
    const { written, program } = await running(t, startController, 'spec: {headroom: {schedulePids: true}}\n')
    const capacities = () => written.filter(({ path }) => path.endsWith('/status'))
    await until(
      'every node offers what is free above its floor',
      () => new Set(capacities().map(({ path }) => path)).size === nodes.length,
      () => written
    )
    // 1500 less the floor of 150 and what is in use, rounded down to 11.
    const offered = (pids: string) => ({
      capacity: { 'pidguard.io/pids': pids },
      allocatable: { 'pidguard.io/pids': pids }
    })
    for (const [name, pids] of Object.entries({ a: '0', b: '1331' })) {
      const [{ body } = {}] = capacities().filter(({ path }) => path === `/api/v1/nodes/${name}/status`)
      t.strictSame(body, { status: offered(pids) }, name)
    }
    const text = await (await fetch(`${program.probes}/metrics`)).text()
    t.match(text, /^pidguard_node_capacity_writes_total\{reason="new",result="done"\} [1-9]/m)
    t.notOk(
      written.some(({ path }) => path.endsWith('/events')),
      'for which it has no right'
    )
  }
)

void t.test('audits need no --cert-secret either', async (t) => {
  const { program } = await running(t, startController, '', '--audit-interval', '1h')
  await until(
    'it leads',
    () => program.lines.some(({ msg }) => msg === 'leading'),
    () => program.lines
  )
})

void t.test('a replica of the webhook takes part in no election, and writes nothing', async (t) => {
  const { asked, written, program } = await running(t, startServer, taintNodes)
  await until(
    'the caches are there',
    () => asked.filter((line) => line.includes('watch=true')).length >= 4,
    () => asked
  )
  await until(
    'the nodes read',
    async () => (await (await fetch(`${program.probes}/metrics`)).text()).includes('pidguard_nodes{known="fresh"} 3'),
    async () => (await fetch(`${program.probes}/metrics`)).text()
  )
  t.strictSame(
    asked.filter((line) => !line.startsWith('GET ')),
    []
  )
  t.notOk(asked.some((line) => line.includes('/leases')))
  t.strictSame(written, [])
})
