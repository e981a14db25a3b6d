import type { Check } from '../check.ts'
import { guardedWebhooks, guardService } from '../expected-webhooks.ts'
import type { InstallationFacts } from '../read-installation.ts'
import { ours } from '../webhook-checks.ts'

export interface GuardFacts extends Pick<InstallationFacts, 'validating' | 'hidden'> {
  /** spec.headroom.taintNodes; undefined: the policy is not known. */
  readonly taintNodes: boolean | undefined
}

const remedy =
  'Use the component guard, which has both, with spec.headroom.taintNodes: true in the policy (docs/headroom.md).'

/** Whether single nodes are guarded: bindings and taints only work together, and with one writer. */
export function guardChecks({ validating, taintNodes, hidden }: GuardFacts): Check[] {
  if (taintNodes === undefined || hidden.includes('validatingwebhookconfigurations')) return []
  const about = 'guard'
  const warn = (found: string): Check[] => [{ about, level: 'warn', found, remedy }]
  const bindings = ours(validating).find(({ name }) => name === 'bindings.validate.pidguard.io')
  if (bindings === undefined && !taintNodes) return []
  if (bindings === undefined)
    return warn('nodes are tainted, but bindings are not checked: pods land on a full node before it is tainted')
  if (!taintNodes)
    return warn(
      'bindings are checked, but nodes are not tainted: a pod stays Pending beside a node that has room for it'
    )
  const isOne = guardedWebhooks.every(
    (each) => ours(validating).find(({ name }) => name === each)?.clientConfig.service?.name === guardService
  )
  if (!isOne)
    return warn(
      'several replicas decide on bindings, and give away more together than a node has: none knows what the others do'
    )
  return [{ about, level: 'ok', found: 'bindings and taints, with one writer' }]
}
