import type { NodeReading } from '../model/node-reading.ts'
import { type WithoutCeiling, withoutCeilingOf } from '../model/nodes-without-ceiling.ts'
import type { NodeReadings } from '../ports/readings.ts'
import type { Clock } from '../ports/runtime.ts'

/** Readings that ask only nodes with a ceiling; of all others it is known at once that there is none. */
export function askingWhereLimited(readings: NodeReadings, clock: Pick<Clock, 'now'>): NodeReadings {
  return {
    async read(targets, sink, options) {
      const limited = targets.filter((target) => {
        const why = withoutCeilingOf(target)
        if (why !== undefined) sink.observeReading(unlimitedReading(target.name, why, clock.now()))
        return why === undefined
      })
      await readings.read(limited, sink, options)
    }
  }
}

function unlimitedReading(node: string, withoutCeiling: WithoutCeiling, at: number): NodeReading {
  const unlimited = { limit: Number.POSITIVE_INFINITY, inUse: undefined }
  return {
    node,
    at,
    withoutCeiling,
    host: unlimited,
    kubepods: unlimited,
    pods: undefined,
    podLimits: undefined,
    gaps: []
  }
}
