// Reads: spec.iptablesBackend of FelixConfigurations, and the variables of all Felix DaemonSets.  Fine: the policy's value; on per-node ones also nothing; nothing at all where the variables decide.
import { defineRule } from '../engine/rule.ts'
import { backendOf, type FelixSettings, felixSettingsOf, specOf } from '../kubernetes/calico/felix.ts'
import { type FelixDaemonSet, meaningOf, meaningText, nftablesModeOf } from '../kubernetes/calico/felix-backend.ts'
import { habitsOf } from '../kubernetes/calico/felix-version.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { nameOf } from '../lib/json/shape.ts'
import type { Settings } from '../policy/settings.ts'

export const felixConfiguration = defineRule<Subject, never, 'felixDaemonSets' | 'felixConfigurations'>({
  id: 'felix-configuration',
  title: 'FelixConfiguration iptables backend',
  why: 'Where the tigera operator owns the calico-node DaemonSet, this resource is the lever that switches detection of the iptables backend off; it has to agree with what the policy says of the nodes.',
  remedy:
    'Where calico-node has FELIX_IPTABLESBACKEND, leave this as it is: the variable decides. Else set spec.iptablesBackend to Legacy or NFT, as the nodes use it. A change here restarts Felix on all nodes at once, and OnDelete does not hold it back: choose a quiet hour. Where a node used the other backend before, drain and reboot it.',
  limits:
    'The variables of the DaemonSets, which override this resource, are known to the webhook, to audits, and to `validate` where they are among the files. Calico with a separate etcd keeps this resource there, where pidguard does not look.',
  defaultMode: 'warn',
  scope: 'cluster',
  kinds: ['crd.projectcalico.org/FelixConfiguration', 'projectcalico.org/FelixConfiguration'],
  requiredFacts: [],
  optionalFacts: ['felixDaemonSets', 'felixConfigurations'],
  reads: (subject) => [backendFieldOf(subject)],
  check(subject, { settings, felixDaemonSets, felixConfigurations = [] }) {
    const wanted = settings.calico.iptablesBackend
    const field = backendFieldOf(subject)
    // FelixConfigurations other than `default` hold for one node or a selection of nodes, and add to it.
    if (field === undefined && subject.name !== 'default') return []
    if (isDecidedElsewhere(subject, felixDaemonSets, felixConfigurations, settings)) return []
    const value = typeof field === 'string' ? field : undefined
    const found = value === undefined ? undefined : backendOf(value)
    if (found !== undefined && (wanted === undefined || found === wanted)) return []
    const said = wanted === undefined ? '' : `, the policy says ${wanted}`
    return [
      {
        pointer: '/spec/iptablesBackend',
        reason: reasonOf(field, found !== undefined),
        detail:
          field === undefined
            ? `iptablesBackend is not set${said}`
            : `iptablesBackend=${value === undefined ? nameOf(field) : JSON.stringify(value.slice(0, 40))}${found === undefined && value !== undefined ? ` means ${meaningText(meaningOf(value, newest), newest)}` : ''}${said}`,
        advisory: wanted === undefined || isCalicosOwn(subject, field),
        ...(felixDaemonSets === undefined ? undefined : { remedy: setRemedy })
      }
    ]
  }
})

/** FelixConfigurations with these values are of releases that know detection. */
const newest = habitsOf(undefined)

/** Where the variables are known, and do not decide. */
const setRemedy =
  'Set spec.iptablesBackend to Legacy or NFT, as the nodes use it. A change here restarts Felix on all nodes at once, and OnDelete does not hold it back: choose a quiet hour. Where a node used the other backend before, drain and reboot it.'

/**
 * Every Felix DaemonSet has a valid variable or gets one at its next write, or rules are programmed by nftables: a value here
 * would change nothing. No variable is written where a FelixConfiguration of some nodes names another backend.
 */
function isDecidedElsewhere(
  subject: Subject,
  daemonSets: readonly FelixDaemonSet[] | undefined,
  configurations: readonly FelixSettings[],
  { calico, modes }: Settings
): boolean {
  const { nftablesMode } = felixSettingsOf(subject.object)
  if (nftablesMode !== undefined && nftablesModeOf(nftablesMode, newest) === 'enabled') return true
  if (daemonSets === undefined || daemonSets.length === 0) return false
  const isOfOthers = [...configurations, felixSettingsOf(subject.object)].some(
    ({ name, iptablesBackend }) =>
      name !== 'default' && iptablesBackend !== undefined && backendOf(iptablesBackend) !== calico.iptablesBackend
  )
  const isSet =
    calico.iptablesBackend !== undefined && modes.get('calico-iptables-backend') === 'enforce' && !isOfOthers
  return daemonSets.every(({ isPinned, isFixed }) => isPinned || (isSet && isFixed))
}

/**
 * calico-node makes `default` at its first start, without a backend, and ends when it may not: it would crash on every node. So
 * what a service account writes is never denied, nor a `default` that says no more than none at all would.
 */
function isCalicosOwn({ operation, userName }: Subject, field: unknown): boolean {
  return (operation === 'CREATE' && field === undefined) || userName?.startsWith('system:serviceaccount:') === true
}

function reasonOf(field: unknown, isBackend: boolean): string {
  if (isBackend) return 'iptables backend differs from the policy'
  if (field === undefined || (typeof field === 'string' && field.toLowerCase() === 'auto'))
    return 'iptables backend left to detection'
  return 'iptables backend not valid'
}

function backendFieldOf(subject: Subject): unknown {
  return specOf(subject)?.['iptablesBackend'] ?? undefined
}
