import { mirrorPod } from '../kubernetes/annotations.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'

/** Objects that were read before, known by uid or by name; about 200 bytes for each. */
export class KnownObjects {
  readonly #uids = new Set<string>()
  /** By kind, namespace and name: whether it has a uid. With another uid it is another object. */
  readonly #names = new Map<string, boolean>()
  /** Kinds and namespaces, of which there are few. */
  readonly #places = new Set<string>()

  /** Adds an object; false when it was added before. An object with neither uid nor name is always new. */
  add(kind: string, { metadata }: JsonRecord): boolean {
    const own = isRecord(metadata) ? metadata : {}
    const place = placeOf(kind, textOf(own['namespace']))
    const uid = uidOf(kind, own)
    const name = textOf(own['name']) === '' ? undefined : `${place}/${textOf(own['name'])}`
    this.#places.add(place)
    if (uid !== '' && this.#uids.has(uid)) return false
    const isNamesake = name !== undefined && this.#names.has(name)
    if (isNamesake && (uid === '' || this.#names.get(name) === false)) return false
    if (uid !== '') this.#uids.add(uid)
    if (name !== undefined) this.#names.set(name, uid !== '')
    return true
  }

  /** Whether any object of this kind was added in this namespace. */
  hasIn(kind: string, namespace: string): boolean {
    return this.#places.has(placeOf(kind, namespace))
  }
}

function placeOf(kind: string, namespace: string): string {
  return `${kind}/${namespace || 'default'}`
}

/**
 * The uid that tells objects apart; empty for nodes and static pods. Readings know a node by its name, so two nodes of one
 * name would share their figures. A static pod has two uids: that of its mirror, and the one its node uses.
 */
function uidOf(kind: string, metadata: JsonRecord): string {
  const annotations = isRecord(metadata['annotations']) ? metadata['annotations'] : {}
  return kind === 'Node' || annotations[mirrorPod] !== undefined ? '' : textOf(metadata['uid'])
}
