import { type ObjectName, objectText, plural } from '../report/validate-report.ts'

/** Objects that are there more than once in one run: kubectl would apply one over the other. */
export class Repeats {
  /** The file of each object, by what the API server would know it by. */
  readonly #files = new Map<string, string>()
  readonly #repeated = new Set<string>()
  #first = ''

  add(name: ObjectName, file: string): void {
    // One with generateName is another each time.
    if (name.name === '' || name.name.endsWith('*')) return
    const key = `${name.apiVersion} ${objectText(name)}`
    const held = this.#files.get(key)
    if (held === undefined) this.#files.set(key, file)
    else {
      if (this.#repeated.size === 0) this.#first = `${objectText(name)} in ${held} and ${file}`
      this.#repeated.add(key)
    }
  }

  notes(): string[] {
    const count = this.#repeated.size
    if (count === 0) return []
    const objects = plural(count, 'object is', 'objects are')
    return [`${objects} there more than once, each checked as it stands; the first is ${this.#first}`]
  }
}
