import type { AuditReport } from '../report/audit.ts'
import { controllerKinds, factKinds, podKind } from './kinds.ts'
import { mostFaults } from './run.ts'

/** What an audit can tell of: that a finding is not there any more only means something where it was looked for. */
export interface Sight {
  /** Rules that could not be judged on some object, or failed. */
  readonly unjudged: ReadonlySet<string>
  /** Kinds that could not be read. */
  readonly unread: ReadonlySet<string>
  /** Nobody can say what was not looked at. */
  readonly blind: boolean
}

export function sightOf({ skips, faults, gaps }: Pick<AuditReport, 'skips' | 'faults' | 'gaps'>): Sight {
  const parts = new Set(gaps.map(({ part }) => part))
  const unread = [...factKinds, ...controllerKinds, podKind]
    .filter(({ plural, apiVersions }) => apiVersions.some((apiVersion) => parts.has(partOf(plural, apiVersion))))
    .map(({ kind }) => kind)
  return {
    unjudged: new Set([...skips, ...faults].map(({ ruleId }) => ruleId)),
    unread: new Set(unread),
    // Where as many failures are told as there may be, there may be more. An object that is not what
    // its kind says has no rule that was skipped on it, and who knows what is in a file that cannot be read.
    blind:
      faults.length >= mostFaults ||
      gaps.some(({ reason, nodes }) => (reason === 'malformed' || reason === 'unreadable') && nodes === null)
  }
}

/** Whether nothing being found now in an object of this kind means that nothing is wrong, for these rules. */
export function sees({ unjudged, unread, blind }: Sight, kind: string, rules: readonly string[]): boolean {
  // A workload is judged by its pods too, and by the labels of its namespace.
  if (blind || [kind, 'Pod', 'Namespace'].some((each) => unread.has(each))) return false
  return !rules.some((rule) => unjudged.has(rule))
}

/** As RBAC names it. */
function partOf(plural: string, apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? plural : `${plural}.${apiVersion.slice(0, slash)}`
}
