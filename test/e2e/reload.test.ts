import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { pod, someRequests } from './support/objects.ts'
import { createAuthority, type PemPair } from './support/pki.ts'
import { until } from './support/wait.ts'
import { type LogLine, startWebhook, unregister } from './support/webhook.ts'

function policyWith(bestEffortPods: 'reject' | 'inject'): string {
  return `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  requests: {bestEffortPods: reject, cpu: 10m, memory: 32Mi}
  overrides:
    - name: shop
      namespaces: {names: [shop]}
      requests: {bestEffortPods: ${bestEffortPods}}
`
}

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop')

const authority = await createAuthority('e2e-webhook')
function issue(): Promise<PemPair> {
  return authority.issue('pidguard', ['localhost', '127.0.0.1', '::1'])
}
async function writeFirstCertificate(folder: string): Promise<void> {
  const pair = await issue()
  writeFileSync(join(folder, 'ca.crt'), authority.certificate)
  writeFileSync(join(folder, 'tls.crt'), pair.certificate)
  writeFileSync(join(folder, 'tls.key'), pair.key)
}
const webhook = await startWebhook(plane, {
  policy: policyWith('reject'),
  certificates: writeFirstCertificate,
  drain: 15
})
t.teardown(() => webhook.stop())
await webhook.register()

async function admits(): Promise<boolean> {
  const { code } = await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')
  return code === 0
}

async function generation(): Promise<number> {
  return (await webhook.metric('pidguard_policy_generation')) ?? Number.NaN
}

void t.test('the policy', async (t) => {
  await t.test('a changed policy is in force without a restart', async (t) => {
    t.equal(await admits(), false)
    const before = await generation()
    webhook.writePolicy(policyWith('inject'))
    await webhook.generationAfter(before)
    t.equal(await admits(), true)
  })

  const broken = [
    { name: 'no YAML', text: 'spec: {rules: [' },
    { name: 'an unknown mode', text: policyWith('reject').replace('spec:', 'spec:\n  rules: {best-effort: perhaps}') },
    { name: 'empty', text: '' }
  ]
  for (const { name, text } of broken) {
    await t.test(`a broken policy is reported, and the last good one stays in force: ${name}`, async (t) => {
      const before = await generation()
      const seen = webhook.logLines().length
      webhook.writePolicy(text)
      await until('a complaint in the log', () => webhook.logLines().slice(seen).some(isComplaint))
      t.equal(await generation(), before)
      t.equal(await admits(), true)
    })
  }

  await t.test('a mended policy is in force again', async (t) => {
    const before = await generation()
    webhook.writePolicy(policyWith('reject'))
    await webhook.generationAfter(before)
    t.equal(await admits(), false)
  })
})

/** From `warn` up. */
function isComplaint({ level }: LogLine): boolean {
  return typeof level === 'number' ? level >= 40 : ['warn', 'error', 'fatal'].includes(level)
}

/** What a client that connects now is shown. */
function servedSerial(): Promise<string> {
  const { hostname, port } = webhook.admissionUrl
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: hostname, port: Number(port), ca: authority.certificate, servername: 'localhost' },
      () => {
        resolve(socket.getPeerCertificate().serialNumber)
        socket.destroy()
      }
    )
    socket.on('error', reject)
  })
}

/** Writes pods (dry run) until it is told to stop. Every answer but "created" is a failure. */
function startTraffic(workers: number): { stop: () => Promise<{ calls: number; failures: string[] }> } {
  const failures: string[] = []
  let calls = 0
  let going = true
  async function work(): Promise<void> {
    while (going) {
      const object = pod({ generateName: 'traffic-', namespace: 'shop' }, someRequests)
      const { status, body } = await api.post('/api/v1/namespaces/shop/pods?dryRun=All', object)
      calls += 1
      if (status !== 201) failures.push(`${status} ${body.message}`)
    }
  }
  const all = Promise.all(Array.from({ length: workers }, work))
  return {
    async stop() {
      going = false
      await all
      return { calls, failures }
    }
  }
}

