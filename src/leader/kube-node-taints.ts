import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { Taint } from '../model/cluster-objects.ts'
import type { NodeTaints } from '../ports/node-actions.ts'
import { taintsWith } from './taint-history.ts'
import { isTainted } from './taint-plan.ts'

interface StoredTaint extends Pick<Taint, 'key' | 'effect'> {
  readonly value?: string
}

interface StoredNode {
  readonly metadata: { readonly resourceVersion: string }
  readonly spec?: { readonly taints?: readonly StoredTaint[] | null } | null
}

/** Tries until a conflict is reported to the caller. A kubelet writes the status of its node every few seconds at most. */
const mostTries = 5

/**
 * Taints are one list, and a write replaces the whole list. So we read the node and write onto that version only: when the
 * node has changed in between, the write is a conflict, and we read it again.
 */
export function nodeTaints(api: KubeApi): NodeTaints {
  return {
    async write(name, tainted, signal) {
      const path = `/api/v1/nodes/${encodeURIComponent(name)}`
      for (let tries = 1; ; tries++) {
        try {
          const { metadata, spec } = await api.call<StoredNode>(path, { signal })
          const held = spec?.taints ?? []
          if (isTainted(held.map(asTaint)) === tainted) return 'unchanged'
          const { resourceVersion } = metadata
          await api.call(path, {
            method: 'PATCH',
            contentType: 'application/merge-patch+json',
            body: { metadata: { resourceVersion }, spec: { taints: taintsWith(held, tainted).map(asStored) } },
            signal
          })
          return 'written'
        } catch (error) {
          const { failure } = KubeError.ofTransport(error)
          if (failure === 'not-found') return 'gone'
          if (failure !== 'conflict' || tries === mostTries) throw error
        }
      }
    }
  }
}

function asTaint({ key, value = '', effect }: StoredTaint): Taint {
  return { key, value, effect }
}

/** The API leaves an empty value out. */
function asStored({ value, ...taint }: StoredTaint): StoredTaint {
  return value === undefined || value === '' ? taint : { ...taint, value }
}
