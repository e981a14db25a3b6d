import type { InstallationFacts, RegisteredWebhook, WebhookConfiguration } from '../kube/installation.ts'
import { type Selector, selectorMatches } from '../model/selector.ts'
import type { Check } from './doctor-check.ts'

/** What installs all of it, and puts right what was changed. */
export const apply = 'kubectl apply -k manifests/overlays/NAME'

/** Our webhooks in the configurations of all. */
export function ours(configurations: readonly WebhookConfiguration[]): readonly RegisteredWebhook[] {
  return configurations.find(({ metadata }) => metadata.name === 'pidguard')?.webhooks ?? []
}

/** Whether the API server calls us, and how. */
export function registrationChecks({ mutating, validating, serverVersion }: InstallationFacts): Check[] {
  const checks: Check[] = [{ about: 'API server', level: 'ok', found: serverVersion }]
  for (const [kind, list] of [
    ['MutatingWebhookConfiguration', mutating],
    ['ValidatingWebhookConfiguration', validating]
  ] as const) {
    const webhooks = ours(list)
    if (webhooks.length === 0) {
      checks.push({
        about: kind,
        level: 'error',
        found: 'not there: the API server does not call pidguard',
        remedy: apply
      })
    }
    for (const webhook of webhooks) checks.push(...webhookChecks(webhook, kind === 'MutatingWebhookConfiguration'))
  }
  return checks
}

/** Resources without which neither the network nor a webhook comes up. */
const vital = ['daemonsets', 'felixconfigurations', 'nodes', 'leases', 'pods/binding', 'namespaces', '*']
/** Kubernetes' own list of good practice asks for a short timeout; 10 s is its default. */
const longTimeout = 5

function webhookChecks(webhook: RegisteredWebhook, mutates: boolean): Check[] {
  const { name, failurePolicy = 'Fail', sideEffects = '', timeoutSeconds = 10, rules = [] } = webhook
  const faults: Check[] = []
  const resources = rules.flatMap((rule) => rule.resources)
  const reached = resources.filter((resource) => vital.includes(resource))
  if (failurePolicy === 'Fail' && reached.length > 0) {
    faults.push({
      about: name,
      level: 'error',
      found: `failurePolicy Fail for ${reached.join(', ')}: the cluster cannot come up without pidguard, nor pidguard without the cluster`,
      remedy: `Set failurePolicy Ignore: ${apply}`
    })
  }
  if (timeoutSeconds > longTimeout) {
    const found = `timeoutSeconds ${timeoutSeconds}: every request waits so long when nobody answers`
    faults.push({ about: name, level: 'warn', found, remedy: apply })
  }
  if (sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    faults.push({
      about: name,
      level: 'warn',
      found: `sideEffects ${sideEffects}: dry runs are refused`,
      remedy: apply
    })
  }
  if (mutates && webhook.reinvocationPolicy !== 'IfNeeded') {
    const found = `reinvocationPolicy ${webhook.reinvocationPolicy ?? 'Never'}: containers that others inject later are not filled`
    faults.push({ about: name, level: 'warn', found, remedy: apply })
  }
  if (faults.length > 0) return faults
  return [{ about: name, level: 'ok', found: `${failurePolicy}, ${timeoutSeconds} s, for ${resources.join(', ')}` }]
}

/** Whom it calls us for. */
export function selectorChecks({ mutating, validating, namespaces, namespace }: InstallationFacts): Check[] {
  const checks: Check[] = []
  for (const webhook of [...ours(mutating), ...ours(validating)]) {
    if (!(webhook.rules ?? []).some(({ resources }) => resources.includes('pods'))) continue
    const selects = (name: string): boolean => {
      const labels = namespaces.find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {}
      return selectorMatches(selectorOf(webhook), labels)
    }
    for (const name of [namespace, 'kube-system']) {
      if (!namespaces.some(({ metadata }) => metadata.name === name) || !selects(name)) continue
      const fails = (webhook.failurePolicy ?? 'Fail') === 'Fail'
      checks.push({
        about: webhook.name,
        level: fails ? 'error' : 'info',
        found: fails
          ? `pods of ${name} wait for pidguard: neither may be able to come up`
          : `is called for pods of ${name}, and lets them pass`,
        remedy: `kubectl label namespace ${name} kubernetes.io/metadata.name=${name}`
      })
    }
  }
  const ignored = namespaces.filter(({ metadata }) => metadata.labels?.['pidguard.io/admission'] === 'ignore')
  if (ignored.length > 0) {
    const names = ignored.map(({ metadata }) => metadata.name).slice(0, 10)
    const found = `${ignored.length} left out by pidguard.io/admission=ignore: ${names.join(', ')}`
    checks.push({ about: 'namespaces', level: 'info', found })
  }
  return checks
}

/** As the API server fills it in. */
function selectorOf({ namespaceSelector }: RegisteredWebhook): Selector {
  const expressions = namespaceSelector?.matchExpressions ?? []
  return {
    matchLabels: namespaceSelector?.matchLabels ?? {},
    matchExpressions: expressions.map((expression) => ({ ...expression, values: expression.values ?? [] }))
  }
}

/** Others who change the same objects: what they do comes before us, or after, by the name of their configuration. */
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
