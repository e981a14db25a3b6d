// The controller that leads audits on an interval: two of them with the rights of the component audit, and what is seen of it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { kubeletAuthority } from '../support/fake-kubelet.ts'
import { startControlPlane } from './support/control-plane.ts'
import { addNode } from './support/fleet.ts'
import { install, type Running } from './support/installation.ts'
import { deployment, pod, restricted, someRequests } from './support/objects.ts'
import { until, untilIs } from './support/wait.ts'
import type { LogLine } from './support/webhook.ts'

const plane = await startControlPlane({ controllers: true })
t.teardown(() => plane.stop())
const { kubectl } = plane
await plane.createNamespace('shop')
await kubectl.create(deployment({ name: 'web', namespace: 'shop' }, 0))
await kubectl.create(deployment({ name: 'fine', namespace: 'shop' }, 0, someRequests))
/** Its kubelet goes when all tests are done. */
const machine = (name: string, limit: number) => addNode(t, plane, name, { limit, inUse: 200 })
await machine('node-a', 20_000)

const installation = await install(plane, 'default', ['audit', 'policy-reports', 'audit-reports'])
for (const name of ['policyreports', 'clusterpolicyreports']) {
  const file = join(import.meta.dirname, '../fixtures/crds', `${name}.yaml`)
  await kubectl.ok(['apply', '--filename', file])
}
const kubeletCa = join(plane.folder, 'kubelet-ca.crt')
writeFileSync(kubeletCa, kubeletAuthority.cert)

/** Rules that find something in a cluster without machines, whatever is in it, are off. */
const policyWith = (rules: string, floor = '10%'): string => `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  pids: {estimate: 50}
  headroom: {floor: ${floor}, maxAge: 60s}
  rules: {node-pid-max: off, node-kubepods-drift: off, ${rules}}
`
installation.writePolicy(policyWith('best-effort: enforce'))

const controllers: Running[] = []
async function start(): Promise<Running> {
  const controller = await installation.startController(
    '--readings=kubelet',
    '--readings-interval=1s',
    `--kubelet-ca=${kubeletCa}`,
    '--audit-interval=2s',
    '--audit-report-objects'
  )
  controllers.push(controller)
  await controller.ready()
  return controller
}

async function samplesOf(replica: Running): Promise<string[]> {
  const { body } = await request(`http://127.0.0.1:${replica.probePort}/metrics`)
  return (await body.text()).split('\n').filter((line) => line.startsWith('pidguard_audit_'))
}

function isLeading(replica: Running): boolean {
  const lines = replica.logLines().filter(({ msg }) => msg === 'leading' || msg === 'no longer leading')
  return lines.at(-1)?.msg === 'leading'
}

async function leader(): Promise<Running> {
  return until('a leader', () => controllers.find(isLeading))
}

/** Waits for an audit that ends in the future with this result, and gives back what is said of it. */
async function audited(result: string): Promise<string[]> {
  const replica = await leader()
  const name = `pidguard_audit_runs_total{result="${result}"}`
  const before = (await replica.metric(name)) ?? 0
  await until(`an audit that is ${result}`, async () => ((await replica.metric(name)) ?? 0) > before)
  return samplesOf(replica)
}

/** The last line that begins so; lines come late. */
async function lastLine(message: string): Promise<LogLine> {
  const replica = await leader()
  return until(`a line ${message}`, () => replica.logLines().findLast(({ msg }) => msg.startsWith(message)))
}

const gauges = /^pidguard_audit_(findings|checked|unchecked|gaps|last|duration)/
const webFinding = 'pidguard_audit_findings{rule="best-effort",namespace="shop",level="deny"} 1'

await start()
await start()
await (await installation.start()).ready()

