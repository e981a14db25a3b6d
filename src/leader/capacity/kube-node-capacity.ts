import type { KubeApi } from '../../kube/client.ts'
import { KubeError } from '../../kube/kube-error.ts'
import { pidsResource } from '../../kubernetes/qos/pids-request.ts'
import type { NodeCapacity } from '../../ports/node-actions.ts'

/**
 * One key of two maps, so nothing is read first and nothing of others is touched. The kubelet takes allocatable over from
 * capacity, but only when it writes its status next; until then the scheduler would count the old figure.
 */
export function nodeCapacity(api: KubeApi): NodeCapacity {
  return {
    async write(name, pids, signal) {
      const list = { [pidsResource]: pids === undefined ? null : String(pids) }
      try {
        await api.call(`/api/v1/nodes/${encodeURIComponent(name)}/status`, {
          method: 'PATCH',
          contentType: 'application/merge-patch+json',
          body: { status: { capacity: list, allocatable: list } },
          signal
        })
        return 'written'
      } catch (error) {
        if (error instanceof KubeError && error.failure === 'not-found') return 'gone'
        throw error
      }
    }
  }
}
