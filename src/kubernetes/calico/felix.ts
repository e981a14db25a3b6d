import { isRecord, type JsonRecord, malformed, textOf } from '../../lib/json/shape.ts'
import { isPodSubject, type PodSubject, type Subject } from '../subject.ts'
import type { Container, EnvVar } from '../types.ts'
import { controllerOf, daemonSet, pod } from '../workloads.ts'

/**
 * Felix reads any environment variable whose name in lower case starts with `felix_`, and looks the rest up without
 * regard to case (calico felix/config/env_var_loader.go); this is how pidguard writes it.
 */
export const backendVariable = 'FELIX_IPTABLESBACKEND'

export const backendName = backendVariable.toLowerCase()
/** A common wrong guess: Felix does not know this parameter and ignores it silently (calico felix/config/env_var_loader.go). */
export const backendLookalike = 'felix_iptables_backend'

/** Felix' main container has this name in every manifest, chart and distribution of Calico and Canal. */
export const felixContainer = 'calico-node'

/** Images of Felix, and values of the label k8s-app, that make a container of that name Calico's. */
export const imageHint = /(^|\/)(node|mirrored-calico-node|hardened-calico|calico)([:@]|$)/
export const labelHint = /^(calico|canal|rke2-canal)/

export interface FelixContainer {
  readonly container: Container
  /** Its pointer. */
  readonly at: string
}

/** The container that runs Felix; undefined for anything but a DaemonSet of calico-node on Linux. */
export function felixContainerOf(subject: Subject): FelixContainer | undefined {
  return subject.groupKind === daemonSet && isPodSubject(subject) ? felixIn(subject) : undefined
}

/** Who makes the pods of a DaemonSet: the controllers of Kubernetes, with accounts of their own or with one for all. */
export const podMakers = /^system:(kube-controller-manager$|serviceaccount:kube-system:)/

/**
 * Whether it is a Pod of a DaemonSet that runs Felix, or that DaemonSet. No name and no label that a tenant writes suffices:
 * it must use the network of the node, as Felix cannot do without, which the Pod Security level baseline refuses to tenants;
 * and a new pod must come from a controller, since anybody may write an owner into a pod of his own.
 */
export function runsFelix(subject: Subject): boolean {
  if (!isPodSubject(subject) || subject.podSpec.hostNetwork !== true) return false
  return (subject.groupKind === daemonSet || isPodOfDaemonSet(subject)) && felixIn(subject) !== undefined
}

function isPodOfDaemonSet({ groupKind, metadata, operation, userName }: PodSubject): boolean {
  if (groupKind !== pod || controllerOf(metadata)?.kind !== 'DaemonSet') return false
  return operation !== 'CREATE' || userName === undefined || podMakers.test(userName)
}

function felixIn(subject: PodSubject): FelixContainer | undefined {
  if (subject.podSpec.nodeSelector?.['kubernetes.io/os'] === 'windows') return undefined
  const containers = subject.podSpec.containers ?? []
  const index = containers.findIndex((container) => container.name === felixContainer)
  const container = containers[index]
  if (container === undefined || !hasHint(subject, container)) return undefined
  return { container, at: `${subject.podSpecAt}/containers/${index}` }
}

/**
 * A main container of a DaemonSet that runs Felix under another name, as Terway's `policy` does: it has variables of Felix, or
 * starts `calico-felix`. undefined where `felixContainerOf` knows the DaemonSet.
 */
export function otherFelixOf(subject: Subject): FelixContainer | undefined {
  if (subject.groupKind !== daemonSet || !isPodSubject(subject)) return undefined
  if (subject.podSpec.nodeSelector?.['kubernetes.io/os'] === 'windows' || felixIn(subject) !== undefined)
    return undefined
  const containers = subject.podSpec.containers ?? []
  const index = containers.findIndex(
    (container) => hasFelixVariable(container) || startsFelix(container) || calicoNodeImage.test(container.image ?? '')
  )
  const container = containers[index]
  return container === undefined ? undefined : { container, at: `${subject.podSpecAt}/containers/${index}` }
}

export const calicoNodeImage = /(^|\/)calico-node([:@]|$)/

export const felixCommand = /\bcalico-felix\b/

function startsFelix({ command, args }: Container): boolean {
  return [command, args].some(
    (words) => Array.isArray(words) && words.some((word) => typeof word === 'string' && felixCommand.test(word))
  )
}

function hasFelixVariable({ env }: Container): boolean {
  return (Array.isArray(env) ? env : []).some(
    (entry) => isRecord(entry) && typeof entry['name'] === 'string' && entry['name'].toLowerCase().startsWith('felix_')
  )
}

/** Felix in a DaemonSet. `isOther`: in a container of another name than `calico-node`, which is warned about and never changed. */
export interface SomeFelix extends FelixContainer {
  readonly isOther: boolean
}

/** The container of a DaemonSet that runs Felix, under any name: everything that reports of Felix knows it by this. */
export function someFelixOf(subject: Subject): SomeFelix | undefined {
  const named = felixContainerOf(subject)
  if (named !== undefined) return { ...named, isOther: false }
  const other = otherFelixOf(subject)
  return other === undefined ? undefined : { ...other, isOther: true }
}

/** The name of the container alone proves nothing: one of three more signs is needed. */
function hasHint(subject: PodSubject, container: Container): boolean {
  const app = subject.podMetadata.labels?.['k8s-app'] ?? subject.metadata.labels?.['k8s-app'] ?? ''
  return labelHint.test(app) || imageHint.test(container.image ?? '') || hasFelixVariable(container)
}

/** The spec of any object; undefined when it has none. */
export function specOf(subject: Subject): JsonRecord | undefined {
  const spec = subject.object['spec']
  return isRecord(spec) ? spec : undefined
}

