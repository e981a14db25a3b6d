import { nodeLabels } from './node-of-series.ts'

/**
 * Matchers of PromQL that only the scrape of kubelets, or of node_exporter, fulfils: `job="kubelet"`. Empty: every series of that
 * name counts. Whoever may add a target to Prometheus may expose series under any name, with any labels but those of the target.
 */
export interface Matchers {
  readonly kubelet: string
  readonly nodeExporter: string
}

/** What is asked of Prometheus for the two ceilings of each node. */
export type CeilingQuery =
  | 'hostLimit'
  | 'hostInUse'
  | 'hostAt'
  | 'hostTwice'
  | 'kubepodsLimit'
  | 'kubepodsInUse'
  | 'kubepodsAt'
  | 'kubepodsTwice'

const by = nodeLabels.join(', ')

export function ceilingQueries({ kubelet, nodeExporter }: Matchers): Readonly<Record<CeilingQuery, string>> {
  /**
   * The kubepods cgroups of both cgroup drivers, with any prefix. Two selectors that end in a fixed text are cheap;
   * Prometheus would try one pattern for both on every cgroup of the fleet, which takes many times as long. No pod and no container:
   * cAdvisor has none there, and the targets that a PodMonitor makes have both.
   */
  function roots(metric: string, wrap = (selector: string): string => selector): string {
    const [cgroupfs, systemd] = ['.*kubepods', '.*kubepods[.]slice'].map((id) =>
      wrap(`${metric}{id=~"${id}",pod="",container=""${more(kubelet)}}`)
    )
    return `(${cgroupfs} or ${systemd})`
  }
  const threads = `node_processes_threads{${nodeExporter}}`
  return {
    // pid_max and threads-max: the smaller one counts. `or` between them would drop one, for their labels are the same.
    hostLimit: `min by (${by}) ({__name__=~"node_processes_max_processes|node_processes_max_threads"${more(nodeExporter)}})`,
    hostInUse: `max by (${by}) (${threads})`,
    hostAt: `min by (${by}) (timestamp(${threads}))`,
    hostTwice: `count by (${by}) (${threads}) > 1`,
    kubepodsLimit: `max by (${by}, id) ${roots('container_threads_max')}`,
    kubepodsInUse: `max by (${by}, id) ${roots('container_threads')}`,
    kubepodsAt: `max by (${by}, id) ${roots('container_threads', (selector) => `timestamp(${selector})`)}`,
    kubepodsTwice: `count by (${by}, id) ${roots('container_threads')} > 1`
  }
}

/**
 * Asks which labels cAdvisor's series have. Needed only where the series of kubepods do not name their nodes, because it
 * goes over every pod.
 */
export function cadvisorLabelQuery({ kubelet }: Matchers): string {
  return `group by (${by}) (container_threads{container=""${more(kubelet)}})`
}

/** Seconds. cAdvisor's samples carry their own time, so Prometheus shows a pod that is gone for five minutes more. */
export const freshPod = 120

/**
 * The pods of the nodes of which a label has one of these values. `container=""` leaves out most of what is inside of
 * pods; the rest goes by its `id`. Prometheus finds a list of fixed texts in its index, where a pattern for `id` would
 * be tried on every cgroup of the fleet.
 */
export function podQuery(label: string, values: readonly string[], { kubelet }: Matchers): string {
  const list = JSON.stringify(values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'))
  const selector = `container_threads{container="",${label}=~${list}${more(kubelet)}}`
  return `max by (${by}, id) (last_over_time(${selector}[${freshPod}s]))`
}

/** Matchers behind others. */
export function more(matchers: string): string {
  return matchers === '' ? '' : `,${matchers}`
}
