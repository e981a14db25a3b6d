import type { Pids } from '../lib/units.ts'
import type { PodFacts } from './cluster-objects.ts'
import type { NodeReading } from './node-reading.ts'

/** The reading made ready for `claimByName`, where its node counts pods by name. */
export function withClaims(reading: NodeReading): NodeReading {
  return reading.podsByName === undefined ? reading : { ...reading, pods: new Map(reading.pods) }
}

/** Where the reading of its node counts the pod by its name, from now on its uid has that figure. For readings of `withClaims`. */
export function claimByName(
  reading: NodeReading | undefined,
  { namespace, name, uid, cgroup = uid }: Pick<PodFacts, 'namespace' | 'name' | 'uid' | 'cgroup'>
): void {
  const key = `${namespace}/${name}`
  const pids = reading?.podsByName?.get(key)
  if (reading?.pods === undefined || pids === undefined) return
  reading.podsByName?.delete(key)
  // Its own map: `withClaims` has made it.
  const pods = reading.pods as Map<string, Pids>
  pods.set(cgroup, pids)
}
