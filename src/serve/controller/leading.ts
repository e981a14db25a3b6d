import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { keepDisruptionBudget } from '../../leader/disruption-budget.ts'
import { type Duty, Leadership } from '../../leader/leadership.ts'
import type { Clock, Log } from '../../ports/runtime.ts'
import { type ClusterAccess, installed } from '../cluster-access.ts'

export interface LeadingOptions {
  readonly cluster: Pick<ClusterAccess, 'api' | 'namespace'>
  readonly duties: readonly Duty[]
  readonly clock: Clock
  readonly log: Log
}

/** The election of one leader among the controllers of an installation, by a Lease in its namespace. */
export function buildLeadership({ cluster, ...rest }: LeadingOptions): Leadership {
  const { api, namespace } = cluster
  const identity = `${hostname()}_${randomUUID()}`
  // The name of the Lease that a version with one process held: during an upgrade old and new never both lead.
  return new Leadership({ ...rest, api, namespace, name: installed, identity, random: Math.random })
}

/** The Deployments of an installation. */
const deployments = [installed, `${installed}-controller`]

/** The duty to make the PodDisruptionBudgets of an installation. */
export function disruptionBudgetDuty({ api, namespace }: LeadingOptions['cluster'], log: Log): Duty {
  return {
    name: 'PodDisruptionBudgets',
    begin(signal) {
      for (const name of deployments) void keepDisruptionBudget({ api, namespace, name, log }, signal)
    }
  }
}
