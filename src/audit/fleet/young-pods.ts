import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { Millis } from '../../lib/units.ts'
import type { NodeReading } from '../../model/node-reading.ts'

/** From a pod's first task to the figures that have it: cAdvisor looks at a node every 10 to 15 s. */
export const longestUnseen: Millis = 15_000

/**
 * Whether a pod began after its node was read, or too shortly before to be counted: nodes are read before pods are listed,
 * and in a busy cluster there is always such a pod. Its absence from the reading is no gap: it had no tasks yet.
 */
export function isYoung(pod: JsonRecord, reading: NodeReading | undefined): boolean {
  if (reading?.pods === undefined) return false
  const { metadata, status } = pod
  if (!isRecord(metadata) || reading.pods.has(String(metadata['uid']))) return false
  const began = isRecord(status) ? beginOf(status) : Number.NaN
  return began > reading.at - longestUnseen
}

/** When the first of the containers that run now was started; NaN where it does not say. By the clock of its node. */
function beginOf({ containerStatuses, startTime }: JsonRecord): Millis {
  const statuses = Array.isArray(containerStatuses) ? containerStatuses : []
  const starts = statuses.map((each) => {
    const state = isRecord(each) && isRecord(each['state']) ? each['state'] : {}
    return isRecord(state['running']) ? instantOf(state['running']['startedAt']) : Number.NaN
  })
  const known = starts.filter((start) => !Number.isNaN(start))
  return known.length === 0 ? instantOf(startTime) : Math.min(...known)
}

function instantOf(value: unknown): Millis {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}
