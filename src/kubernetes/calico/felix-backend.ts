import { isRecord } from '../../lib/json/shape.ts'
import type { Subject } from '../subject.ts'
import type { Container } from '../types.ts'
import {
  type Backend,
  type BackendEnv,
  backendEnvOf,
  backendOf,
  type FelixContainer,
  type FelixSettings,
  felixValueOf,
  isOperatorManaged,
  someFelixOf
} from './felix.ts'
import { type FelixHabits, felixVersionOf, habitsOf } from './felix-version.ts'

/** What Felix makes of a value. `invalid` ones are replaced by the built-in value, and still win over later sources. */
export type Meaning = Backend | 'detection' | 'none' | 'invalid'

/** Which backend a Felix DaemonSet uses on nodes without settings of their own, from every source that is known. */
export interface FelixBackend {
  readonly env: BackendEnv
  readonly habits: FelixHabits
  /**
   * The source that decides: the variable, the FelixConfiguration named default, the built-in value of the release; or
   * unknown, where the variable is set by valueFrom, or FelixConfigurations are not known.
   */
  readonly source: 'variable' | 'default' | 'built-in' | 'unknown'
  /** The value as that source has it; undefined for the built-in one and where it is unknown. */
  readonly said: string | undefined
  /** undefined: unknown. */
  readonly meaning: Meaning | undefined
  /** Why the backend decides nothing: rules are programmed by other means. */
  readonly moot: 'nftables' | 'VPP' | undefined
  /** nftablesMode is Auto: the backend decides only where kube-proxy does not use nftables. */
  readonly mayBeMoot: boolean
  /** FelixConfigurations of one node or a selection that name a backend; the variable switches all of them off. */
  readonly ofNodes: readonly FelixSettings[]
}

/**
 * Reads variable, FelixConfigurations, nftablesMode, dataplane and version together, in Felix' own order: environment, then
 * the FelixConfiguration of the node, then `default`, then what is built in (calico felix/config/config_params.go).
 * `listed`: the FelixConfigurations of the API server; undefined where they are not known, and of no account where Calico keeps
 * its own in an etcd. `kubeProxyMode`: undefined where it is not known. Throws ERR_OBJECT_MALFORMED as `backendEnvOf` does.
 */
export function felixBackendOf(
  { container, at }: FelixContainer,
  listed: readonly FelixSettings[] | undefined,
  kubeProxyMode?: string
): FelixBackend {
  const configurations = hasOwnEtcd(container) ? undefined : listed
  const env = backendEnvOf(container, at)
  const habits = habitsOf(felixVersionOf(container.image))
  const base = configurations?.find(({ name }) => name === 'default')
  const mode = nftablesModeOf(felixValueOf(container, 'nftablesmode') ?? base?.nftablesMode, habits)
  const isVpp = felixValueOf(container, 'useinternaldataplanedriver')?.toLowerCase() === 'false'
  return {
    env,
    habits,
    ...decidedBy(env, configurations, base, habits),
    moot: isVpp
      ? 'VPP'
      : mode === 'enabled' || (mode === 'auto' && kubeProxyMode === 'nftables')
        ? 'nftables'
        : undefined,
    mayBeMoot: mode === 'auto',
    ofNodes: (configurations ?? []).filter(
      ({ name, iptablesBackend }) => name !== 'default' && iptablesBackend !== undefined
    )
  }
}

/** The backend Felix is set to on one node. */
export interface FelixOnNode extends Pick<FelixBackend, 'said' | 'meaning' | 'moot' | 'mayBeMoot'> {
  /** One of the sources of `FelixBackend`, or the FelixConfiguration of that node. */
  readonly source: FelixBackend['source'] | 'node'
}

/**
 * The same for one node: the FelixConfiguration `node.NAME` goes before `default`. A FelixConfiguration that selects nodes
 * by labels (from v3.33 on) makes the result unknown, because labels of nodes are not read here.
 */
