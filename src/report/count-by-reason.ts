import type { Unchecked } from './validate-report.ts'

/** Counts objects by rule and reason. */
export class ReasonCounts {
  readonly #counts: { readonly ruleId: string; readonly reason: string; objects: number }[] = []
  /** By rule, then by reason: to put both into one key for each of very many objects costs more than the count. */
  readonly #byRule = new Map<string, Map<string, { objects: number }>>()

  add(items: readonly { readonly ruleId: string; readonly reason: string }[]): void {
    for (const { ruleId, reason } of items) {
      const held = this.#byRule.get(ruleId)?.get(reason)
      if (held === undefined) this.#begin(ruleId, reason)
      else held.objects++
    }
  }

  list(): Unchecked[] {
    return [...this.#counts]
  }

  #begin(ruleId: string, reason: string): void {
    const count = { ruleId, reason, objects: 1 }
    this.#counts.push(count)
    const reasons = this.#byRule.get(ruleId) ?? new Map<string, { objects: number }>()
    this.#byRule.set(ruleId, reasons.set(reason, count))
  }
}
