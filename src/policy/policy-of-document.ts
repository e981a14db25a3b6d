import type { TemplatePlace } from '../kubernetes/pods/template-places.ts'
import { groupKindOf } from '../kubernetes/workloads.ts'
import { defaultSystemNamespaces, defaultsOf } from './default-settings.ts'
import type { PolicyDocument } from './document/schema.ts'
import { applyLayer } from './inherit-settings.ts'
import type { NamespaceTuning, Policy } from './policy.ts'
import type { RuleInfo } from './settings.ts'

type Spec = NonNullable<PolicyDocument['spec']>

/** The policy in force without a document; the same as an empty document. Needs no parser. */
export function defaultPolicy(rules: readonly RuleInfo[]): Policy {
  return policyOf({ apiVersion: 'pidguard.io/v1alpha1', kind: 'PidGuardPolicy' }, rules)
}

/** The policy of a valid document: defaults filled in, each override applied to the base. */
export function policyOf({ metadata, spec = {} }: PolicyDocument, rules: readonly RuleInfo[]): Policy {
  const base = applyLayer(defaultsOf(rules), spec)
  return {
    name: metadata?.name ?? 'default',
    systemNamespaces: spec.systemNamespaces ?? defaultSystemNamespaces,
    base,
    overrides: (spec.overrides ?? []).map((override) => ({
      name: override.name,
      namespaces: { names: override.namespaces.names, selector: override.namespaces.selector },
      settings: applyLayer(base, override)
    })),
    exemptions: (spec.exemptions ?? []).map(exemptionOf),
    tuning: tuningOf(spec.namespaceTuning ?? {}),
    podTemplates: templatePlacesOf(spec.podTemplates ?? [])
  }
}

function exemptionOf(written: NonNullable<Spec['exemptions']>[number]): Policy['exemptions'][number] {
  const { rules, namespaces, kinds, names, selector, reason, expires } = written
  return { rules, namespaces, kinds, names, selector, reason: reason.trim(), expiresAt: expires }
}

function templatePlacesOf(written: NonNullable<Spec['podTemplates']>): Policy['podTemplates'] {
  const places = new Map<string, TemplatePlace[]>()
  for (const { group, kind, ...place } of written) {
    const key = groupKindOf(group, kind)
    places.set(key, [...(places.get(key) ?? []), place])
  }
  return places
}

function tuningOf({ pids, cpu, memory, floor }: NonNullable<Spec['namespaceTuning']>): NamespaceTuning {
  return {
    pids: pids && { min: pids.min ?? 1, max: pids.max },
    cpu: cpu && { min: cpu.min, max: cpu.max },
    memory: memory && { min: memory.min, max: memory.max },
    floor
  }
}