export function felixBackendOnNode(
  felix: FelixContainer,
  listed: readonly FelixSettings[] | undefined,
  node: string
): FelixOnNode {
  const configurations = hasOwnEtcd(felix.container) ? undefined : listed
  const { env, habits, source, said, meaning, moot, mayBeMoot } = felixBackendOf(felix, configurations)
  const own = configurations?.find(({ name }) => name === `node.${node}`)
  const mode = nftablesModeOf(felixValueOf(felix.container, 'nftablesmode') ?? own?.nftablesMode, habits)
  const hasOwnMode = own?.nftablesMode !== undefined && moot !== 'VPP'
  const modes = hasOwnMode
    ? { moot: mode === 'enabled' ? ('nftables' as const) : undefined, mayBeMoot: mode === 'auto' }
    : { moot, mayBeMoot }
  if (env.entries.length > 0 || env.hasEnvFrom || configurations === undefined)
    return { source, said, meaning, ...modes }
  if (own?.iptablesBackend !== undefined) {
    return { source: 'node', said: own.iptablesBackend, meaning: meaningOf(own.iptablesBackend, habits), ...modes }
  }
  const isSelected = configurations.some(
    ({ name, iptablesBackend }) => name !== 'default' && !name.startsWith('node.') && iptablesBackend !== undefined
  )
  return isSelected ? { ...unknown, ...modes } : { source, said, meaning, ...modes }
}

function decidedBy(
  env: BackendEnv,
  configurations: readonly FelixSettings[] | undefined,
  base: FelixSettings | undefined,
  habits: FelixHabits
): Pick<FelixBackend, 'source' | 'said' | 'meaning'> {
  if (env.entries.length > 0) {
    if (env.value === undefined) return unknown
    return { source: 'variable', said: env.value, meaning: meaningOf(env.value, habits) }
  }
  if (env.hasEnvFrom || configurations === undefined) return unknown
  const said = base?.iptablesBackend
  if (said !== undefined) return { source: 'default', said, meaning: meaningOf(said, habits) }
  return { source: 'built-in', said: undefined, meaning: habits.builtIn }
}

/** Calico keeps its objects in an etcd of its own, as manifests named calico-etcd do: the API server has none of them. */
export function hasOwnEtcd({ env }: Container): boolean {
  return (Array.isArray(env) ? env : []).some(
    (entry) =>
      isRecord(entry) &&
      (entry['name'] === 'ETCD_ENDPOINTS' || (entry['name'] === 'DATASTORE_TYPE' && entry['value'] === 'etcdv3'))
  )
}

const unknown = { source: 'unknown', said: undefined, meaning: undefined } as const

/** Felix ignores case but nothing else, not even a trailing space. */
export function meaningOf(value: string, { knowsAuto }: Pick<FelixHabits, 'knowsAuto'>): Meaning {
  const backend = backendOf(value)
  if (backend !== undefined) return backend
  const lower = value.toLowerCase()
  if (lower === 'auto' && knowsAuto) return 'detection'
  return lower === 'none' ? 'none' : 'invalid'
}

/** The meaning in words. */
export function meaningText(meaning: Meaning, { builtIn }: Pick<FelixHabits, 'builtIn'>): string {
  switch (meaning) {
    case 'detection':
      return 'detection at start'
    case 'none':
      return 'no backend, plain iptables-save and iptables-restore'
    case 'invalid':
      return `invalid, so Felix falls back to its default${builtIn === 'Legacy' ? ', Legacy' : ''}`
    default:
      return meaning
  }
}

/** In lower case. A release that does not know the parameter ignores it. */
export function nftablesModeOf(
  said: string | undefined,
  { nftablesMode }: FelixHabits
): 'disabled' | 'enabled' | 'auto' {
  if (nftablesMode === 'unknown to it') return 'disabled'
  const lower = said?.toLowerCase()
  if (lower === 'enabled' || lower === 'disabled' || lower === 'auto') return lower
  return nftablesMode === 'Auto' ? 'auto' : 'disabled'
}

/** A DaemonSet that runs Felix, as far as others of its cluster need to know it. */
export interface FelixDaemonSet {
  readonly namespace: string
  readonly name: string
  /** Its variable decides, with a valid backend: no FelixConfiguration has a say. */
  readonly isPinned: boolean
  /** Fixes write its variable: no operator owns it, and its container has the name of Calico's manifests. */
  readonly isFixed: boolean
}

/** undefined: it does not run Felix. One whose environment cannot be read is not pinned. */
export function felixDaemonSetOf(subject: Subject): FelixDaemonSet | undefined {
  const felix = someFelixOf(subject)
  if (felix === undefined) return undefined
  const { namespace, name } = subject
  return { namespace, name, isPinned: isPinned(felix), isFixed: !felix.isOther && !isOperatorManaged(subject) }
}

function isPinned(felix: FelixContainer): boolean {
  try {
    const { source, meaning } = felixBackendOf(felix, undefined)
    return source === 'variable' && (meaning === 'Legacy' || meaning === 'NFT')
  } catch {
    // The rule that checks the DaemonSet itself reports what is malformed.
    return false
  }
}
