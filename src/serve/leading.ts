import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { keepDisruptionBudget } from '../leader/disruption-budget.ts'
import { type Duty, Leadership } from '../leader/leadership.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { ClusterAccess } from './cluster-access.ts'

/** Service, Lease, webhook configurations and PodDisruptionBudget of manifests/base. */
export const installed = 'pidguard'

export interface LeadingOptions {
  readonly cluster: Pick<ClusterAccess, 'api' | 'namespace'>
  readonly duties: readonly Duty[]
  /** See `LeadershipOptions`. */
  isWanted(): boolean
  readonly clock: Clock
  readonly log: Log
}

/** The election of one leader among the replicas of an installation, by a Lease in its namespace. */
export function buildLeadership({ cluster, ...rest }: LeadingOptions): Leadership {
  const { api, namespace } = cluster
  const identity = `${hostname()}_${randomUUID()}`
  return new Leadership({ ...rest, api, namespace, name: installed, identity, random: Math.random })
}

/** The duty to make the PodDisruptionBudget of an installation. */
export function disruptionBudgetDuty({ api, namespace }: LeadingOptions['cluster'], log: Log): Duty {
  return {
    name: 'PodDisruptionBudget',
    begin: (signal) => void keepDisruptionBudget({ api, namespace, name: installed, log }, signal)
  }
}
