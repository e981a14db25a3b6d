// What the one writer says while a real scheduler binds pods: each of them once, and what the API server then shows.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { createInterface } from 'node:readline'
import t from 'tap'
import { authoritiesIn } from '../../src/certs/keyring.ts'
import { reservationsToken } from '../../src/certs/reservations-token.ts'
import { type Reservation, readReservation } from '../../src/headroom/reservation.ts'
import { startControlPlane } from './support/control-plane.ts'
import { install, patience, secretData } from './support/installation.ts'
import { addNode, keepAlive } from './support/nodes.ts'
import { deployment, type StoredObject } from './support/objects.ts'
import { until } from './support/wait.ts'

const nodes = ['node-a', 'node-b']
const replicas = 12

const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
for (const name of nodes) await addNode(plane, name)
await keepAlive(plane, nodes)
const installation = await install(plane, 'default', ['guard'], patience)
installation.writePolicy(`
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec: {headroom: {taintNodes: true}}
`)
const address = `https://localhost:${installation.guardPort}`
const controller = await installation.startController(`--guard=${address}`)
const [replica, guard] = [await installation.start(), await installation.startGuard()]
for (const each of [replica, guard]) await each.ready()

async function ask(token: string): Promise<IncomingMessage> {
  const data = await secretData(plane)
  const call = request(`${address}/reservations`, {
    agent: false,
    ca: authoritiesIn(data),
    servername: 'pidguard-guard.pidguard-system.svc',
    headers: { authorization: `Bearer ${token}` }
  })
  call.on('error', () => {})
  t.teardown(() => call.destroy())
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  // A guard that ends cuts it.
  response.on('error', () => {})
  return response
}

interface Placed extends StoredObject {
  readonly metadata: StoredObject['metadata'] & { readonly uid: string }
  readonly spec: { readonly nodeName?: string }
}

void t.test('only who reads the Secret may listen', async (t) => {
  t.equal((await ask('0'.repeat(64))).statusCode, 401)
})

void t.test('each pod is said as it is admitted, and as it is bound where the API server shows it', async (t) => {
  await controller.logged('connected to the guard')
  const { 'tls.key': key = '' } = await secretData(plane)
  const stream = await ask(reservationsToken(key))
  t.equal(stream.statusCode, 200)
  const said: Reservation[] = []
  const lines = createInterface({ input: stream })
  lines.on('error', () => {})
  lines.on('line', (line) => {
    const reservation = readReservation(line)
    if (reservation !== undefined) said.push(reservation)
    else if (line !== '') t.fail(`neither a reservation nor a heartbeat: ${line}`)
  })
  await kubectl.create(deployment({ name: 'web', namespace: 'shop' }, replicas, { requests: { cpu: '5m' } }))
  const pods = await until(`${replicas} pods on nodes`, async () => {
    const found = await api.list<Placed>('pods', 'shop', 'labelSelector=app=web')
    return found.length === replicas && found.every(({ spec }) => spec.nodeName !== undefined) && found
  })
  await until('all is said', () => said.length >= 2 * replicas)
  t.equal(said.length, 2 * replicas, 'and once')
  for (const { metadata, spec } of pods) {
    const uid = metadata.uid
    const place = said.findIndex((each) => 'admitted' in each && each.admitted.uid === uid)
    const bound = said.findIndex((each) => 'bound' in each && each.bound.uid === uid)
    t.match(said[place], { admitted: { namespace: 'shop', workload: { kind: 'Deployment', name: 'web' } } })
    t.match(said[bound], { bound: { node: spec.nodeName } })
    t.ok(place < bound, 'first that it is admitted')
  }
  const messages = controller.logLines().map(({ msg }) => msg)
  t.notOk(messages.some((msg) => msg.startsWith('the guard says what is not understood')))
})

void t.test('the guard goes, and the leader finds the next one', async (t) => {
  await guard.stop()
  await controller.logged('the stream of the guard has ended')
  const next = await installation.startGuard()
  await next.ready()
  const connected = () => controller.logLines().filter(({ msg }) => msg === 'connected to the guard').length
  await until('it is connected again', () => connected() >= 2)
  t.equal(connected(), 2)
})
