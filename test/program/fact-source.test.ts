import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { type Answer, sendJson, startFakeApi } from '../support/fake-api.ts'
import { kubeletAuthority, startFakeKubelet } from '../support/fake-kubelet.ts'
import { reviewOf } from '../support/reviews.ts'
import { metric, type RunningServer, startServer } from '../support/server.ts'
import { podObject } from '../support/subjects.ts'
import { untilHolds as until } from '../support/until.ts'

const fixtures = join(import.meta.dirname, '../fixtures')
const recorded = (name: string): string => readFileSync(join(fixtures, 'kubelet', name), 'utf8')
const full = readFileSync(join(fixtures, 'snapshots/kubepods-full.yaml'), 'utf8')
// Recorded with 1500 of kubepods. Two of the four pods had just started; they are expected to grow to the 502 of the other
// two of their template, so 4 × 502 = 2008 are committed. With this limit 242 stay free: 2500 − 250 (10 %) − 2008.
const roomy = full.replace('limit: 1500', 'limit: 2500')

/** A pod that says what it needs and leaves nothing else to be found. */
function podReview(pids: number, uid = 'u-1', change: JsonRecord = {}): JsonRecord {
  const resources = { requests: { cpu: '1', memory: '1Gi' } }
  const metadata = { uid, annotations: { 'pidguard.io/pids': String(pids) } }
  return reviewOf(podObject({ containers: [{ name: 'app', resources }] }, metadata), change)
}

async function folder(t: Test): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'pidguard-facts-'))
  t.teardown(() => rm(made, { recursive: true }))
  return made
}

async function start(t: Test, ...args: string[]): Promise<RunningServer> {
  const server = await startServer({ args })
  t.teardown(() => server.stop())
  return server
}

void t.test('without a cluster and without a snapshot nothing is denied for PIDs, and it is said so', async (t) => {
  const server = await start(t)
  const { response } = await server.review('validate', podReview(1_000_000))
  t.equal(response.allowed, true)
  t.strictSame(response.auditAnnotations, { 'pid-headroom': 'skipped: headroom not known' })
  t.ok(Number.isNaN(await metric(server, 'pidguard_nodes{known="fresh"}')), 'unknown is not 0')
})

void t.test('a snapshot stands in for a cluster, and a changed one is in force within seconds', async (t) => {
  const file = join(await folder(t), 'snapshot.yaml')
  await writeFile(file, roomy)
  const server = await start(t, '--snapshot', file)
  const message = async (pids: number) => (await server.review('validate', podReview(pids))).response.status?.message
  t.match(
    await message(300),
    /needs 300; node-a has 242 PIDs free under kubepods: limit 2500, floor 250, committed 2008, in use 1006;/
  )
  t.equal(await message(200), undefined)

  await writeFile(file, `${roomy}oops`)
  await until(
    () => server.lines.some(({ msg }) => msg === 'snapshot not loaded, the last good one stays'),
    () => server.lines
  )
  t.match(await message(300), /node-a has 242 PIDs free/)

  await writeFile(file, full)
  await until(
    async () =>
      /node-a has 0 PIDs free under kubepods, 658 short of its floor: limit 1500/.test((await message(300)) ?? ''),
    async () => (await message(300)) ?? ''
  )
  await writeFile(file, full.replace('limit: 1500', 'limit: 15000'))
  await until(
    async () => (await message(300)) === undefined,
    async () => message(300)
  )
})

void t.test('what was admitted counts at once, a dry run does not', async (t) => {
  const file = join(await folder(t), 'snapshot.yaml')
  await writeFile(file, roomy)
  const server = await start(t, '--snapshot', file)
  const allowed = async (uid: string, change = {}) =>
    (await server.review('validate', podReview(100, uid, change))).response.allowed
  t.equal(await allowed('dry', { dryRun: true }), true)
  t.equal(await allowed('dry', { dryRun: true }), true)
  t.strictSame([await allowed('a'), await allowed('b'), await allowed('c')], [true, true, false])
  t.equal(await metric(server, 'pidguard_reservations{what="admitted"}'), 2)
  t.equal(await metric(server, 'pidguard_waiting_pids'), 200)
})

const collections: Record<string, () => JsonRecord> = {
  '/api/v1/pods': () => JSON.parse(recorded('incident-pods.json')),
  '/api/v1/nodes': () => JSON.parse(recorded('incident-nodes.json')),
  '/api/v1/namespaces': () => ({
    items: [{ metadata: { name: 'default', labels: { team: 'a' }, annotations: { 'pidguard.io/default-pids': '7' } } }]
  }),
  '/api/v1/limitranges': () => ({ items: [] })
}

/** An API server with the incident's cluster, whose node is at 127.0.0.1 and that port. */
function incident(kubeletPort: number): Answer {
  return (request, response, query) => {
    if (query.has('watch')) {
      response.writeHead(200).flushHeaders()
      return
    }
    const list = collections[request.url?.split('?')[0] ?? '']?.() ?? { items: [] }
    const text = JSON.stringify({ ...list, metadata: { resourceVersion: '1' } })
    const port = `"Port":${kubeletPort}`
    sendJson(response, JSON.parse(text.replaceAll('192.0.2.2', '127.0.0.1').replaceAll('"Port":10250', port)))
  }
}