void t.test('the leader tells what it found, by rule and namespace; the other controller tells nothing', async (t) => {
  const samples = await audited('findings')
  t.ok(samples.includes(webFinding), samples.join('\n'))
  for (const part of ['nodes/configz', 'other']) {
    t.ok(samples.includes(`pidguard_audit_gaps{part="${part}"} 0`), 'the component brings every right that is needed')
  }
  t.ok(samples.includes('pidguard_audit_checked_objects{rule="node-pod-pids-limit"} 1'), 'asked, and nothing found')
  t.notOk(samples.some((line) => line.startsWith('pidguard_audit_findings{rule="node-pod-pids-limit"')))
  const at = Number(samples.find((line) => line.startsWith('pidguard_audit_last_success'))?.split(' ')[1])
  t.ok(Math.abs(Date.now() / 1000 - at) < 60, `${at}`)
  const other = controllers.find((replica) => !isLeading(replica)) as Running
  t.strictSame(
    (await samplesOf(other)).filter((line) => gauges.test(line)),
    []
  )
  t.notOk(other.logLines().some(({ msg }) => msg.startsWith('audit done')))
})

void t.test('with audit-reports the same audit writes PolicyReports', async (t) => {
  const reports = await until('the report of web', async () => {
    const { items } = JSON.parse(await kubectl.ok(['get', 'policyreports', '-n=shop', '-o=json']))
    return items.length > 0 && items
  })
  t.match(reports, [{ scope: { kind: 'Deployment', name: 'web' }, summary: { fail: 1 } }])
})

void t.test('no burst: lists of an audit come ten a second at most', async (t) => {
  const controllers = new Set(['deployments', 'statefulsets', 'daemonsets', 'cronjobs', 'jobs', 'replicasets'])
  const times = plane
    .auditEvents()
    .filter(
      ({ user, verb, objectRef }) =>
        user.username === 'system:serviceaccount:pidguard-system:pidguard-controller' &&
        verb === 'list' &&
        controllers.has(objectRef?.resource ?? '')
    )
    .map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp))
    .sort((a, b) => a - b)
  t.ok(times.length >= 6, `${times.length}`)
  const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 500).length))
  t.ok(most <= 7, `${most} within half a second`)
})

void t.test('admission goes on while audits run', async (t) => {
  const { code, stderr } = await kubectl.create(pod({ name: 'bare', namespace: 'shop' }))
  t.not(code, 0)
  t.match(stderr, /best-effort/)
})

void t.test('the leader is killed: the other one leads, audits, and tells', async (t) => {
  const gone = await leader()
  controllers.splice(controllers.indexOf(gone), 1)
  await gone.stop('SIGKILL')
  t.ok((await audited('findings')).includes(webFinding))
})

void t.test('the leader is told to go: it stops auditing, and another takes over', async (t) => {
  await start()
  const gone = await leader()
  controllers.splice(controllers.indexOf(gone), 1)
  t.strictSame(await gone.stop('SIGTERM'), { code: 0, signal: null })
  t.notOk(
    gone.logLines().some(({ msg }) => msg.startsWith('audit failed')),
    'what was stopped has not failed'
  )
  t.ok((await audited('findings')).includes(webFinding))
})

void t.test('a policy file with mistakes fails the audit; the figures stay, and their age tells', async (t) => {
  installation.writePolicy('kind: [')
  const samples = await audited('failed')
  t.ok(samples.includes(webFinding))
  const line = await lastLine('audit failed')
  t.match(line.failure, /^exit code 2: .*policy\.yaml/s)
  installation.writePolicy(policyWith('best-effort: off'))
})

void t.test('what is mended is gone from the figures: no series with 0', async (t) => {
  const samples = await audited('clean')
  t.strictSame(
    samples.filter((line) => line.startsWith('pidguard_audit_findings')),
    []
  )
  t.ok(samples.includes('pidguard_audit_checked_objects{rule="best-effort"} 0'), 'it was not asked')
})

