import { type ExpositionSample, samplesOf } from './replicas/metrics-text.ts'

/** Nodes named in one line. When there are more, they have a reason in common. Own choice. */
export const mostNamed = 5

/** How many nodes a replica counts as not known, by its own metrics. */
export interface UnknownNodes {
  readonly stale: number
  readonly unread: number
  /** Those that were ever read, stale ones among them. */
  readonly read: number
}

/**
 * Names the nodes that a replica does not know, the oldest reading first, then those never read: `a read 95 s ago, b never
 * read and 2 more`. Empty where the replica names none. `all` are the Nodes of the cluster. Nodes that were never read are
 * named only where `all` is given and the replica names every node that it has read.
 */
export function namesOfUnknown(text: string, { stale, unread, read }: UnknownNodes, all?: readonly string[]): string {
  const readings = samplesOf(text, 'pidguard_node_reading_timestamp_seconds').sort((a, b) => a.value - b.value)
  // A reading is stale by its age alone, so these are the oldest.
  const old = readings.slice(0, stale).map((reading) => `${nodeOf(reading)} read ${ageOf(text, readings, reading)}`)
  const reported = new Set(readings.map(nodeOf))
  const never = all === undefined || reported.size < read ? [] : all.filter((name) => !reported.has(name))
  const named = [...old, ...never.slice(0, unread).map((name) => `${name} never read`)].slice(0, mostNamed)
  if (named.length === 0) return ''
  const more = stale + unread - named.length
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function nodeOf({ labels }: ExpositionSample): string {
  return labels['node'] ?? ''
}

/** The age by the clock of the replica: its own figure of the oldest reading tells what time it is there. */
function ageOf(text: string, readings: readonly ExpositionSample[], { value }: ExpositionSample): string {
  const oldest = samplesOf(text, 'pidguard_oldest_reading_age_seconds')[0]?.value
  const first = readings[0]?.value
  if (oldest === undefined || first === undefined) return 'too long ago'
  return `${Math.round(oldest - (value - first))} s ago`
}
