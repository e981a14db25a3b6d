// What differs between the versions of Kubernetes that the end-to-end tests start. All of it is here.
import { execFileSync } from 'node:child_process'

/** Kubernetes v1.MINOR, as a program answers to `--version`. */
export interface Version {
  /** In full, as in `v1.37.2`. */
  readonly text: string
  readonly minor: number
}

type Program = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubelet'
/** Off by default in every version that has it. */
export type Feature = 'gangs' | 'cri-stats'

interface Difference {
  readonly programs: readonly Program[]
  /** The first and the last minor version it holds for; without them, from the first and to the last of all. */
  readonly since?: number
  readonly until?: number
  /** Only where a test asks for that feature. */
  readonly feature?: Feature
  readonly flags?: Readonly<Record<string, string | number>>
  readonly gates?: readonly string[]
  /** Fields of the kubelet's configuration file. */
  readonly config?: object
}

const differences: readonly Difference[] = [
  // Alpha up to v1.22, on from v1.23; unknown from v1.27 on.
  { programs: ['kube-apiserver', 'kube-controller-manager'], until: 22, gates: ['EphemeralContainers'] },
  // Pods get a token that expires and is bound to them: on from v1.21.
  { programs: ['kube-apiserver', 'kube-controller-manager'], until: 20, gates: ['BoundServiceAccountTokenVolume'] },
  // The port without TLS, the same for every such program on this machine: gone with v1.24.
  { programs: ['kube-controller-manager', 'kube-scheduler'], until: 23, flags: { port: 0 } },
  // There was Docker besides: the flag is gone with v1.27.
  { programs: ['kubelet'], until: 26, flags: { 'container-runtime': 'remote' } },
  // From v1.35 on a kubelet does not start on cgroup v1 unless it may; the field is there from v1.31 on.
  { programs: ['kubelet'], since: 31, config: { failCgroupV1: false } },
  // Statistics of pods from the container runtime: beta and off in v1.37; containerd has them from v2.2 on.
  { programs: ['kubelet'], since: 37, feature: 'cri-stats', gates: ['PodAndContainerStatsFromCRI'] },
  // PodGroup of scheduling.k8s.io, beta and off in v1.37.
  {
    programs: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
    since: 37,
    feature: 'gangs',
    gates: ['GenericWorkload']
  },
  {
    programs: ['kube-apiserver'],
    since: 37,
    feature: 'gangs',
    flags: { 'runtime-config': 'scheduling.k8s.io/v1beta1=true' }
  }
]

/** Up to that version each service account gets a Secret with a token that does not expire, and pods wait for it. */
const lastWithTokenSecrets = 23

/** What a program of that version is started with, besides what all versions take. */
export interface Settings {
  readonly flags: Readonly<Record<string, string | number>>
  readonly config: object
}

export function versionOf(program: string): Version {
  const answer = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
  const [, text, minor] = /^Kubernetes (v1\.(\d+)\.\S+)/.exec(answer) ?? []
  if (text === undefined) throw new Error(`${program} --version: expected "Kubernetes v1.…", found "${answer}"`)
  return { text, minor: Number(minor) }
}

export function settingsFor(program: Program, { minor }: Version, features: readonly Feature[] = []): Settings {
  const own = differences.filter(
    ({ programs, since = 0, until = Number.POSITIVE_INFINITY, feature }) =>
      programs.includes(program) &&
      since <= minor &&
      minor <= until &&
      (feature === undefined || features.includes(feature))
  )
  const gates = own.flatMap((each) => each.gates ?? []).map((gate) => `${gate}=true`)
  const gateFlag = gates.length === 0 ? {} : { 'feature-gates': gates.join() }
  return {
    flags: Object.assign(gateFlag, ...own.map(({ flags }) => flags)),
    config: Object.assign({}, ...own.map(({ config }) => config))
  }
}

export function makesTokenSecrets({ minor }: Version): boolean {
  return minor <= lastWithTokenSecrets
}
