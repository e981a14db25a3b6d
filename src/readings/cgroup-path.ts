/** What a cgroup is: the kubepods it belongs to, and the pod, if it is one. */
export interface CgroupPlace {
  /** Path of the kubepods cgroup. */
  readonly root: string
  /** Number of path segments of `root`. */
  readonly depth: number
  /** undefined for the kubepods cgroup itself. */
  readonly pod: string | undefined
}

/** kubepods of both cgroup drivers; with a cgroupRoot, systemd repeats the parents' names: kubelet-kubepods.slice. */
const kubepods = /^(?:(?:[^/]+-)?kubepods\.slice|kubepods)$/
/** A quality-of-service level: a cgroup between kubepods and pods that are not Guaranteed. */
const qosLevel = /^(?:(?:[^/]+-)?kubepods-(?:besteffort|burstable)\.slice|besteffort|burstable)$/
/** cgroupfs writes the uid as it is, systemd with `_` for `-`, because `-` separates the names of nested slices. */
const podOfCgroupfs = /^pod([0-9A-Za-z-]+)$/
const podOfSystemd = /^(?:[^/]+-)?kubepods(?:-besteffort|-burstable)?-pod([0-9A-Za-z_]+)\.slice$/

/**
 * Reads the `id` label of cAdvisor. undefined for everything that is neither kubepods nor a pod in it: quality-of-service
 * levels, containers, and pods of a cluster that itself runs inside a pod.
 */
export function placeOfCgroup(id: string): CgroupPlace | undefined {
  if (!id.includes('kubepods')) return undefined
  const segments = id.split('/')
  const at = segments.findIndex((segment) => kubepods.test(segment))
  if (at < 1) return undefined
  const root = segments.slice(0, at + 1).join('/')
  const below = segments.slice(at + 1)
  if (below.length === 0) return { root, depth: at, pod: undefined }
  const last =
    below.length === 2 && qosLevel.test(below[0] ?? '') ? below[1] : below.length === 1 ? below[0] : undefined
  const pod = last === undefined ? undefined : podUidOf(last)
  return pod === undefined ? undefined : { root, depth: at, pod }
}

/** `/system.slice/containerd.service/kubepods-burstable-pod….slice:cri-containerd:…` */
const misplaced = /\/(?:[^/]+-)?kubepods(?:-besteffort|-burstable)?-pod([0-9A-Za-z_]+)\.slice:[^/]+$/

/**
 * The pod of a container that a runtime on cgroupfs runs under the name that a kubelet on systemd gave it, outside of the
 * pod's own cgroup; undefined for every other cgroup.
 */
export function podOfMisplaced(id: string): string | undefined {
  return id.includes('.slice:') ? misplaced.exec(id)?.[1]?.replaceAll('_', '-') : undefined
}

/** `…/kubepods-burstable-pod….slice/crio-81e5.scope`, and what is below it. */
const insidePod =
  /(?:\/kubepods(?:\/(?:burstable|besteffort))?\/pod([0-9A-Za-z-]+)|(?:[^/]+-)?kubepods(?:-besteffort|-burstable)?-pod([0-9A-Za-z_]+)\.slice)\/[^/]/

/** The pod of a container's cgroup; undefined for every other cgroup. */
export function podOfContainer(id: string): string | undefined {
  const [, cgroupfs, systemd] = insidePod.exec(id) ?? []
  return cgroupfs ?? systemd?.replaceAll('_', '-')
}

function podUidOf(segment: string): string | undefined {
  const plain = podOfCgroupfs.exec(segment)?.[1]
  if (plain !== undefined) return plain
  return podOfSystemd.exec(segment)?.[1]?.replaceAll('_', '-')
}
