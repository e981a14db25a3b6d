import { escapeToken } from '../../lib/json/pointer.ts'
import { isRecord, type JsonRecord, malformed, optionalList, optionalRecord, tooMany } from '../../lib/json/shape.ts'
import { keysLimit, readQuantities } from '../qos/resource-lists.ts'
import type { ObjectMeta, PodSpec } from '../types.ts'

// A null in a map or a list of strings is the empty string, as the API server decodes it, and is made so in place: rules see what
// the API server stores, and nothing of it is written to a file. A null where a map or a list stands is absent.

const [maps, names] = [['labels', 'annotations'] as const, ['name', 'generateName'] as const]

/** The metadata at `pointer`; empty where there are none. Throws ERR_OBJECT_MALFORMED. */
export function readMetadata(value: unknown, pointer: string): ObjectMeta {
  const metadata = optionalRecord(value, pointer)
  if (metadata === undefined) return {}
  for (const field of maps) {
    const map = optionalRecord(metadata[field], pointer, `/${field}`)
    let keys = 0
    for (const key in map) {
      if (++keys > keysLimit) throw tooMany(field, keysLimit, Object.keys(map).length, `${pointer}/${field}`)
      if (map[key] === null) map[key] = ''
      if (typeof map[key] !== 'string') throw malformed('a string', map[key], `${pointer}/${field}/${escapeToken(key)}`)
    }
  }
  optionalList(metadata['ownerReferences'], pointer, '/ownerReferences')?.forEach((owner, i) => {
    if (
      !isRecord(owner) ||
      typeof owner['kind'] !== 'string' ||
      typeof owner['name'] !== 'string' ||
      typeof owner['apiVersion'] !== 'string'
    ) {
      throw malformed('an owner reference with apiVersion, kind and name', owner, `${pointer}/ownerReferences/${i}`)
    }
  })
  for (const field of names) {
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
  readResources(spec['resources'], pointer)
  for (const list of containerLists) {
    const containers = optionalList(spec[list], pointer, `/${list}`)
    if (containers === undefined) continue
    const at = `${pointer}/${list}`
    if (containers.length > containersLimit) throw tooMany('containers', containersLimit, containers.length, at)
    for (let i = 0; i < containers.length; i++) {
      const container = containers[i]
      if (!isRecord(container)) throw malformed('a container', container, `${at}/${i}`)
      readContainer(container, `${at}/${i}`)
    }
  }
  const nodeSelector = optionalRecord(spec['nodeSelector'], pointer, '/nodeSelector')
  if (nodeSelector === undefined) return spec as PodSpec
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
  optionalList(container['env'], at, '/env')
  optionalList(container['envFrom'], at, '/envFrom')
  readTexts(container['command'], at, '/command')
  readTexts(container['args'], at, '/args')
  readResources(container['resources'], at)
}

function readTexts(value: unknown, holder: string, field: string): void {
  const texts = optionalList(value, holder, field)
  if (texts === undefined) return
  for (let i = 0; i < texts.length; i++) {
    if (texts[i] === null) texts[i] = ''
    else if (typeof texts[i] !== 'string') throw malformed('a string', texts[i], `${holder}${field}/${i}`)
  }
}

const resourceLists = ['requests', 'limits'] as const

function readResources(value: unknown, holder: string): void {
  const resources = optionalRecord(value, holder, '/resources')
  if (resources === undefined) return
  const pointer = `${holder}/resources`
  for (const field of resourceLists) {
    readQuantities(resources[field], `${pointer}/${field}`)
  }
}
