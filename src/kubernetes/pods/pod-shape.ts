import { escapeToken } from '../../lib/json/pointer.ts'
import { isRecord, type JsonRecord, malformed, optionalList, optionalRecord, tooMany } from '../../lib/json/shape.ts'
import { keysLimit, readQuantities } from '../qos/resource-lists.ts'
import type { ObjectMeta, PodSpec } from '../types.ts'

// A null in a map or a list of strings is the empty string, as the API server decodes it, and is made so in place: rules see what
// the API server stores, and nothing of it is written to a file. A null where a map or a list stands is absent.

/** The metadata at `pointer`; empty where there are none. Throws ERR_OBJECT_MALFORMED. */
export function readMetadata(value: unknown, pointer: string): ObjectMeta {
  const metadata = optionalRecord(value, pointer)
  if (metadata === undefined) return {}
  for (const field of ['labels', 'annotations'] as const) {
    const at = `${pointer}/${field}`
    const map = optionalRecord(metadata[field], at)
    let keys = 0
    for (const key in map) {
      if (++keys > keysLimit) throw tooMany(field, keysLimit, Object.keys(map).length, at)
      if (map[key] === null) map[key] = ''
      if (typeof map[key] !== 'string') throw malformed('a string', map[key], `${pointer}/${field}/${escapeToken(key)}`)
    }
  }
  optionalList(metadata['ownerReferences'], `${pointer}/ownerReferences`)?.forEach((owner, i) => {
    if (
      !isRecord(owner) ||
      typeof owner['kind'] !== 'string' ||
      typeof owner['name'] !== 'string' ||
      typeof owner['apiVersion'] !== 'string'
    ) {
      throw malformed('an owner reference with apiVersion, kind and name', owner, `${pointer}/ownerReferences/${i}`)
    }
  })
  for (const field of ['name', 'generateName'] as const) {
    const name = metadata[field]
    if (name !== undefined && name !== null && typeof name !== 'string')
      throw malformed('a string', name, `${pointer}/${field}`)
  }
  return metadata as ObjectMeta
}

/**
 * Containers of one list. Real pods have some dozens at most; each one costs a node a sandboxed process, and every rule a
 * look. Own choice.
 */
export const containersLimit = 500

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const

/**
 * The pod spec at `pointer`; empty where there is none. Checks what rules read, and only as deep as they read it; the
 * API server checks the rest. Throws ERR_OBJECT_MALFORMED.
 */
export function readPodSpec(value: unknown, pointer: string): PodSpec {
  const spec = optionalRecord(value, pointer)
  if (spec === undefined) return {}
  readResources(spec['resources'], `${pointer}/resources`)
  for (const list of containerLists) {
    const at = `${pointer}/${list}`
    const containers = optionalList(spec[list], at)
    if (containers !== undefined && containers.length > containersLimit)
      throw tooMany('containers', containersLimit, containers.length, at)
    containers?.forEach((container, i) => {
      if (!isRecord(container)) throw malformed('a container', container, `${at}/${i}`)
      readContainer(container, `${at}/${i}`)
    })
  }
  const nodeSelector = optionalRecord(spec['nodeSelector'], `${pointer}/nodeSelector`) ?? {}
  const labels = Object.keys(nodeSelector)
  if (labels.length > keysLimit) throw tooMany('labels', keysLimit, labels.length, `${pointer}/nodeSelector`)
  for (const label of labels) if (nodeSelector[label] === null) nodeSelector[label] = ''
  return spec as PodSpec
}

function readContainer(container: JsonRecord, at: string): void {
  if (typeof container['name'] !== 'string') throw malformed('a string', container['name'], `${at}/name`)
  const image = container['image']
  if (image !== undefined && image !== null && typeof image !== 'string')
    throw malformed('a string', image, `${at}/image`)
  optionalList(container['env'], `${at}/env`)
  optionalList(container['envFrom'], `${at}/envFrom`)
  readTexts(container['command'], `${at}/command`)
  readTexts(container['args'], `${at}/args`)
  readResources(container['resources'], `${at}/resources`)
}

function readTexts(value: unknown, pointer: string): void {
  const texts = optionalList(value, pointer)
  texts?.forEach((text, i) => {
    if (text === null) texts[i] = ''
    else if (typeof text !== 'string') throw malformed('a string', text, `${pointer}/${i}`)
  })
}

function readResources(value: unknown, pointer: string): void {
  const resources = optionalRecord(value, pointer)
  if (resources === undefined) return
  for (const field of ['requests', 'limits'] as const) {
    readQuantities(resources[field], `${pointer}/${field}`)
  }
}
