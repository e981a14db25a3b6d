import type { FelixPod } from '../kubernetes/calico/node-rows.ts'
import type { JsonRecord } from '../lib/json/shape.ts'
import { selectorOf } from './felix-pods.ts'
import type { RolloutStep } from './rollout-steps.ts'

/**
 * The commands that bring every node to the newest revision, one node after the other: each waits until the new pod is ready
 * before the next is deleted, and a shell with `set -e` stops at the first that is not. Empty without steps.
 */
export function rolloutCommands(steps: readonly RolloutStep[], daemonSets: readonly JsonRecord[]): readonly string[] {
  if (steps.length === 0) return []
  const selectors = new Map(
    daemonSets.map((object) => {
      const { namespace, name } = object['metadata'] as { namespace: string; name: string }
      return [`${namespace}/${name}`, selectorOf(object)] as const
    })
  )
  return [
    'set -e',
    ...steps.flatMap(({ pod, afterwards }) => [
      ...commandsOf(pod, selectors.get(`${pod.namespace}/${pod.daemonSet}`) ?? ''),
      ...(afterwards === undefined ? [] : [`# ${afterwards}`])
    ])
  ]
}

/**
 * The pod is waited for by name until it is gone, as `delete` does, and `kubectl wait` does not wait for a pod that is not
 * there yet, so the loop looks for one first.
 */
function commandsOf({ namespace, name, node }: FelixPod, selector: string): string[] {
  const find = `kubectl get pods -n ${namespace} -l '${selector}' --field-selector spec.nodeName=${node} -o name`
  return [
    '',
    `echo "${node}"`,
    `kubectl delete pod -n ${namespace} ${name}`,
    `for i in $(seq 60); do pod=$(${find}); [ -n "$pod" ] && break; sleep 1; done`,
    `kubectl wait -n ${namespace} --for=condition=Ready "$pod" --timeout=300s`
  ]
}
