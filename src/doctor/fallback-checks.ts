import { emit, firstWithPolicies } from '../emit/emit.ts'
import { type EmittedObject, rulesAnnotation } from '../emit/emitted-object.ts'
import type { Rule } from '../engine/rule.ts'
import { readVersion } from '../kubernetes/server-version.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'
import { isRecord } from '../lib/json/shape.ts'
import type { Millis } from '../lib/units.ts'
import type { Policy } from '../policy/policy.ts'
import type { Check } from './check.ts'

/** A policy of the API server, or its binding, as it is stored. */
export interface AdmissionPolicy {
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec?: unknown
}

export interface FallbackFacts {
  /** Those that carry our annotation; undefined: the server has none, or they may not be read. */
  readonly admissionPolicies: readonly AdmissionPolicy[] | undefined
  /** What they should be by the policy of the ConfigMap; undefined: it has mistakes, or this server has no such policies. */
  readonly expectedPolicies: readonly EmittedObject[] | undefined
}

/** What `pidguard emit --fallback` makes of this policy for this server; undefined where it makes nothing. */
export function expectedPoliciesOf(
  policy: Policy | undefined,
  rules: readonly Rule[],
  serverVersion: string,
  now: Millis
): readonly EmittedObject[] | undefined {
  const server = readVersion(serverVersion)
  if (policy === undefined || server === undefined || server < firstWithPolicies) return undefined
  return emit(policy, rules, { server, fallback: true, noLimitRanges: false, fillPods: false, static: undefined }, now)
    .objects
}

const about = 'while we are down'

/** Which rules hold while no replica answers. */
export function fallbackChecks({ admissionPolicies, expectedPolicies }: FallbackFacts): Check[] {
  if (admissionPolicies === undefined || expectedPolicies === undefined) return []
  const possible = rulesOf(expectedPolicies).join(', ')
  if (admissionPolicies.length === 0) {
    const found = `nothing is checked: ${possible} could be, by the API server itself`
    return [{ about, level: 'info', found, remedy: emitIt }]
  }
  const lacking = expectedPolicies.filter((wanted) => !admissionPolicies.some((each) => isAs(wanted, each)))
  const more = admissionPolicies.filter(
    ({ kind, metadata }) =>
      !expectedPolicies.some((wanted) => wanted.kind === kind && wanted.metadata.name === metadata.name)
  )
  if (lacking.length === 0 && more.length === 0) return [{ about, level: 'ok', found: `these rules hold: ${possible}` }]
  const named = (objects: readonly { readonly metadata: ObjectMeta }[]) =>
    [...new Set(objects.map(({ metadata }) => metadata.name))].join(', ')
  return [
    ...(lacking.length === 0
      ? []
      : [
          {
            about,
            level: 'warn' as const,
            found: `not there, or not what the policy says now: ${named(lacking)}`,
            remedy: emitIt
          }
        ]),
    ...(more.length === 0
      ? []
      : [
          {
            about,
            level: 'warn' as const,
            found: `not part of the fallback, or no longer: ${named(more)}`,
            remedy: removeIt
          }
        ])
  ]
}

/** For an audit of a cluster, where pidguard is registered; `admissionPolicies` as in the facts. */
export function fallbackNote(admissionPolicies: FallbackFacts['admissionPolicies']): string {
  const begin = 'while pidguard is down'
  if (admissionPolicies === undefined)
    return `${begin}: not known what is checked, since policies of the API server may not be listed`
  // A policy without its binding is not in force.
  const bound = rulesOf(admissionPolicies.filter(({ kind }) => kind.endsWith('Binding')))
  if (bound.length === 0)
    return `${begin} nothing is checked; the component fallback has what the API server can check itself`
  return `${begin} the API server itself checks ${bound.join(', ')}, and nothing else is checked`
}

const emitIt =
  'pidguard emit --fallback --policy FILE | kubectl apply -f -, or the component fallback for the default policy.'
const removeIt =
  'kubectl delete them: beside the webhook they say things twice, or check what the policy no longer says.'

function rulesOf(objects: readonly { readonly metadata: ObjectMeta }[]): string[] {
  return [
    ...new Set(objects.flatMap(({ metadata }) => (metadata.annotations?.[rulesAnnotation] ?? '').split(',')))
  ].filter((id) => id !== '')
}

/** The stored object has all that is wanted; the API server adds defaults. */
function isAs(wanted: EmittedObject, { kind, metadata, spec }: AdmissionPolicy): boolean {
  return wanted.kind === kind && wanted.metadata.name === metadata.name && holds(spec, wanted.spec)
}

function holds(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(found) && found.length === wanted.length && wanted.every((each, i) => holds(found[i], each))
  }
  if (!isRecord(wanted)) return found === wanted
  return isRecord(found) && Object.entries(wanted).every(([key, value]) => holds(found[key], value))
}
