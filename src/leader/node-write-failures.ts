import type { KubeError, KubeFailure } from '../kube/kube-error.ts'

/** Failures that are about one node, as when another webhook denies. After any other failure no write would succeed. */
export const aboutNode: ReadonlySet<KubeFailure> = new Set(['forbidden', 'refused', 'conflict'])

/** Whether RBAC refused, and not another webhook, which may deny one node for reasons of its own. */
export function isMissingRight({ failure, message }: Pick<KubeError, 'failure' | 'message'>): boolean {
  return failure === 'forbidden' && / cannot \w+ resource /.test(message)
}
