/** Set by people on a Pod or a pod template: the tasks (threads) one such pod needs at its peak. */
export const declaredPids = 'pidguard.io/pids'
/** Set by people on a Pod: the value `inject` lets `runtime-thread-cap` add the runtime's own thread cap. */
export const threadCap = 'pidguard.io/thread-cap'

/** Set by pidguard on a Pod at creation: the tasks it is counted with, and where that figure comes from. */
export const pidsEstimate = 'pidguard.io/pids-estimate'
export const pidsEstimateSource = 'pidguard.io/pids-estimate-source'
/**
 * Set by pidguard on a Pod where the policy names a limit. It is information for other programs: pidguard does not enforce
 * it.
 */
export const pidsLimit = 'pidguard.io/pids-limit'

/**
 * Set on a DaemonSet of Calico by the component fallback, which changes it where the webhook may not answer: what was there before. The
 * webhook takes them away and says what was changed.
 */
export const updateStrategyWas = 'pidguard.io/update-strategy-was'
export const iptablesBackendWas = 'pidguard.io/iptables-backend-was'

/** Set by the kubelet on the API copy of a static pod, which runs whether or not that copy is admitted. */
export const mirrorPod = 'kubernetes.io/config.mirror'
/** Set by the kubelet together with `mirrorPod`: the uid by which the node, and its cgroups, know the static pod. */
export const staticHash = 'kubernetes.io/config.hash'

/** Set by a Namespace's owner, where the policy allows it and within its bounds. */
export const defaultPids = 'pidguard.io/default-pids'
export const defaultCpuRequest = 'pidguard.io/default-cpu-request'
export const defaultMemoryRequest = 'pidguard.io/default-memory-request'
export const headroomFloor = 'pidguard.io/headroom-floor'

/**
 * Label that an administrator sets on a Namespace: with the value `ignore` the API server does not call pidguard for its
 * pods.
 */
export const admission = 'pidguard.io/admission'
