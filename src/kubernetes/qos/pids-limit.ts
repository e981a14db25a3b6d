import type { Pids } from '../../lib/units.ts'
import { type MinorVersion, newestMinor } from '../server-version.ts'
import type { PodSpec } from '../types.ts'
import { parseQuantity } from './quantity.ts'

/** PID_MAX_LIMIT of a 64-bit kernel (include/linux/threads.h): no node can hold more tasks. systemd sets kernel.pid_max to it. */
export const maxPids: Pids = 4_194_304

/** KEP-6063 of July 2026 names it in the singular; both are read until it ships. */
const names: readonly string[] = ['pid', 'pids']

/** Whether the name is that of a pod's own limit of PIDs (KEP-6063). */
export function isPidsResource(name: string): boolean {
  return names.includes(name)
}

/** Whether API servers of that version take it: v1.37 and older refuse it, of newer ones nothing is known yet. */
export function takesPidsLimit(server: MinorVersion): boolean {
  return server > newestMinor
}

/**
 * The limit of PIDs that a pod sets for itself in `spec.resources.limits`: the kernel lets it have no more. A server that
 * does not know it has refused the pod. undefined without one, or where it is no whole number from 1.
 */
export function pidsLimitOf({ resources }: PodSpec): Pids | undefined {
  const limits = resources?.limits
  if (limits === undefined || limits === null) return undefined
  for (const name of names) {
    const text = limits[name]
    const nanos = text === undefined || text === null ? undefined : parseQuantity(text)
    if (nanos !== undefined && nanos >= 1_000_000_000n) return Number(nanos / 1_000_000_000n)
  }
  return undefined
}
