import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { NodeEvent, NodeEvents } from '../ports/node-actions.ts'
import type { Clock } from '../ports/runtime.ts'

/** Events of cluster-scoped objects are kept there (kubernetes pkg/apis/core/validation/events.go). */
const namespace = 'default'
/** Characters; longer ones are refused (the same file, NoteLengthLimit). */
const longestMessage = 1_024

/** Characters of a node's name within the name of an Event, which has 253 at most. */
const longestPrefix = 200

/** Writes core/v1 Events, which every version of Kubernetes has. `reporter`: shown as their source. */
export function nodeEvents(api: KubeApi, clock: Pick<Clock, 'now'>, reporter: string): NodeEvents {
  async function write(metadata: object, node: string, event: NodeEvent, signal: AbortSignal): Promise<void> {
    const at = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
    const { type, reason, message } = event
    await api.call(`/api/v1/namespaces/${namespace}/events`, {
      method: 'POST',
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { ...metadata, namespace },
        // As kubelets name their node: kubectl describe looks events up by this uid.
        involvedObject: { kind: 'Node', name: node, uid: node },
        type,
        reason,
        message: message.slice(0, longestMessage),
        source: { component: reporter },
        firstTimestamp: at,
        lastTimestamp: at,
        count: 1
      },
      signal
    })
  }
  return {
    post: (node, event, signal) => write({ generateName: `${node.slice(0, longestPrefix)}.` }, node, event, signal),
    async postOnce(node, key, event, signal) {
      try {
        await write({ name: `${node.slice(0, longestPrefix)}.${key}` }, node, event, signal)
        return 'posted'
      } catch (error) {
        // 409 AlreadyExists: an Event of that name is still kept.
        if (error instanceof KubeError && error.failure === 'conflict') return 'already there'
        throw error
      }
    }
  }
}
