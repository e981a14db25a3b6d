import type { AuditReport } from '../report/audit.ts'
import { controllerKinds, factKinds, podKind } from './kinds.ts'
import { mostFaults } from './run.ts'

/** What an audit can tell of: that a finding is not there any more only means something where it was looked for. */
export interface PublishSight {
  /** Rules that could not be judged on some object, or failed. */
  readonly unjudged: ReadonlySet<string>
  /** Kinds that could not be read. */
  readonly unread: ReadonlySet<string>
  /** Not every failure of rules is told. */
  readonly blind: boolean
}

export function sightOf({ skips, faults, gaps }: Pick<AuditReport, 'skips' | 'faults' | 'gaps'>): PublishSight {
  const parts = new Set(gaps.map(({ part }) => part))
  const unread = [...factKinds, ...controllerKinds, podKind]
    .filter(({ plural, apiVersions }) => apiVersions.some((apiVersion) => parts.has(partOf(plural, apiVersion))))
    .map(({ kind }) => kind)
  return {
    unjudged: new Set([...skips, ...faults].map(({ ruleId }) => ruleId)),
    unread: new Set(unread),
    // Where as many failures are told as there may be, there may be more. An object that is not what
    // its kind says has no rule that was skipped on it.
    blind: faults.length >= mostFaults || gaps.some(({ reason, nodes }) => reason === 'malformed' && nodes === null)
  }
}

/** Whether nothing being found now in an object of this kind means that nothing is wrong, for these rules. */
export function sees({ unjudged, unread, blind }: PublishSight, kind: string, rules: readonly string[]): boolean {
  // A workload is judged by its pods too, and by the labels of its namespace.
  if (blind || [kind, 'Pod', 'Namespace'].some((each) => unread.has(each))) return false
  return !rules.some((rule) => unjudged.has(rule))
}

/** As RBAC names it. */
function partOf(plural: string, apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? plural : `${plural}.${apiVersion.slice(0, slash)}`
}
