import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { ObjectProblem } from './object-problems.ts'
import type { FoundTemplate } from './pod-templates.ts'

const templateAt = '/spec/template'
const podSpecAt = '/spec/template/spec'

/**
 * A workload of Kubernetes with the same pods, which rules know how to check: a ReplicaSet, since it neither adds pods
 * at a rollout nor puts one on each node.
 */
export function standInOf(
  { metadata }: JsonRecord,
  { value, isPodSpec, replicas, adds, names }: FoundTemplate
): JsonRecord {
  const template = structuredClone(isPodSpec ? { spec: value } : value)
  const spec = template['spec']
  if (isRecord(spec) && Array.isArray(spec['containers'])) {
    if (names !== undefined) nameAll(spec['containers'], names)
    spec['containers'].push(...structuredClone(adds))
  }
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { replicas, template } }
}

function nameAll(containers: readonly unknown[], name: string): void {
  for (const [i, container] of containers.entries()) {
    if (isRecord(container) && !container['name']) container['name'] = i === 0 ? name : `${name}-${i}`
  }
}

/** The same of the object itself; the message begins with the pointer too. */
export function problemBehind({ pointer, message }: ObjectProblem, found: FoundTemplate): ObjectProblem {
  const [named = '', ...rest] = message.split(': ')
  const place = named.startsWith('/') ? pointerBehind(named, found) : named
  return { pointer: pointerBehind(pointer, found), message: [place, ...rest].join(': ') }
}

/** The pointer in the object itself, for one in its stand-in. */
export function pointerBehind(pointer: string, { at, isPodSpec, from }: FoundTemplate): string {
  const root = isPodSpec ? podSpecAt : templateAt
  if (pointer !== root && !pointer.startsWith(`${root}/`)) return at
  const inner = pointer.slice(root.length)
  if (from === undefined) return at + inner
  const part = from.find(([built]) => inner === built || inner.startsWith(`${built}/`))
  return part === undefined ? at : part[1] + inner.slice(part[0].length)
}
