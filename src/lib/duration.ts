import type { Millis } from './units.ts'

const unitMillis: Readonly<Record<string, Millis>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The grammar as a pattern, for JSON Schema too: numbers with a unit, one after the other, as `1m30s` or `90d`. */
export const durationPattern = '^([0-9]{1,9}([.][0-9]{1,3})?(ms|s|m|h|d))+$'

/** A span of time as Go writes it, and days: `90d`, `12h`, `1m30s`, `1.5h`, `500ms`. undefined for anything else. */
export function readDuration(text: string): Millis | undefined {
  if (!new RegExp(durationPattern).test(text)) return undefined
  let sum = 0
  for (const [, count, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h|d)/g)) {
    sum += Number(count) * (unitMillis[unit as string] as Millis)
  }
  return sum
}
