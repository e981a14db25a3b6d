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
import { versionOf } from './support/versions.ts'
import { until } from './support/wait.ts'

/** The kubelet of this version has the gate in beta, and containerd of its assets counts for it. */
const first = 37

const missing = missingForNode(process.env) ?? tooOld()
if (missing === undefined) await readRuntimeStatistics()
else t.plan(0, `no kubelet whose runtime counts can be started here: ${missing}`)

function tooOld(): string | undefined {
  const { minor, text } = versionOf(join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubelet'))
  return minor < first ? `kubelet ${text} is older than v1.${first}` : undefined
}

async function readRuntimeStatistics(): Promise<void> {
  const plane = await startControlPlane()
  t.teardown(() => plane.stop())
  const node = await startNode(plane, { features: ['cri-stats'] })
  t.teardown(() => node.stop())
  const kubeconfig = join(plane.folder, 'kubeconfig')
  const credentials = await findCredentials({ kubeconfig, context: undefined, env: {}, clock: systemClock })
  const client = new KubeClient(credentials)
  t.teardown(() => client.close())
  const options = { ...kubeletDefaults, ca: undefined, port: undefined, clock: systemClock, random: Math.random }

  /** A reader that has never asked this kubelet, as in an audit. */
  const readOnce = async (): Promise<NodeReading | undefined> => {
    const source = new KubeletReadings({ ...options, credentials, insecure: true })
    const sink = memorySink()
    const target = { name: node.name, address: node.address, kubeletPort: node.port }
    await source.read([target], sink, { signal: new AbortController().signal, spread: 0 })
    await source.close()
    return sink.readings.get(node.name)
  }

  void t.test(
    'a kubelet whose statistics come from containerd: its pods are read, and what is missing is said',
    async (t) => {
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
      let seen: NodeReading | undefined
      const reading = await until(
        'the threads in the statistics',
        async () => {
          seen = await readOnce()
          return (seen?.pods?.get(uid) ?? 0) >= 301 ? seen : undefined
        },
        120_000
      )
      t.equal(reading.pods?.get(uid), 301, 'its container; the pause task is not counted by the runtime')
      t.ok(Number(reading.kubepods.inUse) >= 301)
      t.equal(reading.kubepods.limit, undefined, 'nobody says it')
      t.ok(Number(reading.host.limit) > 301)
      t.match(reading.gaps, [{ reason: 'cri-stats' }])
    }
  )
}
