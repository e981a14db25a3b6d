import { mirrorPod } from '../kubernetes/annotations.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'

/** Objects that were met, by what each is known again: some 200 bytes of each are kept. */
export class KnownObjects {
  readonly #uids = new Set<string>()
  /** By kind, namespace and name, and whether it has a uid: one of another uid is another object then. */
  readonly #names = new Map<string, boolean>()
  /** Kinds and namespaces, of which there are few. */
  readonly #places = new Set<string>()

  /** Whether it was not met before; it is from here on. What has neither uid nor name is always new. */
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

  /** Whether any object of this kind was met in this namespace. */
  hasIn(kind: string, namespace: string): boolean {
    return this.#places.has(placeOf(kind, namespace))
  }
}

function placeOf(kind: string, namespace: string): string {
  return `${kind}/${namespace || 'default'}`
}

/**
 * Empty where it says nothing. Readings know a node by its name, so two of one name would both have the same figures; and
 * a static pod has two uids, that of its mirror and the one its node knows it by.
 */
function uidOf(kind: string, metadata: JsonRecord): string {
  const annotations = isRecord(metadata['annotations']) ? metadata['annotations'] : {}
  return kind === 'Node' || annotations[mirrorPod] !== undefined ? '' : textOf(metadata['uid'])
}
