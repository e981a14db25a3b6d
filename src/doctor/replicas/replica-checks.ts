import type { Check, Level } from '../check.ts'
import { type ProbeFacts, wasSeen } from '../probe-checks.ts'
import type { Deployment } from '../read-installation.ts'
import { apply } from '../webhook-checks.ts'

export interface ReplicaFacts extends ProbeFacts {
  /** Of this program. */
  readonly version: string
}

/** Whether a replica answers. What this user may not read is not checked; `hidden` says so elsewhere. */
export function replicaChecks(facts: ReplicaFacts): Check[] {
  const { deployment, hidden, namespace } = facts
  const logs = `kubectl logs -n ${namespace} deployment/pidguard --all-containers --tail=50`
  if (deployment !== undefined) {
    return [
      ...deploymentChecks(deployment, logs, facts),
      ...serviceChecks(logs, facts),
      ...imageChecks(deployment, facts)
    ]
  }
  if (hidden.includes('deployments')) return serviceChecks(logs, facts)
  const found = `no Deployment pidguard in ${namespace}`
  return [{ about: 'replicas', level: 'error', found, remedy: apply }, ...serviceChecks(logs, facts)]
}

function deploymentChecks({ spec, status }: Deployment, logs: string, { namespace }: ReplicaFacts): Check[] {
  const wanted = spec.replicas ?? 1
  const ready = status?.readyReplicas ?? 0
  const level: Level = ready === 0 ? 'error' : ready < wanted ? 'warn' : 'ok'
  const checks: Check[] = [
    { about: 'replicas', level, found: `${ready} of ${wanted} ready`, ...(level === 'ok' ? {} : { remedy: logs }) }
  ]
  if (wanted < 2) {
    const found = 'one replica: each restart of it is a gap'
    checks.push({ about: 'replicas', level: 'warn', found, remedy: 'Set replicas to 3.' })
  }
  const updated = status?.updatedReplicas ?? 0
  if (ready > 0 && updated < wanted) {
    const found = `${updated} of ${wanted} are of the version applied last: a rollout is under way, or does not come on`
    const remedy = `kubectl rollout status -n ${namespace} deployment/pidguard`
    checks.push({ about: 'version', level: 'warn', found, remedy })
  }
  return checks
}

function serviceChecks(logs: string, { service, addresses, hidden, namespace, probe }: ReplicaFacts): Check[] {
  // A call that arrived found its way, perhaps by an address that is not looked at here.
  const reached = wasSeen('validate', probe) || wasSeen('mutate', probe)
  const level: Level = reached ? 'warn' : 'error'
  if (service === undefined && !hidden.includes('services')) {
    const effect = reached ? 'a real call reaches pidguard without it' : 'the API server has nothing to call'
    return [{ about: 'Service', level, found: `no Service pidguard in ${namespace}: ${effect}`, remedy: apply }]
  }
  // An ExternalName has no addresses of its own.
  if (addresses !== 0 || service?.spec.type === 'ExternalName') return []
  const effect = reached ? ', yet a real call reaches pidguard' : ': no replica is ready'
  return [{ about: 'endpoints', level, found: `Service pidguard leads nowhere${effect}`, remedy: logs }]
}

function imageChecks({ spec }: Deployment, { version }: ReplicaFacts): Check[] {
  const tag = /:([\w.-]+)$/.exec(spec.template.spec.containers[0]?.image ?? '')?.[1]
  if (tag === undefined || !/^\d+\.\d+\.\d+/.test(tag) || tag === version) return []
  const found = `the cluster runs ${tag}, this is ${version}`
  return [{ about: 'version', level: 'warn', found, remedy: 'Use the program of the version that is installed.' }]
}
