import { compareTexts } from '../lib/compare-text.ts'
import type { CalicoCluster, FelixPod } from './node-rows.ts'

/**
 * The commands that bring every node to the newest revision, one node after the other: each waits until the new pod is ready
 * before the next is deleted, and a shell with `set -e` stops at the first that is not. undefined: pods or revisions are not known.
 */
export function rolloutCommands({ pods, newest, daemonSets }: CalicoCluster): readonly string[] | undefined {
  if (pods === undefined || newest === undefined) return undefined
  const old = pods
    .filter(({ namespace, daemonSet, revision }) => revision !== newest.get(`${namespace}/${daemonSet}`))
    .toSorted((a, b) => compareTexts(a.node, b.node))
  if (old.length === 0) return []
  const labels = new Map(
    daemonSets.map((object) => {
      const { metadata, spec } = object as unknown as {
        metadata: { namespace: string; name: string }
        spec: { selector: { matchLabels: Record<string, string> } }
      }
      const selector = Object.entries(spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`)
      return [`${metadata.namespace}/${metadata.name}`, selector.join(',')] as const
    })
  )
  return ['set -e', ...old.flatMap((pod) => stepOf(pod, labels.get(`${pod.namespace}/${pod.daemonSet}`) ?? ''))]
}

/** `kubectl wait` does not wait for a pod that is not there yet, so the loop looks for one first. */
function stepOf({ namespace, name, node }: FelixPod, selector: string): string[] {
  const find = `kubectl get pods -n ${namespace} -l ${selector} --field-selector spec.nodeName=${node} -o name`
  return [
    '',
    `echo "${node}"`,
    `kubectl delete pod -n ${namespace} ${name}`,
    `for i in $(seq 60); do pod=$(${find}); [ -n "$pod" ] && break; sleep 1; done`,
    `kubectl wait -n ${namespace} --for=condition=Ready "$pod" --timeout=300s`
  ]
}
