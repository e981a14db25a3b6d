import { freeAtMost, isWhole } from '../headroom/ceiling-account.ts'
import { nodeFactsOf } from '../kube/cache/cached-kinds.ts'
import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { FelixPod } from '../kubernetes/calico/node-rows.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'
import { controllerOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { NodeReading, ReadingFailure, ReadingTarget } from '../model/node-reading.ts'
import type { Floor } from '../policy/settings.ts'
import type { NodeReadings } from '../ports/readings.ts'
import type { RolloutDeps } from './run-rollout.ts'

export interface KubeRolloutDeps {
  readonly api: KubeApi
  readonly readings: NodeReadings
  /** The node as it is asked, where a person gave another address. */
  targetOf(node: ReadingTarget): ReadingTarget
  readonly floor: Floor
}

/** A rollout by the API server and the readings of nodes. */
export function kubeRollout({
  api,
  readings,
  targetOf,
  floor
}: KubeRolloutDeps): Pick<RolloutDeps, 'freePids' | 'podsBeside' | 'deletePod'> {
  const pathOf = ({ namespace }: FelixPod): string => `/api/v1/namespaces/${namespace}/pods`
  return {
    async freePids(name) {
      const node = targetOf(nodeFactsOf(await api.call<JsonRecord>(`/api/v1/nodes/${name}`)))
      let reading: NodeReading | undefined
      let failure: ReadingFailure | undefined
      const sink = {
        observeReading(found: NodeReading) {
          reading = found
        },
        observeFailure(_node: string, found: ReadingFailure) {
          failure = found
        }
      }
      await readings.read([node], sink, { signal: new AbortController().signal, spread: 0, isPart: true })
      if (reading === undefined) return { unknown: failure?.detail ?? 'no answer' }
      const figures = { ...reading, pending: 0, seen: 0 }
      const free = freeAtMost(figures, floor)
      // An unknown ceiling can only lower it: too little is certain, enough is not.
      if (free === undefined || (free >= 0 && !isWhole(figures)))
        return { unknown: reading.gaps[0]?.detail ?? 'not both of its ceilings are known' }
      return free
    },
    async podsBeside(pod) {
      const fieldSelector = `spec.nodeName=${pod.node}`
      const { items } = await api.call<{ items: JsonRecord[] }>(pathOf(pod), { query: { fieldSelector } })
      return items.flatMap(({ metadata, status }) => {
        const { uid, name, deletionTimestamp, ...rest } = metadata as ObjectMeta & { deletionTimestamp?: string }
        const owner = controllerOf(rest as ObjectMeta)
        if (owner?.kind !== 'DaemonSet' || owner.name !== pod.daemonSet || deletionTimestamp !== undefined) return []
        return [{ uid: String(uid), name: name ?? '', isReady: isReady(status) }]
      })
    },
    async deletePod(pod) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: pod.uid } }
      try {
        await api.call(`${pathOf(pod)}/${pod.name}`, { method: 'DELETE', body })
      } catch (cause) {
        const error = KubeError.ofTransport(cause)
        // Another client was faster: the pod is gone, or another pod has its name.
        if (error.failure !== 'not-found' && error.failure !== 'conflict') throw error
      }
    }
  }
}

function isReady(status: unknown): boolean {
  const conditions = isRecord(status) && Array.isArray(status['conditions']) ? status['conditions'] : []
  return conditions.some((each) => isRecord(each) && each['type'] === 'Ready' && each['status'] === 'True')
}
