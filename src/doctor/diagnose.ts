import { isOurs, keyringOf } from '../certs/keyring.ts'
import { readPair } from '../certs/serving-pair.ts'
import { isTrusted } from '../certs/trust.ts'
import type { Millis } from '../lib/units.ts'
import { type CalicoFacts, calicoChecks } from './calico-checks.ts'
import type { Check, Level } from './check.ts'
import { type FallbackFacts, fallbackChecks } from './fallback-checks.ts'
import { type AutoscalerFacts, autoscalerChecks } from './guarding/autoscaler-checks.ts'
import { type GuardFacts, guardChecks } from './guarding/guard-checks.ts'
import { type SchedulerFacts, schedulerChecks } from './guarding/scheduler-checks.ts'
import { headroomChecks } from './headroom-checks.ts'
import { type OwnRightsFacts, ownRightsChecks } from './own-rights-checks.ts'
import { type ProbeFacts, probeChecks } from './probe-checks.ts'
import { type ReplicaFacts, replicaChecks } from './replicas/replica-checks.ts'
import { type SelectorFacts, selectorChecks } from './selector-checks.ts'
import { mutualWaitChecks } from './waiting/mutual-waits.ts'
import { apply, neighbourChecks, ours, registrationChecks } from './webhook-checks.ts'

export interface DoctorFacts
  extends ReplicaFacts,
    SelectorFacts,
    ProbeFacts,
    OwnRightsFacts,
    FallbackFacts,
    GuardFacts,
    AutoscalerFacts,
    SchedulerFacts,
    Pick<CalicoFacts, 'calicoView'> {
  /** Names of all Nodes; undefined: they are not needed, or the user may not list them. */
  readonly nodes: readonly string[] | undefined
  /** Each mistake of the policy in the ConfigMap. */
  readonly policyMistakes: readonly string[]
  readonly now: Millis
}

const day: Millis = 24 * 60 * 60_000

/** Everything a person on call would look at. What other checks depend on comes first. */
export function diagnose(facts: DoctorFacts): Check[] {
  return [
    ...hiddenChecks(facts),
    ...registrationChecks(facts),
    ...replicaChecks(facts),
    ...certificateChecks(facts),
    ...selectorChecks(facts),
    ...policyChecks(facts),
    ...probeChecks(facts),
    ...fallbackChecks(facts),
    ...headroomChecks(facts.replicas, facts.namespace, facts.nodes),
    ...calicoChecks(facts),
    ...guardChecks(facts),
    ...schedulerChecks(facts),
    ...autoscalerChecks(facts),
    ...ownRightsChecks(facts),
    ...neighbourChecks(facts),
    ...mutualWaitChecks(facts)
  ]
}

function hiddenChecks({ hidden }: DoctorFacts): Check[] {
  return hidden.map((what) => ({
    about: what,
    level: 'warn',
    found: 'may not be read by this user, so what rests on it was not looked at',
    remedy: `Run as a user who may get and list ${what}.`
  }))
}

function certificateChecks({ secret, mutating, validating, now, hidden, namespace }: DoctorFacts): Check[] {
  const about = 'certificate'
  if (hidden.includes('secrets')) return []
  if (secret === undefined) {
    const found = 'Secret pidguard-tls is not there'
    const remedy = `The controller makes it within seconds; kubectl logs -n ${namespace} deployment/pidguard-controller says what hinders it.`
    return [{ about, level: 'error', found, remedy }]
  }
  const kept = isOurs(secret) ? 'kept by pidguard' : 'not made by pidguard'
  try {
    const pair = readPair(secret.data['tls.crt'] ?? '', secret.data['tls.key'] ?? '')
    const left = Math.floor((pair.expiresAt - now) / day)
    const until = new Date(pair.expiresAt).toISOString().slice(0, 10)
    const webhooks = [...ours(mutating), ...ours(validating)]
    const untrusting = webhooks.filter(({ clientConfig }) => {
      const bundle = Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8')
      return bundle === '' ? isOurs(secret) : !isTrusted(pair.cert, bundle)
    })
    const level: Level = left < 0 ? 'error' : left < 14 ? 'warn' : 'ok'
    const renew = isOurs(secret)
      ? `kubectl delete secret pidguard-tls -n ${namespace}: the controller makes a new one`
      : 'Renew it where it comes from.'
    const life: Check = {
      about,
      level,
      found: `${kept}, valid until ${until}`,
      ...(level === 'ok' ? {} : { remedy: renew })
    }
    if (webhooks.length === 0) return [life]
    if (untrusting.length === 0) return [life, { about: 'caBundle', level: 'ok', found: 'carries its authority' }]
    const found = `the API server does not trust the certificate, for ${untrusting.map(({ name }) => name).join(', ')}`
    const remedy = `The controller fixes this within seconds; its log says what hinders it: kubectl logs -n ${namespace} deployment/pidguard-controller`
    return [life, { about: 'caBundle', level: 'error', found, remedy }]
  } catch (error) {
    const remedy = keyringOf(secret.data) === undefined ? `kubectl delete secret pidguard-tls -n ${namespace}` : ''
    return [{ about, level: 'error', found: `Secret pidguard-tls: ${(error as Error).message}`, remedy }]
  }
}

function policyChecks({ policy, policyMistakes, hidden }: DoctorFacts): Check[] {
  if (hidden.includes('configmaps')) return []
  const about = 'policy'
  if (policy === undefined) {
    return [{ about, level: 'error', found: 'ConfigMap pidguard-policy with policy.yaml is not there', remedy: apply }]
  }
  if (policyMistakes.length === 0) return [{ about, level: 'ok', found: 'valid' }]
  const remedy = 'The last good one is in force until replicas restart. Fix it: pidguard policy check FILE'
  return policyMistakes.map((found) => ({ about, level: 'error', found, remedy }))
}
