import { defaultSystemNamespaces } from '../default-settings.ts'
import { apiVersion, kind } from '../policy.ts'
import type { RuleInfo } from '../settings.ts'
import * as f from './field-types.ts'
import { constant, fields, list, listOf, optional, required, type ValueOf, withJson } from './fields.ts'
import { settingsFields } from './settings-fields.ts'

export type PolicyDocument = ValueOf<ReturnType<typeof buildPolicySchema>>

/** The document as people write it. Checks between two settings are in `cross-checks.ts`. */
export function buildPolicySchema(rules: readonly RuleInfo[]) {
  const spec = fields({
    systemNamespaces: optional(
      list(f.namespacePattern(), 'a list of namespace patterns'),
      'Namespaces where rules about pods are off, also where an override sets a mode. A list here replaces the default list.',
      defaultSystemNamespaces
    ),
    ...settingsFields('spec', rules),
    overrides: optional(
      list(overrideFields(rules), 'a list of overrides'),
      'Other settings for some namespaces. The first override that matches a namespace is its only one.'
    ),
    exemptions: optional(
      list(exemptionFields(rules), 'a list of exemptions'),
      'Objects that are exempt from rules, each with a reason and an end.'
    ),
    podTemplates: optional(
      list(podTemplateFields(), 'a list of kinds'),
      'Kinds of your own that make pods: where pidguard validate and audits find the pods in them.'
    ),
    namespaceTuning: optional(
      tuningFields(),
      'What the owner of a Namespace may set by annotation on it. An annotation without bounds here is ignored.'
    )
  })
  const document = fields({
    apiVersion: required(constant(apiVersion), 'The version of this format.'),
    kind: required(constant(kind), 'What this document is.'),
    metadata: optional(
      fields({
        name: optional(f.name(), 'A name for reports.', 'default'),
        labels: optional(f.stringMap(), 'For your own use.'),
        annotations: optional(f.stringMap(), 'For your own use.')
      }),
      'Names the policy.'
    ),
    spec: optional(spec, 'The settings. All of them have defaults.')
  })
  return withJson(document, {
    title: kind,
    description: 'What pidguard enforces, in the webhook, in CI and in audits.'
  })
}

function overrideFields(rules: readonly RuleInfo[]) {
  const namespaces = withJson(
    fields({
      names: optional(listOf(f.namespacePattern()), 'Patterns; one of them must match.'),
      selector: optional(f.selector(), 'Labels of the Namespace.')
    }),
    { minProperties: 1 }
  )
  return fields({
    name: required(f.name(), 'Names the override in messages; unique.'),
    namespaces: required(namespaces, 'Which namespaces; where both parts are given both must match.'),
    ...settingsFields('override', rules)
  })
}

function exemptionFields(rules: readonly RuleInfo[]) {
  return fields({
    rules: required(listOf(f.ruleId(rules.map((rule) => rule.id))), "Rule ids, or '*' for all."),
    namespaces: optional(listOf(f.namespacePattern()), 'Patterns; one of them must match.'),
    kinds: optional(
      listOf(f.kind()),
      'Kinds; one of them must be that of the object, or of the workload it belongs to.'
    ),
    names: optional(listOf(f.objectPattern()), 'Patterns; one must match the name of the object or of its owner.'),
    selector: optional(f.selector(), 'Labels of the object.'),
    reason: required(f.reason(), 'Why; shown wherever the exemption is used.'),
    expires: required(f.expiry(), 'The last day (UTC) or the instant at which it ends.')
  })
}

function podTemplateFields() {
  return fields({
    group: required(f.name(), 'The API group, without a version: example.com.'),
    kind: required(f.kind(), 'The kind as Kubernetes spells it.'),
    template: optional(
      f.pointer(),
      'Pointer to what holds the metadata and spec of the pods. * is every item or member.'
    ),
    podSpec: optional(f.pointer(), 'Pointer to a bare pod spec, in place of template.'),
    replicas: optional(f.pointer(), 'Pointer to the number of pods; 1 where it is left out.')
  })
}

function tuningFields() {
  const quantities = (example: string) =>
    fields({
      min: optional(f.request(example), 'Least that may be set.'),
      max: required(f.request(example), 'Most that may be set.')
    })
  return fields({
    pids: optional(
      fields({ min: optional(f.pids(), 'Least.', 1), max: required(f.pids(), 'Most.') }),
      'Bounds of pidguard.io/default-pids.'
    ),
    cpu: optional(quantities('500m'), 'Bounds of pidguard.io/default-cpu-request.'),
    memory: optional(quantities('1Gi'), 'Bounds of pidguard.io/default-memory-request.'),
    floor: optional(
      fields({ min: required(f.floor(), 'Least.'), max: required(f.floor(), 'Most.') }),
      'Bounds of pidguard.io/headroom-floor.'
    )
  })
}
