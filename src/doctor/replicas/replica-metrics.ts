import type { Readable } from 'node:stream'
import type { KubeApi } from '../../kube/client.ts'
import { KubeError } from '../../kube/kube-error.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'
import type { Bytes, Millis } from '../../lib/units.ts'

/** What one replica shows of itself: the text of its /metrics, or why that did not come through. */
export type ReplicaMetrics =
  | { readonly pod: string; readonly text: string }
  | { readonly pod: string; readonly failure: string }

/** A pod of the Deployment, as far as it is looked at. */
export interface ReplicaPod {
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly containers: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
    }[]
  }
  readonly status?: { readonly phase?: string }
}

/** The longest silence of a replica; the API server itself waits 30 s for an address that does not exist. */
const patience: Millis = 10_000
/** Our metrics are some 20 kB; an answer of more is not from pidguard. */
const longestText: Bytes = 4 * 1024 * 1024

/**
 * Asks replicas for their metrics through the API server's proxy to pods: the one way that is open wherever kubectl works.
 * Throws KubeError `forbidden` when the user may not get pods/proxy; any other failure is reported per replica.
 */
export function askReplicas(
  api: KubeApi,
  namespace: string,
  pods: readonly ReplicaPod[]
): Promise<readonly ReplicaMetrics[]> {
  const running = pods.filter(({ metadata, status }) => status?.phase === 'Running' && !metadata.deletionTimestamp)
  return Promise.all(running.map((pod) => askReplica(api, namespace, pod)))
}

async function askReplica(api: KubeApi, namespace: string, { metadata, spec }: ReplicaPod): Promise<ReplicaMetrics> {
  const pod = metadata.name ?? ''
  const port = spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === 'probes')?.containerPort
  if (port === undefined) return { pod, failure: 'it has no port named probes' }
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy/metrics`
  try {
    return { pod, text: await textOf(await api.open(path, { silence: patience })) }
  } catch (cause) {
    const error = KubeError.ofTransport(cause)
    if (error.failure === 'forbidden') throw error
    return { pod, failure: error.message }
  }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let size: Bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    // Leaving the loop destroys the stream.
    if (size > longestText) throw new KubeError('malformed', `the answer is longer than ${longestText} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}
