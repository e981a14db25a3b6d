import type { Check } from '../check.ts'

/** What `doctor` sees of Kueue, which counts what templates request: not what pidguard gives to their pods. */
export interface KueueView {
  /** Workloads that it admitted to a ClusterQueue with a quota of pidguard.io/pids, and counts none of it for; by namespace and name. */
  readonly uncounted: readonly string[]
  /** Those that it holds back because no quota of their ClusterQueue names the resource. */
  readonly heldBack: readonly string[]
}

const about = 'kueue'
const page = 'docs/headroom.md#with-kueue'

/** Where PIDs are a resource of the scheduler: whether Kueue counts them, and whom it keeps waiting for ever. */
export function kueueChecks({ uncounted, heldBack }: KueueView): Check[] {
  const checks: Check[] = []
  if (heldBack.length > 0) {
    const found = `Kueue holds back what requests pidguard.io/pids in a ClusterQueue without a quota of it, for ever: ${named(heldBack)}`
    const remedy = `Give the ClusterQueue a quota of it, or set resources.excludeResourcePrefixes: [pidguard.io] in Kueue's configuration (${page}).`
    checks.push({ about, level: 'error', found, remedy })
  }
  if (uncounted.length > 0) {
    const found = `Kueue counts no pidguard.io/pids against the quota of a ClusterQueue for templates that request none, though their pods do: ${named(uncounted)}`
    const remedy = `Write the request in these templates, or give their namespace a LimitRange with a default (${page}).`
    checks.push({ about, level: 'warn', found, remedy })
  }
  return checks
}

/** The first three. */
export function named(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}
