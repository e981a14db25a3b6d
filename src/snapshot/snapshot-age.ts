import type { Millis } from '../lib/units.ts'

/** Figures of a snapshot older than this may say nothing of today. Own choice: nodes are read every 15 seconds. */
const fresh: Millis = 60 * 60 * 1000

const day: Millis = 24 * 60 * 60 * 1000

/** Spans that people say, the longest first; a year as the Gregorian calendar has it on average. */
const units: readonly (readonly [string, Millis])[] = [
  ['year', 365.2425 * day],
  ['day', day],
  ['hour', 60 * 60 * 1000]
]

/** A line about a snapshot that is no longer fresh; undefined: it is. */
export function ageNote(takenAt: Millis, now: Millis): string | undefined {
  const age = now - takenAt
  if (age < fresh) return undefined
  const [name, span] = units.find(([, each]) => age >= each) as (typeof units)[number]
  const count = Math.floor(age / span)
  const taken = new Date(takenAt).toISOString().replace('.000Z', 'Z')
  return `the snapshot is of ${taken}, ${count} ${name}${count === 1 ? '' : 's'} old: what it says of nodes may no longer hold`
}
