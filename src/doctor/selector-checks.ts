import { admission } from '../kubernetes/annotations.ts'
import { felixContainerOf } from '../kubernetes/calico/felix.ts'
import { globMatches } from '../kubernetes/label-selector.ts'
import { subjectOfObject } from '../kubernetes/subject.ts'
import type { Check } from './check.ts'
import { isCalledFor } from './expected-webhooks.ts'
import type { InstallationFacts, RegisteredWebhook } from './read-installation.ts'
import { neededChecks } from './waiting/needed-checks.ts'
import { makesNetwork } from './waiting/network-pods.ts'
import { ignore, type Labels, leaveOut, matches, selects } from './waiting/selection.ts'
import { ours } from './webhook-checks.ts'

export interface SelectorFacts extends InstallationFacts {
  /** Patterns of the policy in force; undefined: it is not known. */
  readonly systemNamespaces: readonly string[] | undefined
}

/** The namespace of cert-manager by its own manifests and chart. Another one is not recognised. */
const certManager = 'cert-manager'
/** Most names in one line. Own choice. */
const mostNamed = 10

/** Which namespaces the API server calls us for. */
export function selectorChecks(facts: SelectorFacts): Check[] {
  const { mutating, validating, namespaces } = facts
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name ?? '', metadata.labels ?? {}]))
  const checks = [...ours(mutating), ...ours(validating)]
    .filter((webhook) => isCalledFor(webhook, 'CREATE', 'pods'))
    .flatMap((webhook) => webhookChecks(webhook, labels, facts))
  const ignored = [...labels].flatMap(([name, held]) => (held[admission] === 'ignore' ? [name] : []))
  if (ignored.length === 0) return checks
  const found = `${ignored.length} left out by ${ignore}: ${ignored.slice(0, mostNamed).join(', ')}`
  return [...checks, { about: 'namespaces', level: 'info', found }]
}

function webhookChecks(webhook: RegisteredWebhook, labels: ReadonlyMap<string, Labels>, facts: SelectorFacts): Check[] {
  const about = webhook.name
  const selected = [...labels.keys()].filter((name) => selects(webhook, labels.get(name)))
  const base = [facts.namespace, 'kube-system'].filter((name) => selected.includes(name))
  if ((webhook.failurePolicy ?? 'Fail') !== 'Fail') {
    const passing = base.map((name): Check => {
      const found = `is called for pods of ${name}, and lets them pass`
      return { about, level: 'info', found, remedy: remedyFor(webhook, name, labels.get(name)) }
    })
    // Only the half that checks is Fail under strict.
    const isStrictToBe = webhook.name === 'validate.pidguard.io'
    const rest = selected.filter((name) => !base.includes(name))
    if (!isStrictToBe) return passing
    return [
      ...passing,
      ...networkChecks(webhook, rest, labels, facts, false),
      ...neededChecks(webhook, rest, labels, facts, false)
    ]
  }
  const others = selected.filter((name) => !base.includes(name))
  const issuing = others.filter((name) => name === certManager && isKeptByCertManager(facts))
  const system = others.filter((name) => !issuing.includes(name) && isSystem(name, facts))
  return [
    ...base.map((name): Check => {
      const found = `pods of ${name} wait for pidguard: neither may be able to come up`
      return { about, level: 'error', found, remedy: remedyFor(webhook, name, labels.get(name)) }
    }),
    ...issuing.map((name): Check => {
      const found = `pods of ${name} wait for pidguard, which waits for its certificate from there: neither could come back alone`
      return { about, level: 'error', found, remedy: leaveOut(webhook, [name], labels) }
    }),
    ...(system.length === 0 ? [] : [systemCheck(webhook, system, labels)]),
    ...networkChecks(webhook, others, labels, facts, true),
    ...neededChecks(webhook, others, labels, facts, true)
  ]
}

function systemCheck(webhook: RegisteredWebhook, names: readonly string[], labels: ReadonlyMap<string, Labels>): Check {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  const found = `pods of ${names.slice(0, mostNamed).join(', ')}${more} wait for pidguard, though the policy leaves them alone`
  return { about: webhook.name, level: 'error', found, remedy: leaveOut(webhook, names, labels) }
}

/** Pods that make the network for which the API server waits for us, or would under strict: we need their network. */
function networkChecks(
  webhook: RegisteredWebhook,
  namespaces: readonly string[],
  labels: ReadonlyMap<string, Labels>,
  { daemonSets }: SelectorFacts,
  isWaited: boolean
): Check[] {
  return daemonSets.flatMap((object): Check[] => {
    const subject = subjectOfObject(object)
    if (!makesNetwork(subject)) return []
    const { namespace, name, podMetadata } = subject
    if (!namespaces.includes(namespace) || !matches(webhook.objectSelector, podMetadata.labels ?? {})) return []
    // The overlay strict leaves Calico out by its own labels.
    if (!isWaited && felixContainerOf(subject) !== undefined) return []
    const pods = `pods of ${namespace}/${name}, which make the network,`
    const found = isWaited
      ? `${pods} wait for pidguard: neither may be able to come up`
      : `${pods} would wait for pidguard under the overlay strict`
    const remedy = leaveOut(webhook, [namespace], labels)
    return [{ about: webhook.name, level: isWaited ? 'error' : 'info', found, remedy }]
  })
}

function isSystem(name: string, { systemNamespaces = [] }: SelectorFacts): boolean {
  return systemNamespaces.some((pattern) => globMatches(pattern, name))
}

/** cert-manager marks the Secrets that it writes, and its component asks it to write caBundle too. */
function isKeptByCertManager({ secret, mutating, validating }: SelectorFacts): boolean {
  const configurations = [...mutating, ...validating].filter(({ metadata }) => metadata.name === 'pidguard')
  return [secret?.annotations, ...configurations.map(({ metadata }) => metadata.annotations)].some((annotations) =>
    Object.keys(annotations ?? {}).some((name) => name.startsWith('cert-manager.io/'))
  )
}

/** Up to v1.20 a namespace may lack the label of its name, by which manifests/base leaves these out. */
function remedyFor(webhook: RegisteredWebhook, name: string, labels: Labels = {}): string {
  const named = { ...labels, 'kubernetes.io/metadata.name': name }
  if (!selects(webhook, named)) return `kubectl label namespace ${name} kubernetes.io/metadata.name=${name}`
  return leaveOut(webhook, [name], new Map([[name, labels]]))
}
