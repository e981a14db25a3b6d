import { escapeToken, tokensOf } from '../../lib/json/pointer.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { Container } from '../types.ts'
import type { GroupKind } from '../workloads.ts'
import type { ContainerFields, TemplatePlace } from './template-places.ts'

/** One pod template of an object. */
export interface FoundTemplate {
  /** Pointer of the template, or of the pod spec where it has no template around it. */
  readonly at: string
  readonly isPodSpec: boolean
  readonly value: JsonRecord
  readonly replicas: unknown
  readonly adds: readonly Container[]
  /** What the controller calls containers that have no name; undefined: they need one. */
  readonly names: string | undefined
  /** Where the parts of a pod spec that was put together come from: pointers in it, and in the object. */
  readonly from?: readonly (readonly [string, string])[]
}

/** The pod templates that the object holds at these places. */
export function templatesIn(object: JsonRecord, of: readonly TemplatePlace[]): FoundTemplate[] {
  const known = of.filter(({ unless = [] }) => unless.every((field) => valueAt(object, field) === undefined))
  return known.flatMap(({ template, podSpec, holder, containers, replicas, adds = [], names }) =>
    matches(object, tokensOf(template ?? podSpec ?? holder ?? ''), '').flatMap(({ at, value }) => {
      if (!isRecord(value)) return []
      const found = { at, adds, names, replicas: replicas && valueAt(object, replicas) }
      if (containers === undefined) return [{ ...found, value, isPodSpec: template === undefined }]
      const built = podSpecOf(value, at, containers)
      return built === undefined ? [] : [{ ...found, ...built, isPodSpec: true }]
    })
  )
}

/** A pod spec of the containers that an object holds in fields of its own; undefined where it holds none. */
function podSpecOf(
  holder: JsonRecord,
  at: string,
  { init, main, defaults }: ContainerFields
): Pick<FoundTemplate, 'value' | 'from'> | undefined {
  const given = resourcesOf(defaults === undefined ? undefined : valueAt(holder, defaults))
  const containers = main.flatMap((field, i) => containersAt(holder, at, field, i === 0 ? given.value : undefined))
  if (containers.length === 0) return undefined
  const initContainers = init.flatMap((field) => containersAt(holder, at, field, undefined))
  return {
    value: {
      containers: containers.map(({ value }) => value),
      initContainers: initContainers.map(({ value }) => value)
    },
    from: [...originsOf('containers', containers), ...originsOf('initContainers', initContainers)]
  }
}

interface PlacedContainer {
  readonly at: string
  readonly resources: string
  readonly value: unknown
}

/** The containers of one field, which is a container or a list of them. They may have no name: their controller gives them one. */
function containersAt(holder: JsonRecord, at: string, field: string, given: unknown): PlacedContainer[] {
  const found = matches(holder, tokensOf(field), '').flatMap((one) =>
    Array.isArray(one.value)
      ? matches(one.value, ['*'], one.at).map((item, i) => ({ ...item, name: `unnamed-${i}` }))
      : [{ ...one, name: 'main' }]
  )
  return found.map(({ at: inner, value, name }) => {
    const { field: resources, value: own = given } = resourcesOf(value)
    return { at: at + inner, resources, value: isRecord(value) ? { name, ...value, resources: own } : value }
  })
}

/** Tekton's v1 has them by another name, since these are of a step and not of a container. */
function resourcesOf(container: unknown): { readonly field: string; readonly value?: unknown } {
  if (!isRecord(container)) return { field: 'resources' }
  const field = 'computeResources' in container ? 'computeResources' : 'resources'
  return { field, value: container[field] }
}

function originsOf(list: string, containers: readonly PlacedContainer[]): [string, string][] {
  return containers.flatMap(({ at, resources }, i): [string, string][] => [
    [`/${list}/${i}/resources`, `${at}/${resources}`],
    [`/${list}/${i}`, at]
  ])
}

function matches(holder: unknown, tokens: readonly string[], at: string): { at: string; value: unknown }[] {
  const [token, ...rest] = tokens
  if (token === undefined) return [{ at, value: holder }]
  if (Array.isArray(holder)) return token === '*' ? holder.flatMap((item, i) => matches(item, rest, `${at}/${i}`)) : []
  if (!isRecord(holder)) return []
  if (token === '*') {
    return Object.entries(holder).flatMap(([key, inner]) => matches(inner, rest, `${at}/${escapeToken(key)}`))
  }
  return Object.hasOwn(holder, token) ? matches(holder[token], rest, `${at}/${escapeToken(token)}`) : []
}

function valueAt(object: JsonRecord, pointer: string): unknown {
  return matches(object, tokensOf(pointer), '')[0]?.value
}

/** Groups of policy engines: patterns in their objects look like pods. */
const policyGroups = /(^|\.)(kyverno\.io|gatekeeper\.sh|kubewarden\.io|pidguard\.io)$/
/** Groups of Kubernetes itself: its kinds with pods are known, and a CRD is large. */
const ownGroups =
  /^(|apps|batch|autoscaling|policy|extensions|(apiextensions|admissionregistration|apiregistration|networking|rbac\.authorization|storage|scheduling|certificates|discovery|events|resource)\.k8s\.io)$/

/** Levels of an object that are searched. A pod template lies within ten; own choice. */
const maxDepth = 24

/**
 * Whether an object of a kind that is not known seems to make pods: a custom resource with a list `containers` or `initContainers`
 * that has an entry with a name or an image, or with a `container` that has an image.
 */
export function holdsPods(kind: GroupKind, object: JsonRecord): boolean {
  const group = kind.slice(0, kind.lastIndexOf('/'))
  return !ownGroups.test(group) && !policyGroups.test(group) && hasContainers(object, 0)
}

function hasContainers(value: unknown, depth: number): boolean {
  if (depth > maxDepth || typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some((item) => hasContainers(item, depth + 1))
  return Object.entries(value).some(([key, inner]) => {
    if ((key === 'containers' || key === 'initContainers') && Array.isArray(inner)) return inner.some(isContainer)
    if (key === 'container' && isRecord(inner) && typeof inner['image'] === 'string') return true
    return hasContainers(inner, depth + 1)
  })
}

function isContainer(item: unknown): boolean {
  return isRecord(item) && (typeof item['image'] === 'string' || typeof item['name'] === 'string')
}
