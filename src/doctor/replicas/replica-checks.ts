import type { Check, Level } from '../check.ts'
import { type ProbeFacts, wasSeen } from '../probe-checks.ts'
import type { Deployment } from '../read-installation.ts'
import { apply } from '../webhook-checks.ts'

export interface ReplicaFacts extends ProbeFacts {
  /** Of this program. */
  readonly version: string
}

/** The two Deployments of an installation. */
interface Process {
  readonly about: 'replicas' | 'controllers'
  readonly name: string
  /** How many manifests/base has. */
  readonly usual: number
  /** What it means when only one of them runs. */
  readonly alone: string
}

const webhook: Process = {
  about: 'replicas',
  name: 'pidguard',
  usual: 3,
  alone: 'one replica: each restart of it is a gap'
}
const controller: Process = {
  about: 'controllers',
  name: 'pidguard-controller',
  usual: 2,
  alone: 'one controller: when its node is lost, none leads for minutes'
}

/** Whether a replica answers, and a controller runs. What this user may not read is not checked; `hidden` says so elsewhere. */
export function replicaChecks(facts: ReplicaFacts): Check[] {
  const { deployment, controllers } = facts
  return [
    ...processChecks(webhook, deployment, facts),
    ...serviceChecks(logsOf(webhook, facts), facts),
    ...processChecks(controller, controllers, facts)
  ]
}

/** The command that shows why it is not ready. */
function logsOf({ name }: Process, { namespace }: ReplicaFacts): string {
  return `kubectl logs -n ${namespace} deployment/${name} --all-containers --tail=50`
}

function processChecks(process: Process, deployment: Deployment | undefined, facts: ReplicaFacts): Check[] {
  if (deployment !== undefined) {
    return [...deploymentChecks(process, deployment, facts), ...imageChecks(deployment, facts)]
  }
  if (facts.hidden.includes('deployments')) return []
  const found = `no Deployment ${process.name} in ${facts.namespace}`
  return [{ about: process.about, level: 'error', found, remedy: apply }]
}

function deploymentChecks(process: Process, { spec, status }: Deployment, facts: ReplicaFacts): Check[] {
  const { about, name, usual, alone } = process
  const logs = logsOf(process, facts)
  const wanted = spec.replicas ?? 1
  const ready = status?.readyReplicas ?? 0
  const level: Level = ready === 0 ? 'error' : ready < wanted ? 'warn' : 'ok'
  const checks: Check[] = [
    { about, level, found: `${ready} of ${wanted} ready`, ...(level === 'ok' ? {} : { remedy: logs }) }
  ]
  if (wanted < 2) {
    checks.push({ about, level: 'warn', found: alone, remedy: `Set replicas of the Deployment ${name} to ${usual}.` })
  }
  const updated = status?.updatedReplicas ?? 0
  if (ready > 0 && updated < wanted) {
    const found = `${updated} of ${wanted} are of the version applied last: a rollout is under way, or does not come on`
    const remedy = `kubectl rollout status -n ${facts.namespace} deployment/${name}`
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
