import type { Mode } from '../../src/model/finding.ts'
import type { Settings } from '../../src/policy/settings.ts'
import { policyRules as rules } from '../../src/rules/index.ts'

/** What a test may say of the policy; everything else is as in the default policy. */
export interface SettingsChange {
  readonly modes?: Readonly<Record<string, Mode>>
  readonly requests?: Partial<Settings['requests']>
  readonly pids?: Partial<Settings['pids']>
  readonly headroom?: Partial<Settings['headroom']>
  readonly audit?: Partial<Settings['audit']>
  readonly calico?: Partial<Settings['calico']>
  readonly notes?: readonly string[]
}

/** Settings as the default policy resolves them outside system namespaces, changed as given. */
export function settings(change: SettingsChange = {}): Settings {
  return {
    modes: new Map([
      ...rules.map(({ id, defaultMode }) => [id, defaultMode] as const),
      ...Object.entries(change.modes ?? {})
    ]),
    requests: { bestEffortPods: 'reject', cpu: '10m', memory: '32Mi', ...change.requests },
    pids: { estimate: 50, limit: undefined, trustDeclared: false, profiles: [], ...change.pids },
    headroom: {
      floor: { share: 0.1 },
      maxAge: 60_000,
      claimShare: 0.5,
      budget: { perNode: undefined, total: undefined },
      urgentPriority: 2_000_000_000,
      autoscaled: false,
      schedulePids: false,
      taintNodes: false,
      maxTaintedShare: 0.25,
      taintHysteresis: { share: 0.05 },
      ...change.headroom
    },
    audit: { pidMax: 100_000, usage: 0.8, podShare: 0.2, ownLimit: 0.9, holderShare: 0.1, ...change.audit },
    calico: {
      iptablesBackend: undefined,
      operatorManaged: 'report',
      updateStrategy: 'OnDelete',
      repair: false,
      ...change.calico
    },
    notes: change.notes ?? []
  }
}
