import type { Check } from '../check.ts'
import { isCalledFor } from '../expected-webhooks.ts'
import type { InstallationFacts, RegisteredWebhook } from '../read-installation.ts'
import { ours } from '../webhook-checks.ts'
import { type Labels, leaveOut, selects } from './selection.ts'

/**
 * Webhooks of others that refuse our pods while they do not answer. Where their pods wait for us too, neither comes back after all
 * nodes were lost at once.
 */
export function mutualWaitChecks(facts: InstallationFacts): Check[] {
  const { mutating, validating, namespaces, namespace } = facts
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]))
  const failing = [...ours(mutating), ...ours(validating)].filter(refusesPods)
  return [...mutating, ...validating]
    .filter(({ metadata }) => metadata.name !== 'pidguard')
    .flatMap(({ metadata, webhooks }) => (webhooks ?? []).map((webhook) => ({ configuration: metadata.name, webhook })))
    .filter(({ webhook }) => refusesPods(webhook) && selects(webhook, labels.get(namespace)))
    .map(({ configuration, webhook }) =>
      checkOf(`${webhook.name} of ${configuration}`, webhook, failing, labels, namespace)
    )
}

/** Of a webhook without an answer: whether the API server then refuses pods. */
function refusesPods(webhook: RegisteredWebhook): boolean {
  return (webhook.failurePolicy ?? 'Fail') === 'Fail' && isCalledFor(webhook, 'CREATE', 'pods')
}

function checkOf(
  name: string,
  { clientConfig: { service } }: RegisteredWebhook,
  failing: readonly RegisteredWebhook[],
  labels: ReadonlyMap<string, Labels>,
  namespace: string
): Check {
  const about = 'neighbours'
  const place = service?.namespace
  const waiting = place === undefined ? undefined : failing.find((each) => selects(each, labels.get(place)))
  if (place === undefined || waiting === undefined || !labels.has(place)) {
    const found = `${name} refuses pods of ${namespace} while it does not answer`
    const remedy = `Leave ${namespace} out of its namespaceSelector; under strict, leave its own namespace out of ours before.`
    return { about, level: 'info', found, remedy }
  }
  const found = `${name} refuses pods of ${namespace} while it does not answer, and its own, in ${place}, wait for pidguard: neither could come back alone`
  return { about, level: 'error', found, remedy: leaveOut(waiting, [place], labels) }
}
