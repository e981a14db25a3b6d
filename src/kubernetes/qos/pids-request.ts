import type { Pids } from '../../lib/units.ts'
import { containersIn } from '../containers.ts'
import type { Container, Maybe, PodSpec, QuantityText, ResourceList } from '../types.ts'
import { parseQuantity } from './quantity.ts'

/**
 * The extended resource by which the scheduler counts PIDs: a Node has it in its capacity, a container requests it. The API
 * server takes whole numbers only, and a limit equal to the request (Managing Resources for Containers, Extended resources).
 */
export const pidsResource = 'pidguard.io/pids'

const billion = 1_000_000_000n

/** A quantity of the resource; undefined where it is absent or no whole number from 0. */
export function readPidsQuantity(text: Maybe<QuantityText>): Pids | undefined {
  const nanos = text === undefined || text === null ? undefined : parseQuantity(text)
  return nanos === undefined || nanos < 0n || nanos % billion !== 0n ? undefined : Number(nanos / billion)
}

/**
 * What the scheduler counts the pod with: the sum over its containers and sidecars, or more where an init container asks for
 * more beside the sidecars that have started before it; and the overhead of its RuntimeClass (component-helpers resource
 * helpers.go, PodRequests). undefined where no container names the resource.
 */
export function requestedPids({ containers, initContainers, overhead }: PodSpec): Pids | undefined {
  let isNamed = false
  const of = ({ resources }: Container): Pids => {
    const text = resources?.requests?.[pidsResource] ?? resources?.limits?.[pidsResource]
    isNamed ||= text !== undefined
    return readPidsQuantity(text) ?? 0
  }
  let sidecars = 0
  let most = 0
  for (const container of containersIn(initContainers)) {
    const pids = of(container)
    if (container.restartPolicy === 'Always') sidecars += pids
    most = Math.max(most, container.restartPolicy === 'Always' ? sidecars : sidecars + pids)
  }
  const together = containersIn(containers).reduce((sum, container) => sum + of(container), sidecars)
  return isNamed ? Math.max(most, together) + (readPidsQuantity(overhead?.[pidsResource]) ?? 0) : undefined
}

/** The figure of one resource list of a Node; undefined where it does not have the resource. */
export function pidsIn(list: Maybe<ResourceList>): Pids | undefined {
  return readPidsQuantity(list?.[pidsResource])
}
