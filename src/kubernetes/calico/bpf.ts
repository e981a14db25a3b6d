import { type FelixContainer, type FelixSettings, felixValueOf } from './felix.ts'
import { hasOwnEtcd } from './felix-backend.ts'

/** Words that Felix takes for yes and no, in any case (calico felix/config/param_types.go, BoolParam). */
const yes: ReadonlySet<string> = new Set(['true', '1', 'yes', 'y', 't'])
const no: ReadonlySet<string> = new Set(['false', '0', 'no', 'n', 'f'])

/**
 * Whether Felix is set to BPF on a node: by its variable, else by the FelixConfiguration of the node, else by `default`; no is built in.
 * Rules of iptables are still written there, but few. undefined: not known.
 */
export function isBpfOn(
  { container }: FelixContainer,
  listed: readonly FelixSettings[] | undefined,
  node: string
): boolean | undefined {
  const word = felixValueOf(container, 'bpfenabled')?.toLowerCase()
  if (word !== undefined && (yes.has(word) || no.has(word))) return yes.has(word)
  const configurations = hasOwnEtcd(container) ? undefined : listed
  const [own, base] = [`node.${node}`, 'default'].map((name) => configurations?.find((each) => each.name === name))
  return configurations === undefined ? undefined : (own?.bpfEnabled ?? base?.bpfEnabled ?? false)
}
