import type { Check } from './check.ts'
import {
  type ConfigurationKind,
  expectedWebhooks,
  guardedWebhooks,
  guardService,
  lackingOf,
  pathOf
} from './expected-webhooks.ts'
import { type ProbeFacts, wasSeen } from './probe-checks.ts'
import type { InstallationFacts, RegisteredWebhook, WebhookConfiguration } from './read-installation.ts'

/** What installs all of it, and puts right what was changed. */
export const apply = 'kubectl apply -k manifests/overlays/NAME'

/** Our webhooks in the configurations of all. */
export function ours(configurations: readonly WebhookConfiguration[]): readonly RegisteredWebhook[] {
  return configurations.find(({ metadata }) => metadata.name === 'pidguard')?.webhooks ?? []
}

/** Whether the API server calls us, and how. What this user may not read is not checked; `hidden` says so elsewhere. */
export function registrationChecks(facts: ProbeFacts): Check[] {
  const { mutating, validating, hidden, serverVersion } = facts
  return [
    { about: 'API server', level: 'ok', found: serverVersion },
    ...(hidden.includes('mutatingwebhookconfigurations')
      ? []
      : configurationChecks('MutatingWebhookConfiguration', ours(mutating), facts)),
    ...(hidden.includes('validatingwebhookconfigurations')
      ? []
      : configurationChecks('ValidatingWebhookConfiguration', ours(validating), facts))
  ]
}

function configurationChecks(
  kind: ConfigurationKind,
  webhooks: readonly RegisteredWebhook[],
  facts: ProbeFacts
): Check[] {
  if (webhooks.length === 0) return [absenceCheck(kind, facts)]
  const missing = expectedWebhooks.filter((each) => each.kind === kind && !webhooks.some(isNamed(each.name)))
  return [
    ...webhooks.flatMap((webhook) => webhookChecks(webhook, kind, facts)),
    ...missing.map(({ name, resources }): Check => {
      const found = `not in the ${kind}: pidguard is not asked about ${resources.join(', ')}`
      return { about: name, level: 'error', found, remedy: apply }
    })
  ]
}

/** From v1.37 on an API server also takes configurations from files, which no client sees. A call that arrives is proof. */
function absenceCheck(kind: ConfigurationKind, { probe }: ProbeFacts): Check {
  const half = kind === 'MutatingWebhookConfiguration' ? 'mutate' : 'validate'
  if (wasSeen(half, probe)) {
    const found = `none named pidguard, yet a real call reaches it to ${half}: what else it is called for was not seen`
    const remedy = `Look into the API server's --admission-control-config-file. For one that can be seen: ${apply}`
    return { about: kind, level: 'warn', found, remedy }
  }
  return { about: kind, level: 'error', found: 'not there: the API server does not call pidguard', remedy: apply }
}

function isNamed(name: string): (webhook: { readonly name: string }) => boolean {
  return (webhook) => webhook.name === name
}

function webhookChecks(webhook: RegisteredWebhook, kind: ConfigurationKind, facts: InstallationFacts): Check[] {
  const faults = [
    ...destinationFaults(webhook, kind, facts),
    ...lackFaults(webhook),
    ...vitalFaults(webhook),
    ...mannerFaults(webhook, kind)
  ]
  if (faults.length > 0) return faults
  const { name, failurePolicy = 'Fail', timeoutSeconds = 10, rules = [] } = webhook
  const resources = rules.flatMap((rule) => rule.resources)
  return [{ about: name, level: 'ok', found: `${failurePolicy}, ${timeoutSeconds} s, for ${resources.join(', ')}` }]
}

