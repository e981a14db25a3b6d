import { someFelixOf } from '../../kubernetes/calico/felix.ts'
import { isPodSubject, type PodSubject, type Subject } from '../../kubernetes/subject.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'

/** Where the kubelet finds network plugins and their configuration (https://www.cni.dev/docs/cnitool/, and its own defaults). */
const pluginFolder = /^\/(etc|opt)\/cni(\/|$)/

/**
 * Whether pods of this template make the network of their node: Calico, and every DaemonSet that installs a network plugin, known
 * by the folder of the node that it mounts and not by its name.
 */
export function makesNetwork(subject: Subject): subject is PodSubject {
  if (!isPodSubject(subject)) return false
  if (someFelixOf(subject) !== undefined) return true
  return hostPathsOf(subject.podSpec as JsonRecord).some((path) => pluginFolder.test(path))
}

function hostPathsOf(podSpec: JsonRecord): string[] {
  const volumes = podSpec['volumes']
  if (!Array.isArray(volumes)) return []
  return volumes.flatMap((volume: unknown) => {
    const hostPath = isRecord(volume) ? volume['hostPath'] : undefined
    return isRecord(hostPath) && typeof hostPath['path'] === 'string' ? [hostPath['path']] : []
  })
}
