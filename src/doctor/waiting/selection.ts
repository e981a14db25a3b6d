import { admission } from '../../kubernetes/annotations.ts'
import { type Selector, selectorMatches } from '../../kubernetes/label-selector.ts'
import type { RegisteredWebhook } from '../read-installation.ts'
import { apply } from '../webhook-checks.ts'

export type Labels = Readonly<Record<string, string>>

/** The way out for a whole namespace. */
export const ignore = `${admission}=ignore`

/** Whether the webhook is called for what is in a namespace with these labels. */
export function selects({ namespaceSelector }: RegisteredWebhook, labels: Labels | undefined): boolean {
  return matches(namespaceSelector, labels)
}

/** With the selector as the API server fills it in. */
export function matches(held: Partial<Selector> | undefined, labels: Labels = {}): boolean {
  const expressions = held?.matchExpressions ?? []
  const selector: Selector = {
    matchLabels: held?.matchLabels ?? {},
    matchExpressions: expressions.map((expression) => ({ ...expression, values: expression.values ?? [] }))
  }
  return selectorMatches(selector, labels)
}

/** How namespaces are taken out of the webhook. */
export function leaveOut(
  webhook: RegisteredWebhook,
  names: readonly string[],
  labels: ReadonlyMap<string, Labels>
): string {
  const follows = names.every((name) => !selects(webhook, { ...labels.get(name), [admission]: 'ignore' }))
  if (!follows) return `Its namespaceSelector was changed, and ignores ${ignore}: ${apply}`
  return `kubectl label namespace ${names.join(' ')} ${ignore}`
}