/** A connection as the API server keeps them: it has been used once. With the time of that, in milliseconds. */
async function openConnection(): Promise<[TLSSocket, number]> {
  const { hostname, port } = webhook.admissionUrl
  const socket = connect({ host: hostname, port: Number(port), ca: authority.certificate, servername: 'localhost' })
  await once(socket, 'secureConnect')
  const answer = await nextAnswer(socket)
  if (/^connection: close/im.test(answer)) throw new Error(`not kept: ${answer}`)
  return [socket, Date.now()]
}

/** The head of the answer to a review that asks nothing. */
async function nextAnswer(socket: TLSSocket): Promise<string> {
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'idle', operation: 'DELETE', kind: { group: '', version: 'v1', kind: 'Pod' }, object: null }
  })
  const head = ['POST /validate HTTP/1.1', 'host: localhost', 'content-type: application/json']
  if (socket.destroyed) throw new Error('the connection was cut')
  socket.write([...head, `content-length: ${body.length}`, '', body].join('\r\n'))
  const closed = once(socket, 'close').then(() => {
    throw new Error('the connection was cut')
  })
  const [data] = await Promise.race([once(socket, 'data'), closed])
  return String(data)
}

const idle = await openConnection()
t.teardown(() => idle[0].destroy())

void t.test('certificates', async (t) => {
  await t.test('are swapped under traffic without one failed call', async (t) => {
    const serials = new Set([await servedSerial()])
    const traffic = startTraffic(8)
    // Milliseconds between the two files. A second and more lets the program find a pair that does not belong together.
    for (const pause of [0, 0, 1_500, 0]) {
      const pair = await issue()
      writeFileSync(join(webhook.certFolder, 'tls.crt'), pair.certificate)
      await sleep(pause)
      writeFileSync(join(webhook.certFolder, 'tls.key'), pair.key)
      const serial = await until('the new certificate', async () => {
        const served = await servedSerial()
        return !serials.has(served) && served
      })
      serials.add(serial)
      await sleep(500)
    }
    const { calls, failures } = await traffic.stop()
    t.comment(`${calls} calls, ${serials.size} certificates`)
    t.strictSame(failures, [])
    t.ok(calls > 10, `${calls} calls`)
    t.equal(serials.size, 5)
  })

  await t.test('a pair that is broken for good leaves the last good one in use', async (t) => {
    const before = await servedSerial()
    const seen = webhook.logLines().length
    writeFileSync(join(webhook.certFolder, 'tls.crt'), 'no certificate')
    await until('a complaint in the log', () => webhook.logLines().slice(seen).some(isComplaint))
    t.equal(await servedSerial(), before)
    t.equal(await admits(), false)
  })

  await t.test('a connection is not cut while it is idle, and the next answer on it is its last', async (t) => {
    const [connection, openedAt] = idle
    // Longer than the 5 s that Node keeps an idle connection where nobody says otherwise.
    await sleep(Math.max(0, openedAt + 6_500 - Date.now()))
    t.match(await nextAnswer(connection), /^connection: close\r$/im)
  })

  await t.test('a failed call would have been seen: an authority that did not sign is refused', async (t) => {
    t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i, 'none so far')
    const foreign = await createAuthority('foreign')
    const caBundle = Buffer.from(foreign.certificate).toString('base64')
    const change = [{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }]
    const target = ['mutatingwebhookconfiguration', 'pidguard', '--type=json', `--patch=${JSON.stringify(change)}`]
    await kubectl.ok(['patch', ...target])
    const message = await until('a failed call', async () => {
      const { status, body } = await api.post(
        '/api/v1/namespaces/shop/pods?dryRun=All',
        pod({ name: 'late', namespace: 'shop' }, someRequests)
      )
      return status !== 201 && String(body.message)
    })
    t.match(message, /failed calling webhook.*x509/)
  })
})

void t.test('told to end under traffic, it is unready but answers until it is called no more', async (t) => {
  await webhook.register()
  const traffic = startTraffic(4)
  const stopped = webhook.stop()
  await until('unready', async () => !(await webhook.isReady()))
  await unregister(plane)
  const { calls, failures } = await traffic.stop()
  t.strictSame(failures, [])
  t.ok(calls > 10, `${calls} calls`)
  t.strictSame(await stopped, { code: 0, signal: null })
})
