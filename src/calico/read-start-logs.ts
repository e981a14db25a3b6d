import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { SeenDataplane } from '../kubernetes/calico/felix.ts'
import type { FelixPod } from '../kubernetes/calico/node-rows.ts'
import { backendOfLog } from './start-log.ts'

/**
 * Of the beginning of each log. Felix looks up its commands once it has read its settings; one that waits for the API server writes 9 KiB
 * a second before (v3.32.1, as run), so this is two minutes of that.
 */
const limitBytes = 1024 * 1024
/** Logs read at the same time, each by a kubelet of its own. Own choice. */
const atOnce = 8

/**
 * What Felix was seen to use on each node, by the log of its pod. A log that does not say it, or cannot be read, is unknown.
 * Where the first may not be read, none is asked for. `gap`: why some could not be read, in words.
 */
export async function readStartLogs(
  api: KubeApi,
  pods: readonly FelixPod[],
  signal: AbortSignal
): Promise<{ readonly seen: ReadonlyMap<string, SeenDataplane>; readonly gap: string | undefined }> {
  const seen = new Map<string, SeenDataplane>()
  const failures: KubeError[] = []
  const waiting = [...pods]
  async function readOne({ namespace, name, node, container }: FelixPod): Promise<void> {
    try {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`
      const backend = backendOfLog(await textOf(api, path, { container, signal }))
      if (backend !== undefined) seen.set(node, backend)
    } catch (cause) {
      failures.push(KubeError.ofTransport(cause))
    }
  }
  async function readNext(): Promise<void> {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) await readOne(pod)
  }
  const first = waiting.shift()
  if (first !== undefined) await readOne(first)
  if (failures[0]?.failure === 'forbidden') return { seen, gap: `pods/log: ${failures[0].message}` }
  await Promise.all(Array.from({ length: atOnce }, readNext))
  const [failure] = failures
  const gap =
    failure === undefined ? undefined : `pods/log of ${failures.length} of ${pods.length} pods: ${failure.message}`
  return { seen, gap }
}

async function textOf(
  api: KubeApi,
  path: string,
  { container, signal }: { readonly container: string; readonly signal: AbortSignal }
): Promise<string> {
  const body = await api.open(path, { query: { container, limitBytes }, signal })
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
