import type { BaseSettings } from './policy.ts'
import type { RuleInfo } from './settings.ts'

/** Namespaces that carry the cluster itself: a denied pod there can cost more than the PIDs it would use. */
export const defaultSystemNamespaces: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'calico-system',
  'calico-apiserver',
  'tigera-operator',
  'pidguard-system'
]

/** The values of settings that the document leaves out. `document/default-document.ts` gives the reason for each. */
export const defaultSettings: Omit<BaseSettings, 'modes'> = {
  requests: { bestEffortPods: 'reject', cpu: '10m', memory: '32Mi' },
  pids: { estimate: 50, limit: undefined, trustDeclared: false, profiles: [] },
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
    taintHysteresis: { share: 0.05 }
  },
  audit: { pidMax: 100_000, usage: 0.8, podShare: 0.2, ownLimit: 0.9, holderShare: 0.1 },
  calico: { iptablesBackend: undefined, operatorManaged: 'report', updateStrategy: 'OnDelete', repair: false }
}

export function defaultsOf(rules: readonly RuleInfo[]): BaseSettings {
  return { ...defaultSettings, modes: new Map(rules.map((rule) => [rule.id, rule.defaultMode])) }
}
