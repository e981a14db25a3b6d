import { join } from 'node:path'
import type { Test } from 'tap'
import { collectCluster } from '../../../src/kube/cache/list-cluster.ts'
import { KubeClient } from '../../../src/kube/client.ts'
import { findCredentials } from '../../../src/kube/credentials.ts'
import type { NodeReading, ReadingFailure, ReadingTarget } from '../../../src/model/node-reading.ts'
import { KubeletReadings, kubeletDefaults } from '../../../src/readings/kubelet/kubelet-readings.ts'
import { systemClock } from '../../support/fake-api.ts'
import { memorySink } from '../../support/fake-kubelet.ts'
import type { ControlPlane } from './control-plane.ts'
import { type RealNode, threadsContainer } from './node.ts'
import { restricted } from './objects.ts'

type ReaderOptions = ConstructorParameters<typeof KubeletReadings>[0]

export interface KubeletReader {
  readonly client: KubeClient
  readonly credentials: ReaderOptions['credentials']
  /** Where the kubelet is, as the Node says it. */
  readonly target: ReadingTarget
  /** By one reader that stays, as in a server. */
  read(): Promise<NodeReading | undefined>
  /** By a reader that has never asked this kubelet, as in an audit; with other options than the usual. */
  readOnce(change?: Partial<ReaderOptions>): Promise<{ reading?: NodeReading; failure?: ReadingFailure }>
}

/** Reads a real kubelet as an administrator's kubeconfig lets `top` and audits do. */
export async function startKubeletReader(t: Test, plane: ControlPlane, node: RealNode): Promise<KubeletReader> {
  const kubeconfig = join(plane.folder, 'kubeconfig')
  const credentials = await findCredentials({ kubeconfig, context: undefined, env: {}, clock: systemClock })
  const client = new KubeClient(credentials)
  t.teardown(() => client.close())
  const usual = { ...kubeletDefaults, ca: undefined, port: undefined, clock: systemClock, random: Math.random }
  const options: ReaderOptions = { ...usual, credentials, insecure: true }
  const target = { name: node.name, address: node.address, kubeletPort: node.port }
  async function readBy(source: KubeletReadings) {
    const sink = memorySink()
    await source.read([target], sink, { signal: new AbortController().signal, spread: 0 })
    const [reading, failure] = [sink.readings.get(node.name), sink.failures.get(node.name)]
    return { ...(reading && { reading }), ...(failure && { failure }) }
  }
  const kept = new KubeletReadings(options)
  t.teardown(() => kept.close())
  return {
    client,
    credentials,
    target,
    read: async () => (await readBy(kept)).reading,
    async readOnce(change = {}) {
      const source = new KubeletReadings({ ...options, ...change })
      const read = await readBy(source)
      await source.close()
      return read
    }
  }
}

/** Creates the pod `hog` of 300 threads on the node; its uid. */
export async function createHog(t: Test, plane: ControlPlane, node: RealNode, client: KubeClient): Promise<string> {
  const spec = restricted([threadsContainer(300)], { nodeName: node.name })
  const { status, body } = await plane.api.post('/api/v1/namespaces/default/pods', { metadata: { name: 'hog' }, spec })
  t.equal(status, 201, String(body.message))
  const { pods } = await collectCluster(client, new AbortController().signal)
  return pods.find(({ name }) => name === 'hog')?.uid ?? ''
}
