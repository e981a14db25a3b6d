import { decide } from '../../../src/engine/decide.ts'
import { evaluate, type JudgingInput } from '../../../src/engine/evaluate.ts'
import { mutate } from '../../../src/engine/mutate.ts'
import type { Rule } from '../../../src/engine/rule.ts'
import { RuleIndex } from '../../../src/engine/rule-index.ts'
import { subjectOfRequest } from '../../../src/kubernetes/subject.ts'
import { groupOf } from '../../../src/kubernetes/workloads.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { exemptionFor, targetOf } from '../../../src/policy/exemptions.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { PolicyResolver } from '../../../src/policy/policy-resolver.ts'
import type { NamespaceFacts } from '../../../src/policy/settings.ts'

/** A write, with the object as admission sees it. */
export interface Reviewed {
  readonly operation: 'CREATE' | 'UPDATE'
  readonly object: JsonRecord
  readonly oldObject?: JsonRecord
  readonly userName: string
  readonly namespace: string
}

/** What the engine says: rules that deny, rules that warn, and the object as it stores it. */
export interface EngineVerdict {
  readonly denies: ReadonlySet<string>
  readonly warns: ReadonlySet<string>
  readonly stored: JsonRecord
}

export interface EngineWorld {
  readonly policy: Policy
  readonly rules: readonly Rule[]
  /** Of these, the fixes are applied first. */
  readonly fixing: readonly string[]
  readonly server: number
  readonly noLimitRanges: boolean
  readonly namespaces: ReadonlyMap<string, NamespaceFacts>
}

/** The engine with what the webhook knows, asked about one write. */
export function engineVerdict(write: Reviewed, world: EngineWorld): EngineVerdict {
  const { policy, rules, server, noLimitRanges, namespaces } = world
  const apiVersion = String(write.object['apiVersion'])
  const subject = subjectOfRequest({
    uid: 'u-1',
    kind: { group: groupOf(apiVersion), version: apiVersion, kind: String(write.object['kind']) },
    resource: '',
    subResource: '',
    operation: write.operation,
    namespace: write.namespace,
    name: '',
    userName: write.userName,
    dryRun: true,
    object: structuredClone(write.object),
    oldObject: write.oldObject
  })
  const resolver = new PolicyResolver(policy, rules)
  const settings = resolver.settingsFor(write.namespace, namespaces.get(write.namespace))
  const input: JudgingInput = {
    settings,
    facts: { serverVersion: server, ...(noLimitRanges ? { limitRanges: [] } : {}) },
    exemption: (ruleId) => exemptionFor(resolver.exemptionsOf(ruleId), ruleId, targetOf(subject), Date.now())?.reason
  }
  const asked = new RuleIndex(rules).rulesFor(subject)
  const fixing = asked.filter(({ id }) => world.fixing.includes(id))
  mutate(subject, fixing, input)
  const decision = decide(subject, evaluate(subject, asked, input), settings)
  const acting = (action: string) =>
    new Set(decision.findings.filter((each) => each.action === action).map(({ ruleId }) => ruleId))
  return { denies: acting('deny'), warns: acting('warn'), stored: subject.object as JsonRecord }
}
