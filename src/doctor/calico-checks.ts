import { evaluate } from '../engine/evaluate.ts'
import { InputFacts } from '../engine/input-facts.ts'
import { mutate } from '../engine/mutate.ts'
import type { Rule } from '../engine/rule.ts'
import { backendEnvOf, isOperatorManaged, someFelixOf } from '../kubernetes/calico/felix.ts'
import { oldPodsOf } from '../kubernetes/calico/old-pods.ts'
import { type Subject, subjectOfObject } from '../kubernetes/subject.ts'
import type { JsonRecord } from '../lib/json/shape.ts'
import type { RuleFinding } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'
import { plural } from '../report/validate-report.ts'
import type { FilePolicy } from '../validate/object-judge.ts'
import type { Check } from './check.ts'
import { isCalledFor } from './expected-webhooks.ts'
import type { InstallationFacts } from './read-installation.ts'
import { apply, ours } from './webhook-checks.ts'

/** What the policy in force says of one DaemonSet that runs Felix. */
export interface CalicoVerdict {
  readonly settings: Pick<Settings, 'calico' | 'modes'>
  /** What the rules for Calico find in it as it is stored. */
  readonly findings: readonly RuleFinding[]
  /** What of it would be fixed: any write, or only one that restarts calico-node, as under RollingUpdate. undefined: none. */
  readonly fixed: 'at any write' | 'at a restart' | undefined
}

export interface CalicoFacts extends Pick<InstallationFacts, 'daemonSets' | 'mutating'> {
  /** undefined: the policy is not known, or has mistakes and is then not the one in force. */
  readonly calicoView: ((daemonSet: JsonRecord) => CalicoVerdict) | undefined
}

/** The rules for DaemonSets of Felix, over objects as they are stored. */
export function calicoViewOf(
  policy: FilePolicy,
  rules: readonly Rule[],
  { namespaces, felixConfigurations }: Pick<InstallationFacts, 'namespaces' | 'felixConfigurations'>
): NonNullable<CalicoFacts['calicoView']> {
  const facts = new InputFacts('default', new Map())
  for (const { metadata } of namespaces) facts.add({ apiVersion: 'v1', kind: 'Namespace', metadata })
  return (object) => {
    const subject = subjectOfObject(structuredClone(object))
    const settings = policy.settingsFor(subject.namespace, facts.namespace(subject.namespace))
    const known = felixConfigurations === undefined ? {} : { felixConfigurations }
    const snapshot = { settings, facts: known, exemption: (ruleId: string) => policy.exemption(ruleId, subject) }
    const { findings } = evaluate(subject, rules, snapshot)
    const isFixed = (change: Partial<Subject>): boolean =>
      mutate({ ...subjectOfObject(structuredClone(object)), ...change }, rules, snapshot).operations.length > 0
    const isAtAnyWrite = isFixed({ operation: 'UPDATE', oldObject: object })
    return { settings, findings, fixed: isAtAnyWrite ? 'at any write' : isFixed({}) ? 'at a restart' : undefined }
  }
}

/** Each DaemonSet of Felix against the policy, and whether the next write of it comes to us at all. */
export function calicoChecks(facts: CalicoFacts): Check[] {
  return facts.daemonSets.flatMap((object): Check[] => {
    const subject = subjectOfObject(object)
    return someFelixOf(subject) === undefined ? [] : [...checksOf(subject, object, facts), ...rolloutChecks(subject)]
  })
}

/** A rollout by hand takes its time, so this is no fault: the alert PidguardCalicoRevisionDrift says when it takes long. */
function rolloutChecks({ namespace, name, object }: Subject): Check[] {
  const old = oldPodsOf(object) ?? 0
  if (old === 0) return []
  const found = `${plural(old, 'pod')} of an old revision`
  const remedy = 'pidguard calico rollout --run replaces them, node by node.'
  return [{ about: `Calico ${namespace}/${name}`, level: 'info', found, remedy }]
}

function checksOf(subject: Subject, object: JsonRecord, { mutating, calicoView }: CalicoFacts): Check[] {
  const about = `Calico ${subject.namespace}/${subject.name}`
  if (calicoView === undefined) {
    return [
      { about, level: 'warn', found: 'not checked: the policy in force is not known', remedy: 'See policy above.' }
    ]
  }
  const { settings, findings, fixed } = calicoView(object)
  const isCalled = ours(mutating).some((webhook) => isCalledFor(webhook, 'UPDATE', 'daemonsets.apps'))
  const name = `-n ${subject.namespace} daemonset ${subject.name}`
  const writes = {
    // Any write is fixed, and restarts nothing: under OnDelete a person deletes the pods.
    'at any write': `kubectl annotate --overwrite ${name} pidguard.io/checked="$(date)": pidguard fixes any write. Then delete its pods node by node.`,
    'at a restart': `kubectl rollout restart ${name}: pidguard fixes a write that restarts calico-node, which this one does node by node.`
  }
  if (findings.length > 0) {
    return findings.map(({ ruleId, reason, detail, remedy }): Check => {
      const canBeWritten = fixed !== undefined && isCalled && settings.modes.get(ruleId) === 'enforce'
      return {
        about,
        level: 'warn',
        found: `${ruleId}: ${reason} (${detail})`,
        remedy: canBeWritten ? writes[fixed] : remedy
      }
    })
  }
  const said = `as the policy says${shownBackend(subject)}`
  if (isOperatorManaged(subject)) {
    return [
      { about, level: 'info', found: `${said}; owned by the tigera operator, so pidguard reports and changes nothing` }
    ]
  }
  if (someFelixOf(subject)?.isOther === true) {
    return [
      {
        about,
        level: 'info',
        found: `${said}; its container has another name, so pidguard reports and changes nothing`
      }
    ]
  }
  if (!isCalled) {
    return [
      { about, level: 'warn', found: `${said}, but pidguard is not called when DaemonSets are written`, remedy: apply }
    ]
  }
  const { iptablesBackend } = settings.calico
  if (iptablesBackend !== undefined) return [{ about, level: 'ok', found: `${said}; checked at every write` }]
  const remedy = 'Set spec.calico.iptablesBackend of the policy to what the nodes use, Legacy or NFT.'
  return [
    { about, level: 'info', found: `${said}; the policy names no backend, so another one would be stored`, remedy }
  ]
}

function shownBackend(subject: Subject): string {
  const felix = someFelixOf(subject)
  const value = felix === undefined ? undefined : backendEnvOf(felix.container, felix.at).value
  return value === undefined ? '' : `, FELIX_IPTABLESBACKEND=${value.slice(0, 40)}`
}