/** Whether it leads to pidguard at all. */
function destinationFaults(
  { name, clientConfig: { url, service } }: RegisteredWebhook,
  kind: ConfigurationKind,
  { namespace, service: installed }: InstallationFacts
): Check[] {
  if (url !== undefined) {
    const found = `is called at ${url}, not by the Service: what answers there was not looked at`
    return [{ about: name, level: 'warn', found, remedy: `Where pidguard runs in this cluster: ${apply}` }]
  }
  const isGuard = service?.name === guardService && guardedWebhooks.includes(name)
  const wanted = `${namespace}/${isGuard ? guardService : 'pidguard'}, path ${pathOf[kind]}`
  const called = `${service?.namespace}/${service?.name}, path ${service?.path ?? '/'}`
  if (called !== wanted) {
    const found = `is called at the Service ${called}; pidguard is at ${wanted}`
    return [{ about: name, level: 'error', found, remedy: apply }]
  }
  // An ExternalName has no ports of its own, and a Service that is missing or hidden has a line of its own.
  const ports = installed?.spec.type === 'ExternalName' ? undefined : installed?.spec.ports?.map(({ port }) => port)
  const port = service?.port ?? 443
  if (ports === undefined || ports.includes(port)) return []
  const found = `is called at port ${port} of the Service, which has ${ports.join(', ')}`
  return [{ about: name, level: 'error', found, remedy: apply }]
}

function lackFaults(webhook: RegisteredWebhook): Check[] {
  const expected = expectedWebhooks.find(isNamed(webhook.name))
  const lacking = expected === undefined ? [] : lackingOf(webhook, expected)
  if (lacking.length === 0) return []
  const found = `is not called for ${lacking.join(', ')}`
  return [{ about: webhook.name, level: 'error', found, remedy: apply }]
}

/** Resources without which neither the network nor a webhook comes up. */
const vital = ['daemonsets', 'felixconfigurations', 'nodes', 'leases', 'pods/binding', 'namespaces', '*']

function vitalFaults({ name, failurePolicy = 'Fail', rules = [] }: RegisteredWebhook): Check[] {
  const reached = rules.flatMap((rule) => rule.resources).filter((resource) => vital.includes(resource))
  if (failurePolicy !== 'Fail' || reached.length === 0) return []
  const found = `failurePolicy Fail for ${reached.join(', ')}: the cluster cannot come up without pidguard, nor pidguard without the cluster`
  return [{ about: name, level: 'error', found, remedy: `Set failurePolicy Ignore: ${apply}` }]
}

/** Kubernetes' own list of good practice asks for a short timeout; 10 s is its default. */
const longTimeout = 5

function mannerFaults(webhook: RegisteredWebhook, kind: ConfigurationKind): Check[] {
  const { name, sideEffects = '', timeoutSeconds = 10, reinvocationPolicy = 'Never' } = webhook
  const faults: string[] = []
  if (timeoutSeconds > longTimeout) {
    faults.push(`timeoutSeconds ${timeoutSeconds}: every request waits this long when no replica answers`)
  }
  if (sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    faults.push(`sideEffects ${sideEffects}: dry runs are refused`)
  }
  if (kind === 'MutatingWebhookConfiguration' && reinvocationPolicy !== 'IfNeeded') {
    faults.push(`reinvocationPolicy ${reinvocationPolicy}: containers that others inject later are not filled`)
  }
  return faults.map((found) => ({ about: name, level: 'warn', found, remedy: apply }))
}

/** Other webhooks that change the same objects: the name of their configuration decides whether they run before or after us. */
export function neighbourChecks({ mutating }: InstallationFacts): Check[] {
  return mutating
    .filter(({ metadata }) => metadata.name !== 'pidguard')
    .flatMap(({ metadata, webhooks }) => {
      const both = (webhooks ?? []).flatMap(({ rules = [] }) => rules.flatMap(({ resources }) => resources))
      const shared = [...new Set(both)].filter((resource) => ['pods', 'daemonsets', '*', '*/*'].includes(resource))
      if (shared.length === 0) return []
      const order = (metadata.name ?? '') < 'pidguard' ? 'before' : 'after'
      const found = `${metadata.name} changes ${shared.join(', ')} too, ${order} pidguard`
      return [{ about: 'neighbours', level: 'info' as const, found }]
    })
}
