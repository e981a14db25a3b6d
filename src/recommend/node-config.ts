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

export function nodeConfigOf(platform: Platform, settings: PoolSettings): NodeConfig {
  const { podPidsLimit, threadsMax, pidMax } = settings
  const raisesKernel = pidMax !== undefined || threadsMax !== undefined
  switch (platform) {
    case 'gke':
      return {
        document: { kubeletConfig: { podPidsLimit } },
        how: 'gcloud container node-pools update POOL --system-config-from-file=FILE (podPidsLimit from 1024 on)',
        besides: `GKE takes no systemReserved and no pid.available${raisesKernel ? `; ${sysctls}, by a privileged DaemonSet where GKE does not take them` : ''}`
      }
    case 'aks':
      return {
        document: { podMaxPids: podPidsLimit },
        how: 'az aks nodepool add --kubelet-config FILE: YAML here, JSON there (pidguard recommend -o json has it as well)',
        besides: `AKS takes no systemReserved and no pid.available${
          threadsMax === undefined
            ? ''
            : `; --linux-os-config {"sysctls": {"kernelThreadsMax": ${threadsMax}}}, at most 513785`
        }`
      }
    case 'eks':
      return {
        document: {
          apiVersion: 'node.eks.aws/v1alpha1',
          kind: 'NodeConfig',
          spec: { kubelet: { config: kubeletFieldsOf(settings) } }
        },
        how: 'a part of the user data of the launch template (nodeadm, AL2023) or of userData in the EC2NodeClass',
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
