import type { PoolSettings } from './pool-settings.ts'
import type { Platform } from './pools.ts'

/** The document that the tool of a platform takes as it is, and how it is given to it. */
export interface NodeConfig {
  readonly document: object
  /** One line for a comment. */
  readonly how: string
  /** What the document cannot say, and where that is set; undefined: nothing. */
  readonly besides: string | undefined
}

/**
 * The defaults of evictionHard (kubernetes pkg/apis/config, DefaultEvictionHard): a list of one's own replaces all of them,
 * so they are written beside pid.available.
 */
const evictionDefaults = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%'
} as const

const sysctls = 'the sysctls: pidguard recommend -o sysctl writes the file for /etc/sysctl.d'

/** The share of free PIDs from which GKE's kubelets evict is at most this. */
const mostSoftEviction = 50

/** `pool` is named in the commands. */
export function nodeConfigOf(platform: Platform, settings: PoolSettings, pool = 'POOL'): NodeConfig {
  const { podPidsLimit, threadsMax, pidMax, eviction } = settings
  const raisesKernel = pidMax !== undefined || threadsMax !== undefined
  switch (platform) {
    case 'gke':
      return {
        document: {
          kubeletConfig: {
            podPidsLimit,
            evictionSoft: { pidAvailable: `${Math.min(eviction, mostSoftEviction)}%` },
            evictionSoftGracePeriod: { pidAvailable: '30s' }
          }
        },
        how: `gcloud container node-pools update ${pool} --system-config-from-file=FILE; GKE makes its nodes again, one by one`,
        besides: `GKE takes no systemReserved, and eviction for PIDs only as a soft threshold, which sets PIDPressure all the same; versions that refuse evictionSoft take the document without its two entries${raisesKernel ? `; ${sysctls}, by a privileged DaemonSet where GKE does not take them` : ''}`
      }
    case 'aks':
      return {
        document: { podMaxPids: podPidsLimit },
        how: `AKS takes JSON: pidguard recommend -o json … | jq '.pools[] | select(.pool == "${pool}").config' > FILE, then az aks nodepool add --kubelet-config FILE; a pool that is there keeps what it was made with`,
        besides: `AKS takes no systemReserved and no pid.available${threadsMax === undefined ? '' : osConfig(threadsMax)}`
      }
    case 'eks':
      return {
        document: {
          apiVersion: 'node.eks.aws/v1alpha1',
          kind: 'NodeConfig',
          spec: { kubelet: { config: kubeletFieldsOf(settings) } }
        },
        how: 'as it is in overrideBootstrapCommand of eksctl or userData of an EC2NodeClass (AL2023); in a launch template as a MIME part of type application/node.eks.aws',
        besides: raisesKernel ? sysctls : undefined
      }
    case 'kubeadm':
      return {
        document: {
          apiVersion: 'kubelet.config.k8s.io/v1beta1',
          kind: 'KubeletConfiguration',
          ...kubeletFieldsOf(settings)
        },
        how: 'a file that ends in .conf in the --config-dir of the kubelet (since v1.30), or kubectl edit cm kubelet-config and kubeadm upgrade node phase kubelet-config; then restart the kubelet',
        besides: raisesKernel ? `${sysctls}; before the restart` : undefined
      }
  }
}

/** The largest that AKS takes (learn.microsoft.com, custom node configuration reference). */
const mostOnAks = 513_785

function osConfig(threadsMax: number): string {
  const taken = Math.min(threadsMax, mostOnAks)
  const less =
    taken < threadsMax ? `, the most it takes, where ${threadsMax} are needed: a DaemonSet has to set the rest` : ''
  return `; for threads-max --linux-os-config with {"sysctls": {"kernelThreadsMax": ${taken}}}${less}`
}

function kubeletFieldsOf({ podPidsLimit, reserved, eviction }: PoolSettings): object {
  return {
    podPidsLimit,
    systemReserved: { pid: String(reserved) },
    evictionHard: { ...evictionDefaults, 'pid.available': `${eviction}%` }
  }
}

/** A file for /etc/sysctl.d; undefined: the kernel's settings are enough. */
export function sysctlFileOf({ pidMax, threadsMax }: PoolSettings): string | undefined {
  const lines = [
    ...(pidMax === undefined ? [] : [`kernel.pid_max = ${pidMax}`]),
    ...(threadsMax === undefined ? [] : [`kernel.threads-max = ${threadsMax}`])
  ]
  return lines.length === 0 ? undefined : `${lines.join('\n')}\n`
}
