import type { Unchecked } from './validate-report.ts'

/** Counts objects by rule and reason. */
export class ReasonCounts {
  readonly #counts = new Map<string, { ruleId: string; reason: string; objects: number }>()

  add(items: readonly { readonly ruleId: string; readonly reason: string }[]): void {
    for (const { ruleId, reason } of items) {
      const key = `${ruleId} ${reason}`
      const held = this.#counts.get(key)
      if (held === undefined) this.#counts.set(key, { ruleId, reason, objects: 1 })
      else held.objects++
    }
  }

  list(): Unchecked[] {
    return [...this.#counts.values()]
  }
}
