import { InputFacts } from '../engine/input-facts.ts'
import type { Rule } from '../engine/rule.ts'
import { RuleIndex } from '../engine/rule-index.ts'
import type { JsonRecord } from '../lib/json/shape.ts'
import { type FilePolicy, ObjectJudge } from '../validate/object-judge.ts'
import {
  type AdmissionProbe,
  brokenRules,
  markingRule,
  type ProbeAnswer,
  type ProbeRefusal
} from './admission-probe.ts'
import type { Check } from './check.ts'
import type { InstallationFacts } from './read-installation.ts'

type Half = 'validate' | 'mutate'

/**
 * Whether pidguard would have left a sign of this half of admission on a pod, by the policy in force. The pod is as it
 * would be stored.
 */
export type PolicyView = (pod: JsonRecord) => Readonly<Record<Half, boolean>>

export interface ProbeFacts extends InstallationFacts {
  /** undefined: not tried. */
  readonly probe: AdmissionProbe | undefined
  /** Where it was tried. */
  readonly probeNamespace: string
  /** undefined: the policy is not known, or has mistakes and then is not the one in force. */
  readonly policyView: PolicyView | undefined
}

/** The policy of the cluster as it holds in the namespace of the probe. */
export function policyViewOf(
  policy: FilePolicy,
  rules: readonly Rule[],
  namespace: string,
  namespaces: InstallationFacts['namespaces']
): PolicyView {
  const judge = new ObjectJudge(new RuleIndex(rules), policy, namespace)
  const facts = new InputFacts(namespace, new Map())
  for (const { metadata } of namespaces) facts.add({ apiVersion: 'v1', kind: 'Namespace', metadata })
  return (pod) => {
    const verdict = judge.judge(structuredClone(pod), 'v1', facts)
    if ('problems' in verdict) return { validate: false, mutate: false }
    const { judged, findings } = verdict
    return {
      validate: findings.some(({ ruleId, action }) => brokenRules.includes(ruleId) && action !== 'audit'),
      mutate: judged.fixedBy.includes(markingRule)
    }
  }
}

/** Whether the API server really asks pidguard, for both halves of admission. */
export function probeChecks(facts: ProbeFacts): Check[] {
  if (facts.probe === undefined) return []
  const checks = [halfCheck('validate', facts.probe, facts), halfCheck('mutate', facts.probe, facts)]
  // A webhook or quota that refuses pods refuses both, in the same words.
  return checks.filter(({ found }, index) => checks.findIndex((check) => check.found === found) === index)
}

const about = 'a real call'

function halfCheck(half: Half, probe: AdmissionProbe, facts: ProbeFacts): Check {
  const answer = probe[half]
  const span = `${Math.round(answer.took)} ms`
  if (wasSeen(half, probe)) {
    return { about, level: 'ok', found: `the API server asks pidguard to ${half}, and listens (${span})` }
  }
  if (answer.refusal !== undefined) return refusalCheck(answer.refusal, facts)
  const unseen = reasonUnseen(half, answer, facts)
  if (unseen !== undefined) {
    const other: Half = half === 'validate' ? 'mutate' : 'validate'
    const found = `whether the API server asks pidguard to ${half} was not seen: ${unseen}`
    return { about, level: wasSeen(other, probe) ? 'info' : 'warn', found, remedy: elsewhere }
  }
  const passed =
    half === 'validate' ? 'a pod without requests passed unseen' : 'a pod passed without a mark of pidguard'
  const found = `${passed}, as a dry run (${span}): pidguard was not asked to ${half}, or was not reached`
  return { about, level: 'error', found, remedy: reach(facts) }
}

/** Whether a pod that was tried came back with a sign of pidguard. False where nothing was tried. */
export function wasSeen(half: Half, probe: AdmissionProbe | undefined): boolean {
  if (probe === undefined) return false
  const { validate, mutate } = probe
  return half === 'mutate' ? mutate.mutated : validate.validated
}

/** Why there was nothing to see; undefined: there should have been. */
function reasonUnseen(
  half: Half,
  { pod }: ProbeAnswer,
  { policyView, probeNamespace }: ProbeFacts
): string | undefined {
  if (pod === undefined) return 'pidguard refused the pod that would have shown it'
  if (policyView === undefined) return 'the policy in force is not known, and it may look away'
  if (policyView(pod)[half]) return undefined
  const does = half === 'validate' ? 'neither refuses such pods nor warns about them' : 'changes no pods'
  return `the policy ${does} in ${probeNamespace}`
}

function refusalCheck({ cause, by, message }: ProbeRefusal, facts: ProbeFacts): Check {
  if (cause === 'unreached') return { about, level: 'error', found: message, remedy: reach(facts) }
  if (cause === 'forbidden') {
    const found = `not looked at: this user may not create pods in ${facts.probeNamespace}, as a dry run neither`
    const remedy =
      'Run as a user who may create pods there, or name a namespace where yours may: --probe-namespace NAME'
    return { about, level: 'warn', found, remedy }
  }
  return { about, level: 'warn', found: `not looked at: refused by ${by}: ${message}`, remedy: elsewhere }
}

const elsewhere =
  'Name a namespace that the policy covers and where nothing else refuses such a pod: --probe-namespace NAME'

function reach({ namespace }: ProbeFacts): string {
  return `Look for "failed calling webhook" in the API server's log, and at: kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=pidguard. A policy takes a minute to get to the replicas.`
}
