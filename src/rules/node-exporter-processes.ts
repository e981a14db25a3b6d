// Reads: command line of containers that run node_exporter.  Fine: --collector.processes, not switched off again.
import { definePodRule } from '../engine/rule.ts'
import { type ContainerView, containersOf } from '../kubernetes/containers.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import type { Container } from '../kubernetes/types.ts'
import { controllerOf, daemonSet, pod } from '../kubernetes/workloads.ts'

export const nodeExporterProcesses = definePodRule({
  id: 'node-exporter-processes',
  title: 'node_exporter processes collector',
  why: 'The collector that counts threads is off by default, and without it node_processes_threads does not exist: no alert can fire when a node runs out of PIDs. In a real outage that is how it went unseen.',
  remedy:
    'Add --collector.processes to the arguments of node_exporter. Alert on node_processes_threads against the smaller of node_processes_max_processes and node_processes_max_threads.',
  limits: 'node_exporter sees the whole node only; the limit of the kubepods cgroup is not among its metrics.',
  defaultMode: 'warn',
  scope: 'cluster',
  kinds: [daemonSet, pod],
  requiredFacts: [],
  includesControlled: true,
  reads: (subject) => exportersOf(subject).map(({ container }) => [container.image, container.command, container.args]),
  check(subject) {
    // The Pods of a DaemonSet would repeat the finding of the DaemonSet.
    const owner = controllerOf(subject.metadata)
    if (subject.groupKind === pod && owner?.kind === 'DaemonSet') return []
    return exportersOf(subject)
      .filter(({ container }) => !collectsProcesses(container))
      .map(({ container, at }) => ({
        pointer: `${at}/args`,
        reason: 'processes collector is off',
        detail: `container ${container.name} runs node_exporter without --collector.processes`,
        // An operator would retry its DaemonSet for ever: warn, do not deny.
        advisory: owner !== undefined
      }))
  }
})

/** Also as mirrors call it: mirrored-prometheus-node-exporter, ose-prometheus-node-exporter. */
export const exporterImage = /(^|\/|prometheus-)node[-_]exporter([:@]|$)/

function exportersOf({ podSpec, podSpecAt }: PodSubject): readonly ContainerView[] {
  const { containers, initContainers, ephemeralContainers } = podSpec
  const isAny =
    containers?.some(isExporter) || initContainers?.some(isExporter) || ephemeralContainers?.some(isExporter)
  return isAny ? containersOf(podSpec, podSpecAt).filter(({ container }) => isExporter(container)) : none
}

const none: readonly ContainerView[] = []

function isExporter({ image }: Container): boolean {
  return exporterImage.test(image ?? '')
}

/** As kingpin reads flags: the last of the two spellings wins. A shell command is searched as text. */
function collectsProcesses({ command, args }: Container): boolean {
  const line = [...(command ?? []), ...(args ?? [])].join(' ')
  const on = line.lastIndexOf('--collector.processes')
  return on >= 0 && on > line.lastIndexOf('--no-collector.processes')
}
