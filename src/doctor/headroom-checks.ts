import { type KnownState, knownStates } from '../headroom/assess/fleet-census.ts'
import type { Check } from './check.ts'
import { samplesOf } from './replicas/metrics-text.ts'
import type { ReplicaMetrics } from './replicas/replica-metrics.ts'
import { namesOfUnknown } from './unknown-nodes.ts'

/** Seconds. A watch is heard at least every 90; what is silent for longer than 180 is not relied on (cluster-facts). */
const longSilence = 180

/** Whether a replica has never read some node, which only a list of all Nodes can name. */
export function hasUnreadNodes(replicas: readonly ReplicaMetrics[] | undefined): boolean {
  return (replicas ?? []).some((replica) => 'text' in replica && (nodesOf(replica.text)?.unread ?? 0) > 0)
}

/**
 * What each replica knows of the nodes, by its own metrics: caches, freshness of readings, nodes it could not read.
 * What cannot be seen is a warning, never fine. `nodes` are the names of all Nodes, where they were looked at.
 */
export function headroomChecks(
  replicas: readonly ReplicaMetrics[] | undefined,
  namespace: string,
  nodes?: readonly string[]
): Check[] {
  if (replicas === undefined) return []
  if (replicas.length === 0) {
    const found = 'no replica runs that could be asked: what they know of nodes was not looked at'
    return [{ about: 'node data', level: 'warn', found, remedy: `kubectl get pods -n ${namespace}` }]
  }
  return replicas.flatMap((replica) => replicaChecks(replica, namespace, nodes))
}

function replicaChecks(replica: ReplicaMetrics, namespace: string, all: readonly string[] | undefined): Check[] {
  const about = `node data of ${replica.pod}`
  if ('failure' in replica) {
    const found = `cannot be asked through the API server (${replica.failure}): what it knows of nodes was not looked at`
    const remedy = `kubectl port-forward -n ${namespace} pod/${replica.pod} 8080:probes shows the same at http://localhost:8080/metrics`
    return [{ about, level: 'warn', found, remedy }]
  }
  const { text } = replica
  const logs = `kubectl logs -n ${namespace} ${replica.pod} says why`
  if (samplesOf(text, 'pidguard_policy_generation').length === 0) {
    const found = 'what answers has no metrics of pidguard: what it knows of nodes was not looked at'
    return [{ about, level: 'warn', found, remedy: `kubectl describe pod -n ${namespace} ${replica.pod}` }]
  }
  const caches = samplesOf(text, 'pidguard_cache_synced')
  if (caches.length === 0) {
    const found = 'it reads nothing of the cluster, so PID headroom is not checked'
    return [{ about, level: 'info', found, remedy: 'Add --readings=kubelet to the arguments of the Deployment.' }]
  }
  const faults = [...cacheFaults(text, about, logs), ...nodeFaults(text, about, logs, all)]
  return [
    ...(faults.length > 0 ? faults : [soundness(text, about)]),
    ...runtimeChecks(text, about),
    ...floorChecks(text, about)
  ]
}

function cacheFaults(text: string, about: string, remedy: string): Check[] {
  const faults: Check[] = []
  const unsynced = samplesOf(text, 'pidguard_cache_synced').flatMap(({ labels, value }) =>
    value === 1 ? [] : [labels['resource'] ?? '']
  )
  if (unsynced.length > 0) {
    const found = `${unsynced.join(', ')} not read from the API server in full: pods that rest on them are warned about, not checked`
    faults.push({ about, level: 'warn', found, remedy })
  }
  const silent = samplesOf(text, 'pidguard_cache_silence_seconds').filter(({ value }) => value > longSilence)
  if (silent.length > 0) {
    const names = silent.map(({ labels, value }) => `${labels['resource']} for ${Math.round(value)} s`)
    faults.push({ about, level: 'warn', found: `the API server was not heard: ${names.join(', ')}`, remedy })
  }
  return faults
}

function nodeFaults(text: string, about: string, logs: string, names: readonly string[] | undefined): Check[] {
  const nodes = nodesOf(text)
  if (nodes === undefined) {
    return [{ about, level: 'warn', found: 'it does not say how well it knows the nodes', remedy: logs }]
  }
  const unknown = nodes.stale + nodes.unread
  if (unknown === 0) return []
  const all = unknown + nodes.fresh + nodes.partial
  const named = namesOfUnknown(text, { ...nodes, read: all - nodes.unread }, names)
  const which = named === '' ? '' : `: ${named}`
  const failures = samplesOf(text, 'pidguard_node_readings_total').flatMap(({ labels, value }) => {
    const result = labels['result'] ?? ''
    return value === 0 || result === 'whole' || result === 'partial' ? [] : [`${result} ${value}`]
  })
  const why = failures.length === 0 ? '' : `; failed so far: ${failures.join(', ')}`
  return [
    {
      about,
      // Where no node is known, no pod is ever denied for its PIDs.
      level: unknown === all ? 'error' : 'warn',
      found: `${unknown} of ${all} nodes not known (${nodes.unread} unread, ${nodes.stale} stale${ageOf(text)})${which}${why}`,
      remedy: `${logs}, at "nodes cannot be read"; pidguard top nodes asks their kubelets itself.`
    }
  ]
}

function soundness(text: string, about: string): Check {
  const nodes = nodesOf(text)
  const states = knownStates.flatMap((state) => (nodes?.[state] ? [`${nodes[state]} ${state}`] : []))
  if (states.length === 0) return { about, level: 'info', found: 'caches synced; the cluster has no nodes' }
  const found = `caches synced; nodes: ${states.join(', ')}${ageOf(text)}`
  if (nodes?.partial === 0) return { about, level: 'ok', found }
  return { about, level: 'info', found, remedy: 'Partial: one ceiling is not known; pidguard top says of which node.' }
}

/** Kubelets that let the container runtime count. */
function runtimeChecks(text: string, about: string): Check[] {
  const nodes = samplesOf(text, 'pidguard_troubled_nodes').find(({ labels }) => labels['reason'] === 'cri-stats')?.value
  if (nodes === undefined || nodes === 0) return []
  const found = `${nodes} nodes let the container runtime count (PodAndContainerStatsFromCRI): the limit of kubepods is not known there`
  const remedy =
    'Turn the feature gate off in these kubelets; until then pods are warned about and not denied for kubepods.'
  return [{ about, level: 'warn', found, remedy }]
}

function floorChecks(text: string, about: string): Check[] {
  const below = samplesOf(text, 'pidguard_nodes_below_floor')[0]?.value ?? 0
  if (below === 0) return []
  const found = `${below} nodes short of PIDs: their floor is used or promised`
  return [{ about, level: 'info', found, remedy: 'pidguard top shows which, and who holds them.' }]
}

/** undefined: a state is missing, and then no sum can be trusted. */
function nodesOf(text: string): Record<KnownState, number> | undefined {
  const counts = new Map(samplesOf(text, 'pidguard_nodes').map(({ labels, value }) => [labels['known'], value]))
  const [fresh, partial, stale, unread] = knownStates.map((state) => counts.get(state))
  if (fresh === undefined || partial === undefined || stale === undefined || unread === undefined) return undefined
  return { fresh, partial, stale, unread }
}

function ageOf(text: string): string {
  const age = samplesOf(text, 'pidguard_oldest_reading_age_seconds')[0]?.value
  return age === undefined ? '' : `, the oldest reading ${Math.round(age)} s ago`
}