void t.test('without the rights of the component an audit is incomplete, which is not clean', async (t) => {
  await kubectl.ok(['delete', 'clusterrolebinding', 'pidguard-cluster-audit', 'pidguard-audit-report-writer'])
  // The first may have begun when it still had them in part.
  await audited('incomplete')
  const samples = await audited('incomplete')
  const gaps = Number(samples.find((line) => line.startsWith('pidguard_audit_gaps{part="other"} '))?.split(' ')[1])
  t.ok(gaps > 5, `${gaps}`)
  const line = await lastLine('audit done, parts could not be looked at')
  t.match(line, { result: 'incomplete', firstGaps: [{ reason: 'forbidden', detail: /list on \S+ is needed/ }] })
})

void t.test(
  'a node that comes near its floor says so in an Event, once an episode: who holds the PIDs, what to do',
  async (t) => {
    const node = await machine('node-b', 1500)
    const boom = { ...someRequests, limits: { memory: '64Mi' } }
    await kubectl.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'boom', namespace: 'shop' },
      spec: restricted([{ name: 'app', image: 'example.com/app:1', resources: boom }], { nodeName: 'node-b' })
    })
    const uid = await kubectl.ok(['get', 'pod/boom', '-n=shop', '-o=jsonpath={.metadata.uid}'])
    const replica = await leader()
    const events = async () => {
      const fields = '--field-selector=reason=PIDsNearFloor,involvedObject.name=node-b'
      return JSON.parse(await kubectl.ok(['get', 'events', '-n=default', fields, '-o=json'])).items as object[]
    }
    await untilIs('node-b is known', () => replica.metric('pidguard_nodes{known="fresh"}'), 2)
    await untilIs('nothing is near', () => replica.metric('pidguard_nodes_near_floor'), 0)
    t.strictSame(await events(), [])

    node.kubepods = { limit: 1500, inUse: 1300 }
    node.pods = { [uid]: 1100 }
    await untilIs('the Event', async () => (await events()).length, 1)
    const said = await kubectl.ok(['describe', 'node', 'node-b'])
    t.match(
      said,
      /Warning +PIDsNearFloor +\S+ +pidguard +node-b has 50 PIDs free under kubepods: limit 1500, floor 150, committed 1300, in use 1300\. Where they are: Pod shop\/boom holds 1100 PIDs; 200 PIDs under kubepods, but in none of its pods\. See pidguard top nodes -o wide and top pods --node node-b;/
    )
    t.equal(await replica.metric('pidguard_nodes_near_floor'), 1)
    t.equal(await replica.metric('pidguard_node_pids{node="node-b",ceiling="kubepods"}'), 1300)
    t.equal(await replica.metric('pidguard_node_pids{node="node-b",ceiling="node"}'), 1500)
    t.equal(await replica.metric('pidguard_node_floor_pids{node="node-b",ceiling="kubepods"}'), 150)
    const readAt = (await replica.metric('pidguard_node_reading_timestamp_seconds{node="node-b"}')) ?? 0
    t.ok(Math.abs(Date.now() / 1000 - readAt) < 60, `${readAt}`)

    node.kubepods = { limit: 1500, inUse: 200 }
    await untilIs('it is away again', () => replica.metric('pidguard_nodes_near_floor'), 0)
    t.equal((await events()).length, 1)
    node.kubepods = { limit: 1500, inUse: 1310 }
    await untilIs('the Event of the second episode', async () => (await events()).length, 2)
  }
)

void t.test('another leader does not repeat what has been told', async (t) => {
  const gone = await leader()
  controllers.splice(controllers.indexOf(gone), 1)
  await start()
  await gone.stop()
  const replica = await leader()
  await untilIs('it sees the node', () => replica.metric('pidguard_nodes_near_floor'), 1)
  t.equal(await replica.metric('pidguard_near_floor_events_total{result="posted"}'), undefined)
  const all = await kubectl.ok(['get', 'events', '-n=default', '--field-selector=reason=PIDsNearFloor', '-o=name'])
  t.equal(all.trim().split('\n').length, 2)
})
