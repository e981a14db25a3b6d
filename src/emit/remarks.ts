import { celRules } from './rules/cel-rules.ts'
import type { Sources } from './validating.ts'

/** One thing that the emitted objects do not do, in a sentence. */
export type Remark = string

/** What a reader of the objects must know: what is not checked, where it differs, and what ends when. */
export function remarksOf(sources: Sources, { fallback, mutates }: { fallback: boolean; mutates: boolean }): Remark[] {
  const { policy, rules, target, now } = sources
  const known = new Set(celRules.map(({ id }) => id))
  const modeOf = (id: string) => policy.base.modes.get(id) ?? 'off'
  const others = rules.filter(({ id }) => !known.has(id) && modeOf(id) !== 'off').map(({ id }) => id)
  const ended = policy.exemptions.filter(({ expiresAt }) => expiresAt <= now)
  return [
    `Not checked: ${others.join(', ')}. They need nodes, readings or other objects.`,
    target.fillPods
      ? 'Requests and estimates of Pods are written without what was observed and without LimitRanges, and not at all where a Namespace sets its own by annotation.'
      : 'Not written: requests and estimates of Pods (resource-requests, pid-annotations), nor what was observed.',
    ...celRules.flatMap(({ id, leftOut }) =>
      layers(sources).flatMap(([name, settings]) => {
        const why = leftOut?.(settings, target)
        return why === undefined || (settings.modes.get(id) ?? 'off') === 'off'
          ? []
          : [`${id} is left out${name}: ${why}.`]
      })
    ),
    ...(target.noLimitRanges || fallback || modeOf('best-effort') !== 'enforce'
      ? []
      : [
          'best-effort only warns about templates, since LimitRanges are not known: their Pods are denied. Where no namespace has one: --no-limit-ranges.'
        ]),
    ...(fallback
      ? [
          'Beside the webhook: only what denies Pods and what fixes Calico, and only while the webhook does not see the object. Templates and warnings are left to it.'
        ]
      : ['Beside a running webhook these would say things twice: use --fallback there.']),
    ...(mutates && layers(sources).some(([, { calico }]) => calico.iptablesBackend !== undefined)
      ? [
          'FelixConfigurations are not known: where some name another backend for single nodes, exempt the DaemonSet from calico-iptables-backend, or the variable switches them off.'
        ]
      : []),
    ...(mutates
      ? []
      : [
          `Nothing is fixed in DaemonSets of Calico: MutatingAdmissionPolicy is v1 from Kubernetes v1.36 on.${fallback ? ' Its denials come before those of the webhook, with the same sentence.' : ''}`
        ]),
    ...policy.exemptions
      .filter((each) => !ended.includes(each))
      .map(
        ({ reason, expiresAt }) =>
          `An exemption ends at ${new Date(expiresAt).toISOString()} for what is denied; what is fixed stays exempt until you emit again: ${oneLine(reason)}`
      ),
    ...ended.map(({ reason }) => `An exemption has ended and is left out: ${oneLine(reason)}`)
  ]
}

function layers({ policy: { base, overrides } }: Sources) {
  return [['', base] as const, ...overrides.map(({ name, settings }) => [` in override ${name}`, settings] as const)]
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
