import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { collectCluster } from '../../src/kube/cache/list-cluster.ts'
import { startControlPlane } from './support/control-plane.ts'
import { createHog, startKubeletReader } from './support/kubelet-reader.ts'
import { missingForNode, startNode } from './support/node.ts'
import { until } from './support/wait.ts'

const missing = missingForNode(process.env)
if (missing === undefined) await readRealKubelet()
else t.plan(0, `a real kubelet cannot be started here: ${missing}`)

async function readRealKubelet(): Promise<void> {
  const plane = await startControlPlane()
  t.teardown(() => plane.stop())
  const node = await startNode(plane)
  t.teardown(() => node.stop())
  const { client, credentials, target, read, readOnce } = await startKubeletReader(t, plane, node)

  void t.test('a pod of 300 threads is read with all of them, and the pause task', async (t) => {
    const uid = await createHog(t, plane, node, client)
    const reading = await until(
      'the threads in the metrics',
      async () => {
        const each = await read()
        return (each?.pods?.get(uid) ?? 0) >= 302 ? each : undefined
      },
      120_000
    )
    t.equal(reading.pods?.get(uid), 302)
    t.ok(Number(reading.kubepods.inUse) >= 302)
    t.ok(Number(reading.kubepods.limit) > 0)
    t.ok(Number(reading.host.limit) > 0)
    t.ok(Number(reading.host.inUse) > 302)
    t.ok(Date.now() - reading.at < 60_000, 'not older than housekeeping makes it')
    t.strictSame(reading.gaps, [])
  })

  void t.test('kubepods lowered below the node, as in incident 000, is seen', async (t) => {
    writeFileSync(join(node.kubepods, 'pids.max'), '1500')
    const reading = await until(
      'the lower ceiling',
      async () => {
        const each = await read()
        return each?.kubepods.limit === 1500 ? each : undefined
      },
      60_000
    )
    t.ok(Number(reading.host.limit) > 1500)
  })

  void t.test('the node itself says where its kubelet is', async (t) => {
    const { nodes } = await collectCluster(client, new AbortController().signal)
    t.match(nodes, [target])
  })

  void t.test('its certificate is trusted by its authority alone; a wrong token is no entry', async (t) => {
    const failure = async (change: object) => (await readOnce(change)).failure?.reason
    t.equal(await failure({ insecure: false }), 'tls')
    t.equal(await failure({ insecure: false, ca: async () => readFileSync(node.authority, 'utf8') }), undefined)
    const wrong = {
      ...credentials,
      next: async () => ({ ...(await credentials.next()), headers: { authorization: 'Bearer x' } })
    }
    t.equal(await failure({ credentials: wrong }), 'unauthorized')
  })
}
