import { type ObjectName, objectText, plural } from '../report/validate-report.ts'

/** Objects that are there more than once in one run: kubectl would apply one over the other. */
export class Repeats {
  /** The file of each object: by version, kind and namespace, which many share, then by name. */
  readonly #files = new Map<string, Map<string, string>>()
  /** The one that was asked for last, and what is known of it: most objects are like the one before. */
  #last: { readonly name: ObjectName; readonly place: string; readonly files: Map<string, string> } | undefined
  readonly #repeated = new Set<string>()
  #first = ''

  add(name: ObjectName, file: string): void {
    // One with generateName is another each time.
    if (name.name === '' || name.name.endsWith('*')) return
    const { place, files } = this.#filesOf(name)
    const held = files.get(name.name)
    if (held === undefined) files.set(name.name, file)
    else {
      if (this.#repeated.size === 0) this.#first = `${objectText(name)} in ${held} and ${file}`
      this.#repeated.add(`${place}/${name.name}`)
    }
  }

  #filesOf(name: ObjectName): { readonly place: string; readonly files: Map<string, string> } {
    const { apiVersion, kind, namespace } = name
    const last = this.#last
    if (last?.name.kind === kind && last.name.namespace === namespace && last.name.apiVersion === apiVersion)
      return last
    const place = `${apiVersion} ${kind} ${namespace}`
    const files = this.#files.get(place) ?? new Map<string, string>()
    if (files.size === 0) this.#files.set(place, files)
    this.#last = { name, place, files }
    return this.#last
  }

  notes(): string[] {
    const count = this.#repeated.size
    if (count === 0) return []
    const objects = plural(count, 'object is', 'objects are')
    return [`${objects} there more than once, each checked as it stands; the first is ${this.#first}`]
  }
}
