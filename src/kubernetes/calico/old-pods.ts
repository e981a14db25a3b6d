import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'

/**
 * Pods of a DaemonSet that run another revision than its newest, as its controller counts them, under either strategy;
 * undefined while it has not counted the present template.
 */
export function oldPodsOf({ metadata, status }: JsonRecord): number | undefined {
  if (!isRecord(metadata) || !isRecord(status) || status['observedGeneration'] !== metadata['generation'])
    return undefined
  const { currentNumberScheduled: current, updatedNumberScheduled: updated = 0 } = status
  return typeof current === 'number' && typeof updated === 'number' ? Math.max(0, current - updated) : undefined
}
