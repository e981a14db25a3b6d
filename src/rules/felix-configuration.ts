// Reads: spec.iptablesBackend of FelixConfigurations.  Fine: the policy's value; on per-node ones also nothing.
import { defineRule } from '../engine/rule.ts'
import { backendOf, meaningOf, specOf } from '../kubernetes/felix.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { nameOf } from '../lib/json/shape.ts'

export const felixConfiguration = defineRule({
  id: 'felix-configuration',
  title: 'FelixConfiguration iptables backend',
  why: 'Where the tigera operator owns the calico-node DaemonSet, this resource is the lever that switches detection of the iptables backend off; it has to agree with what the policy says of the nodes.',
  remedy:
    'Set spec.iptablesBackend to Legacy or NFT, as the nodes use it. Mind that a change here restarts Felix on all nodes at once; OnDelete does not hold it back.',
  limits: 'It does not know what the environment of the DaemonSet says, which overrides this resource.',
  defaultMode: 'warn',
  scope: 'cluster',
  kinds: ['crd.projectcalico.org/FelixConfiguration', 'projectcalico.org/FelixConfiguration'],
  needs: [],
  reads: (subject) => [backendFieldOf(subject)],
  check(subject, { settings }) {
    const wanted = settings.calico.iptablesBackend
    const field = backendFieldOf(subject)
    // FelixConfigurations other than `default` hold for one node or a selection of nodes, and add to it.
    if (field === undefined && subject.name !== 'default') return []
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
            : `iptablesBackend=${value === undefined ? nameOf(field) : JSON.stringify(value.slice(0, 40))}${found === undefined && value !== undefined ? ` means ${meaningOf(value)}` : ''}${said}`,
        advisory: wanted === undefined
      }
    ]
  }
})

function reasonOf(field: unknown, isBackend: boolean): string {
  if (isBackend) return 'iptables backend differs from the policy'
  if (field === undefined || (typeof field === 'string' && field.toLowerCase() === 'auto'))
    return 'iptables backend left to detection'
  return 'iptables backend not valid'
}

function backendFieldOf(subject: Subject): unknown {
  return specOf(subject)?.['iptablesBackend'] ?? undefined
}
