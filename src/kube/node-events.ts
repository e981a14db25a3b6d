import type { Clock, NodeEvents } from '../ports.ts'
import type { KubeApi } from './client.ts'

/** Events of cluster-scoped objects are kept there (kubernetes pkg/apis/core/validation/events.go). */
const namespace = 'default'
/** Characters; longer ones are refused (the same file, NoteLengthLimit). */
const longestMessage = 1_024

/** Writes core/v1 Events, which every version has. `reporter`: who tells them. */
export function nodeEvents(api: KubeApi, clock: Pick<Clock, 'now'>, reporter: string): NodeEvents {
  return {
    async tell(node, { type, reason, message }, signal) {
      const at = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
      await api.call(`/api/v1/namespaces/${namespace}/events`, {
        method: 'POST',
        body: {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { generateName: `${node.slice(0, 200)}.`, namespace },
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
  }
}
