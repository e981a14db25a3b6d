import type { Maybe, QuantityText } from '../types.ts'
import { parseQuantity } from './quantity.ts'

/** The resources that decide a pod's QoS class. */
export const qosResources = ['cpu', 'memory'] as const
export type QosResource = (typeof qosResources)[number]

/** The resources allowed in a pod's own `spec.resources` (KEP-2837): cpu, memory and hugepages of any size. */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')
}

/** The resources that a container may name: those of Kubernetes, and any name with a domain. */
export function isContainerResource(name: string): boolean {
  return isPodLevelResource(name) || name === 'ephemeral-storage' || name.includes('/')
}

/** Whether a quantity is there, readable and above zero; zero counts as unset wherever the QoS class is computed. */
export function isPositive(text: Maybe<QuantityText>): boolean {
  const quantity = text === undefined || text === null ? undefined : parseQuantity(text)
  return quantity !== undefined && quantity > 0n
}
