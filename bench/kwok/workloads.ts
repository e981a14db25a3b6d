// What the cluster is asked to run, drawn by the seed: the same for each way of guarding.
import { restricted } from '../../test/e2e/support/objects.ts'
import type { Random } from '../placement/random.ts'
import { namespace } from './truth.ts'

export interface Workload {
  readonly kind: 'Deployment' | 'StatefulSet'
  readonly name: string
  readonly replicas: number
  /** Tasks that each of its pods declares. */
  readonly estimate: number
}

const podsPerWorkload = 30

/** So many pods, which together declare `tasks`. One workload in five is a StatefulSet. */
export function drawWorkloads(random: Random, pods: number, tasks: number): Workload[] {
  const drawn = Array.from({ length: Math.max(10, Math.round(pods / podsPerWorkload)) }, (_, index) => ({
    index,
    weight: random.logarithmic(3, 100),
    size: random.logarithmic(20, 600),
    isSet: random.chance(0.2)
  }))
  const weights = drawn.reduce((sum, { weight }) => sum + weight, 0)
  const sized = drawn.map((each) => ({ ...each, replicas: Math.max(1, Math.round((each.weight * pods) / weights)) }))
  const sizes = sized.reduce((sum, { replicas, size }) => sum + replicas * size, 0)
  return sized.map(({ index, isSet, replicas, size }) => ({
    kind: isSet ? 'StatefulSet' : 'Deployment',
    name: `${isSet ? 'set' : 'web'}-${index}`,
    replicas,
    estimate: Math.max(1, Math.round((size * tasks) / sizes))
  }))
}

export function podsOf(workloads: readonly Workload[]): number {
  return workloads.reduce((sum, { replicas }) => sum + replicas, 0)
}

function templateOf(name: string, kind: string, estimate: number, more: object = {}): object {
  // Little of everything but PIDs, so that these decide.
  const resources = { requests: { cpu: '50m', memory: '64Mi' } }
  return {
    metadata: { labels: { app: name, kind }, annotations: { 'pidguard.io/pids': String(estimate) } },
    spec: restricted([{ name: 'app', image: 'example.com/app:1', resources }], {
      automountServiceAccountToken: false,
      ...more
    })
  }
}

export function pathOf({ kind, name }: Workload): string {
  return `${collectionOf(kind)}/${name}`
}

export function collectionOf(kind: Workload['kind']): string {
  return `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`
}

export function objectOf({ kind, name, replicas, estimate }: Workload): object {
  return {
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: templateOf(name, 'service', estimate),
      ...(kind === 'StatefulSet' ? { serviceName: name, podManagementPolicy: 'Parallel' } : {})
    }
  }
}

export function jobOf(name: string, pods: number, estimate: number): object {
  return {
    metadata: { name, namespace },
    spec: {
      parallelism: pods,
      completions: pods,
      backoffLimit: 1_000,
      template: templateOf(name, 'job', estimate, { restartPolicy: 'Never' })
    }
  }
}