async function cluster(t: Test, answer: Answer) {
  const api = await startFakeApi(answer)
  t.teardown(() => api.stop())
  const place = await folder(t)
  const kubeconfig = join(place, 'kubeconfig')
  const ca = join(place, 'ca.crt')
  await writeFile(
    kubeconfig,
    readFileSync(join(fixtures, 'kubeconfig.yaml'), 'utf8').replace('https://127.0.0.1:1', api.url)
  )
  await writeFile(ca, kubeletAuthority.cert)
  return { api, place, args: ['--kubeconfig', kubeconfig, '--kubelet-ca', ca, '--readings-interval', '1s'] }
}

void t.test('of a live cluster: nodes and pods from the API server, PIDs from the kubelet', async (t) => {
  let silent = false
  const kubelet = await startFakeKubelet(t, (request, response) => {
    // As its clock was when it was recorded: figures are as old as the node says.
    response.setHeader('date', 'Sat, 21 Nov 2026 10:55:25 GMT')
    if (silent) response.destroy()
    else if (request.url === '/stats/summary') response.end(recorded('incident-stats-summary.json'))
    else response.end(recorded('incident-metrics-cadvisor.txt'))
  })
  const { args, place } = await cluster(t, incident(kubelet.target('node-a').kubeletPort))
  const policy = join(place, 'policy.yaml')
  const head = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'
  await writeFile(
    policy,
    `${head}spec: {headroom: {maxAge: 10s}, namespaceTuning: {pids: {max: 100}}, overrides: [{name: a, namespaces: {selector: {matchLabels: {team: a}}}, headroom: {floor: 20%}}]}\n`
  )
  const server = await start(t, ...args, '--policy', policy)
  await until(
    async () => (await fetch(`${server.probes}/readyz`)).status === 200,
    async () => (await fetch(`${server.probes}/readyz`)).status
  )
  await until(
    async () => (await metric(server, 'pidguard_nodes{known="fresh"}')) === 1,
    async () => metric(server, 'pidguard_nodes{known="fresh"}')
  )
  t.equal(await metric(server, 'pidguard_cache_synced{resource="pods"}'), 1)
  t.equal(await metric(server, 'pidguard_cache_objects{resource="pods"}'), 4)

  // Read from recorded answers: 1006 of 1500 in use. Two of the four pods have still to start the 502 threads that the other
  // two of their template hold, so 4 × 502 are committed: 1500 − 300 (20 %) − 2008.
  const { response } = await server.review('validate', podReview(300))
  t.equal(response.allowed, false)
  t.match(
    response.status?.message,
    /node-a has 0 PIDs free under kubepods, 808 short of its floor: limit 1500, floor 300, committed 2008, in use 1006;/
  )
  const mutated = await server.review('mutate', reviewOf(podObject()))
  t.match(
    Buffer.from(mutated.response.patch ?? '', 'base64').toString(),
    /"pidguard.io\/pids-estimate":"7"/,
    'the owner may tune'
  )
  t.same(mutated.response.auditAnnotations?.['policy'], undefined, 'labels of the namespace are known')

  silent = true
  await until(
    async () => (await metric(server, 'pidguard_nodes{known="stale"}')) === 1,
    async () => metric(server, 'pidguard_nodes{known="stale"}')
  )
  // A node that was full when it was last read may be silent because it has no PIDs left to answer with.
  const without = (await server.review('validate', podReview(300))).response
  t.equal(without.allowed, false)
  t.match(without.status?.message, /node-a has 0 PIDs free/)
  t.ok((await metric(server, 'pidguard_node_readings_total{source="kubelet",result="unreachable"}')) > 0)
  await until(
    () => server.lines.some(({ msg }) => msg === 'nodes cannot be read, or not in full'),
    () => server.lines
  )

  silent = false
  await until(
    async () => !(await server.review('validate', podReview(300))).response.allowed,
    async () => (await server.review('validate', podReview(300))).response
  )
  await until(
    () => server.lines.some(({ msg }) => msg === 'all nodes are read again'),
    () => server.lines
  )
})

void t.test('an API server that does not answer delays readiness, but not for ever, and denies nothing', async (t) => {
  const { args } = await cluster(t, (_request, response) => void response.destroy())
  const server = await start(t, ...args)
  const { response } = await server.review('validate', podReview(1_000_000))
  t.equal(response.allowed, true)
  const ready = await fetch(`${server.probes}/readyz`)
  t.equal(ready.status, 503)
  t.match(await ready.text(), /not ready: nodes, pods, namespaces and limitranges have not all been read/)
  await until(
    async () => (await fetch(`${server.probes}/readyz`)).status === 200,
    async () => (await fetch(`${server.probes}/readyz`)).status
  )
  t.ok((await metric(server, 'pidguard_cache_failures_total{resource="nodes"}')) > 0)
  t.equal(await metric(server, 'pidguard_cache_synced{resource="nodes"}'), 0)
})