/** Whether the tigera operator owns the object: it writes it whole, so a denial can never be satisfied. */
export function isOperatorManaged(subject: Subject): boolean {
  const owner = controllerOf(subject.metadata)
  return owner?.kind === 'Installation' && owner.group === 'operator.tigera.io'
}

/** Whether it is a DaemonSet of Felix whose pods keep their revision until they are deleted. */
export function isFelixOnDelete(subject: Subject): boolean {
  const strategy = specOf(subject)?.['updateStrategy']
  return isRecord(strategy) && strategy['type'] === 'OnDelete' && felixContainerOf(subject) !== undefined
}

/** What one FelixConfiguration sets for the dataplane; a field it leaves out is undefined. */
export interface FelixSettings {
  /** `default`, `node.<name>`, or of a selection of nodes. */
  readonly name: string
  readonly iptablesBackend: string | undefined
  /** Disabled, Enabled or Auto; since v3.29. */
  readonly nftablesMode: string | undefined
  readonly bpfEnabled?: boolean
}

/** Whether it is a FelixConfiguration, of either API group. */
export function isFelixConfiguration({ groupKind }: Subject): boolean {
  return (
    groupKind === 'crd.projectcalico.org/FelixConfiguration' || groupKind === 'projectcalico.org/FelixConfiguration'
  )
}

/** Whether rules look at it together with the others: a FelixConfiguration, or a DaemonSet that runs Felix. */
export function isAboutFelix(subject: Subject): boolean {
  return isFelixConfiguration(subject) || someFelixOf(subject) !== undefined
}

/** What a FelixConfiguration says, of either API group. */
export function felixSettingsOf(object: JsonRecord): FelixSettings {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const spec = isRecord(object['spec']) ? object['spec'] : {}
  return {
    name: textOf(metadata['name']),
    iptablesBackend: stringOf(spec['iptablesBackend']),
    nftablesMode: stringOf(spec['nftablesMode']),
    ...(typeof spec['bpfEnabled'] === 'boolean' ? { bpfEnabled: spec['bpfEnabled'] } : undefined)
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The pods of a DaemonSet that runs Felix, and the revision its template has now. */
export interface FelixRevisions {
  readonly newest: string
  readonly pods: readonly { readonly node: string; readonly revision: string }[]
}

/** How a container's environment sets the iptables backend. */
export interface BackendEnv {
  /** Every spelling of the variable that Felix would read, in order, with its index in `env`. */
  readonly entries: readonly { readonly index: number; readonly entry: EnvVar }[]
  /** A variable that looks right and that Felix ignores. */
  readonly lookalike: { readonly index: number; readonly name: string } | undefined
  /** The value Felix gets: of the last entry. undefined when unset, or set by `valueFrom` or `$(OTHER)`. */
  readonly value: string | undefined
  /** `envFrom` could supply the variable where `env` does not. */
  readonly hasEnvFrom: boolean
}

/** Every manifest of Calico takes its ConfigMap of this name in: the address of the API server, and nothing of Felix. */
function isServicesEndpoint(source: unknown): boolean {
  if (!isRecord(source) || !isRecord(source['configMapRef'])) return false
  return source['configMapRef']['name'] === 'kubernetes-services-endpoint' && !source['prefix']
}

/** Throws ERR_OBJECT_MALFORMED when an entry of `env` is not one. `at` is the container's pointer. */
export function backendEnvOf(container: Container, at: string): BackendEnv {
  const entries: { index: number; entry: EnvVar }[] = []
  let lookalike: BackendEnv['lookalike']
  const env = container.env ?? []
  for (let index = 0; index < env.length; index++) {
    const entry = env[index] as EnvVar
    if (!isRecord(entry) || typeof entry.name !== 'string')
      throw malformed('an environment variable with a name', entry, `${at}/env/${index}`)
    // Compare lengths first: a container may have thousands of variables, and few are as long.
    if (entry.name.length === backendName.length && entry.name.toLowerCase() === backendName)
      entries.push({ index, entry })
    else if (entry.name.length === backendLookalike.length && entry.name.toLowerCase() === backendLookalike)
      lookalike = { index, name: entry.name }
  }
  const last = entries.at(-1)?.entry
  const text: unknown = last?.value ?? ''
  if (typeof text !== 'string') throw malformed('a string', text, `${at}/env/${entries.at(-1)?.index}/value`)
  const isIndirect = isRecord(last?.valueFrom) || text.includes('$(')
  return {
    entries,
    lookalike,
    value: last === undefined || isIndirect ? undefined : text,
    hasEnvFrom: (container.envFrom ?? []).some((source) => !isServicesEndpoint(source))
  }
}

/**
 * The value Felix gets for another of its parameters, as `nftablesmode`: of the last entry. undefined when unset, or set
 * by `valueFrom` or `$(OTHER)`.
 */
export function felixValueOf(container: Container, parameter: string): string | undefined {
  const name = `felix_${parameter}`
  const entry = (container.env ?? []).findLast(
    (each) => isRecord(each) && typeof each['name'] === 'string' && each['name'].toLowerCase() === name
  )
  const value: unknown = entry?.value ?? undefined
  return typeof value === 'string' && !value.includes('$(') ? value : undefined
}

/** The backends that switch detection off, as FelixConfiguration spells them. */
const backends = ['Legacy', 'NFT'] as const
export type Backend = (typeof backends)[number]
/** What Felix was seen to program: iptables by one of its backends, or nftables, where no backend decides anything. */
export type SeenDataplane = Backend | 'nftables'

/** The backend that a value of the variable means; Felix ignores case but nothing else, not even a trailing space. */
export function backendOf(value: string): Backend | undefined {
  const lower = value.toLowerCase()
  return backends.find((backend) => backend.toLowerCase() === lower)
}
