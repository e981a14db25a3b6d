import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { collectCluster } from '../../src/kube/cache/list-cluster.ts'
import { KubeClient } from '../../src/kube/client.ts'
import { findCredentials } from '../../src/kube/credentials.ts'
import type { NodeReading } from '../../src/model/node-reading.ts'
import { KubeletReadings, kubeletDefaults } from '../../src/readings/kubelet/kubelet-readings.ts'
import { systemClock } from '../support/fake-api.ts'
import { memorySink } from '../support/fake-kubelet.ts'
import { startControlPlane } from './support/control-plane.ts'
import { missingForNode, startNode, threadsImage } from './support/node.ts'
import { restricted } from './support/objects.ts'
import { until } from './support/wait.ts'

const missing = missingForNode(process.env)
if (missing === undefined) await readRealKubelet()
else t.plan(0, `a real kubelet cannot be started here: ${missing}`)

async function readRealKubelet(): Promise<void> {
  const plane = await startControlPlane()
  t.teardown(() => plane.stop())
  const node = await startNode(plane)
  t.teardown(() => node.stop())
  const kubeconfig = join(plane.folder, 'kubeconfig')
  const credentials = await findCredentials({ kubeconfig, context: undefined, env: {}, clock: systemClock })
  const client = new KubeClient(credentials)
  t.teardown(() => client.close())
  const options = { ...kubeletDefaults, ca: undefined, port: undefined, clock: systemClock, random: Math.random }
  const source = new KubeletReadings({ ...options, credentials, insecure: true })
  t.teardown(() => source.close())

  const target = { name: node.name, address: node.address, kubeletPort: node.port }
  const read = async (): Promise<NodeReading | undefined> => {
    const sink = memorySink()
    await source.read([target], sink, { signal: new AbortController().signal, spread: 0 })
    return sink.readings.get(node.name)
  }

  void t.test('a pod of 300 threads is read with all of them, and the pause task', async (t) => {
    const container = {
      name: 'app',
      image: threadsImage,
      imagePullPolicy: 'Never',
      env: [{ name: 'THREADS', value: '300' }],
      resources: { requests: { cpu: '10m', memory: '16Mi' } }
    }
    const spec = restricted([container], { nodeName: node.name })
    const { status, body } = await plane.api.post('/api/v1/namespaces/default/pods', {
      metadata: { name: 'hog' },
      spec
    })
    t.equal(status, 201, String(body.message))
    const { pods } = await collectCluster(client, new AbortController().signal)
    const uid = pods.find(({ name }) => name === 'hog')?.uid ?? ''
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
    const failure = async (change: object) => {
      const strict = new KubeletReadings({ ...options, credentials, insecure: true, ...change })
      const sink = memorySink()
      await strict.read([target], sink, { signal: new AbortController().signal, spread: 0 })
      await strict.close()
      return sink.failures.get(node.name)?.reason
    }
    t.equal(await failure({ insecure: false }), 'tls')
    t.equal(await failure({ insecure: false, ca: async () => readFileSync(node.authority, 'utf8') }), undefined)
    const wrong = {
      ...credentials,
      next: async () => ({ ...(await credentials.next()), headers: { authorization: 'Bearer x' } })
    }
    t.equal(await failure({ credentials: wrong }), 'unauthorized')
  })
}
