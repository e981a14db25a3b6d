import { nearest } from '../lib/did-you-mean.ts'
import { knownTemplatePlaces } from './pods/template-places.ts'

/** The kinds that groups of Kubernetes serve, for those that hold pods; checked against v1.37. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  '': [
    'Binding',
    'ComponentStatus',
    'ConfigMap',
    'Endpoints',
    'Event',
    'LimitRange',
    'Namespace',
    'Node',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'Pod',
    'PodTemplate',
    'ReplicationController',
    'ResourceQuota',
    'Secret',
    'Service',
    'ServiceAccount'
  ],
  apps: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  batch: ['CronJob', 'Job']
}

/** Kinds that had another name, by the one they have now. */
const renamed: Readonly<Record<string, string>> = { PetSet: 'StatefulSet', ScheduledJob: 'CronJob' }

/** Groups without a dot. A CRD cannot be in one: its group has to be a domain (apiextensions validation.go). */
const shortGroups: ReadonlySet<string> = new Set(['', 'apps', 'batch', 'autoscaling', 'policy', 'extensions'])

/** The versions of those groups that any API server serves, or served once. */
const versions: Readonly<Record<string, readonly string[]>> = {
  '': ['v1'],
  apps: ['v1', 'v1beta1', 'v1beta2'],
  batch: ['v1', 'v1beta1', 'v2alpha1'],
  extensions: ['v1beta1']
}

/** The kinds of each of those that is written rightly: nearly every object is of one. */
const rightly: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(kinds).flatMap(([group, own]) =>
    (versions[group] ?? []).map((version) => [group === '' ? version : `${group}/${version}`, own] as const)
  )
)

/** A kind has to be a label of DNS but for the case of its letters (apiextensions validation.go). */
const kindPattern = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/i

/** What is wrong with an apiVersion or a kind that holds it, for each kind; undefined when nothing is known to be. */
export function versionMistake(apiVersion: string, kind: string): string | undefined {
  if (rightly.get(apiVersion)?.includes(kind)) return undefined
  if (!kindPattern.test(kind))
    return `no API server serves ${JSON.stringify(kind.slice(0, maxShown))}: no kind is written so`
  const [version = '', group = '', ...rest] = apiVersion.split('/').reverse()
  if (rest.length > 0 || /\s/.test(apiVersion)) {
    return `no API server serves ${JSON.stringify(apiVersion.slice(0, maxShown))}: expected a group, a slash and a version`
  }
  const known = versions[group]
  if (!Object.hasOwn(versions, group) || known === undefined || known.includes(version)) return undefined
  const meant = `${group === '' ? '' : `${group}/`}${known[0]}`
  return kindMistake(group, version, kind) ?? `no API server serves ${kind} of ${apiVersion}; is ${meant} meant?`
}

/** Characters of a wrong kind or version that are shown. */
const maxShown = 80

/** Why an object is none of Kubernetes, as that of Skaffold or of a list of release notes; undefined: it may be one. */
export function whyOfOtherTool(group: string): string | undefined {
  return shortGroups.has(group) || group.includes('.') ? undefined : 'no API server serves a group without a dot'
}

/** What is wrong with the group or the kind, in words; undefined when nothing is known to be. */
export function kindMistake(group: string, version: string, kind: string): string | undefined {
  const written = `${kind} of ${group === '' ? version : `${group}/${version}`}`
  if (!shortGroups.has(group) && !group.includes('.')) {
    const meant = nearest(
      group,
      [...shortGroups].filter((each) => each !== '')
    )
    if (meant !== undefined) return `no API server serves ${written}; is the group ${meant} meant?`
    return Object.values(kinds).flat().includes(kind) ? `no API server serves ${written}` : undefined
  }
  // Only groups whose kinds are known here. Every kind with pods has moved out of the group extensions.
  const own = kinds[group] ?? (group === 'extensions' ? kinds['apps'] : undefined)
  if (own === undefined || own.includes(kind)) return undefined
  const meant = Object.hasOwn(renamed, kind) ? renamed[kind] : sameOf(kind, own)
  if (meant !== undefined) return `no API server serves ${written}; is ${meant} meant?`
  const home = Object.entries(kinds).find(([, each]) => each.some((name) => sameOf(kind, [name]) !== undefined))
  if (home === undefined) {
    const other = [...knownTemplatePlaces.keys()].find((each) => each.endsWith(`/${kind}`))
    return other && `no API server serves ${written}; ${kind} is of the group ${groupOfKey(other)}`
  }
  const served = sameOf(kind, home[1])
  return `no API server serves ${written}; ${served} is of ${home[0] === '' ? 'v1' : `${home[0]}/v1`}`
}

function groupOfKey(groupKind: string): string {
  return groupKind.slice(0, groupKind.lastIndexOf('/'))
}

/** The kind with another case or a slip of one or two letters. A plural does not count: PodList is the list of Pods. */
function sameOf(kind: string, known: readonly string[]): string | undefined {
  if (kind.endsWith('List')) return undefined
  const exact = known.find((each) => each.toLowerCase() === kind.toLowerCase())
  if (exact !== undefined) return exact
  return kind.length < shortestNear
    ? undefined
    : nearest(
        kind,
        known.filter((each) => each.length >= shortestNear)
      )
}

/** Letters. A shorter kind, such as Pod or Job, is near to too many words. */
const shortestNear = 6
