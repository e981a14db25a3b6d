import { isPodSubject, subjectOfObject } from '../../kubernetes/subject.ts'
import type { JsonRecord } from '../../lib/json/shape.ts'

/** What a pod of ours needs before it can run, beside a network: its image, and a node. */
export type Need = 'registry' | 'autoscaler'

/** A workload whose pods are what ours need. */
export interface NeededWorkload {
  readonly need: Need
  readonly namespace: string
  readonly name: string
  /** Of its pods. */
  readonly labels: Readonly<Record<string, string>>
  /** Commands and arguments of its containers. */
  readonly flags: readonly string[]
}

/** Kinds whose pods serve others. DaemonSets are listed for other checks as well. */
export const servingKinds = ['Deployment', 'StatefulSet'] as const

/**
 * Programs that serve images, by the last part of the name of their own image: CNCF Distribution and what is built on it, then others.
 * Another one is not recognised.
 */
const registries = new Set(
  (
    'registry distribution docker-registry origin-docker-registry registry-photon harbor-core harbor-registry container-registry ' +
    'gitlab-container-registry zot zot-minimal zot-linux-amd64 zot-linux-arm64 quay nexus3 gitea forgejo spegel dfdaemon trow ' +
    'artifactory-pro artifactory-oss artifactory-jcr'
  ).split(' ')
)

/** Labels that say which program a pod is: of charts, and of older manifests. */
const nameLabels = ['app.kubernetes.io/name', 'app', 'k8s-app']

/**
 * The workload as one that our pods need; undefined: it is none, or none that is recognised. It is known by its image, or where that
 * has another name in a mirror, by the labels that say its program.
 */
export function neededWorkloadOf(object: JsonRecord): NeededWorkload | undefined {
  const subject = subjectOfObject(object)
  if (!isPodSubject(subject)) return undefined
  const { namespace, name, podSpec, podMetadata } = subject
  const labels = podMetadata.labels ?? {}
  const paths = (podSpec.containers ?? []).map(({ image }) => partsOf(image ?? '').path)
  const programs = nameLabels.flatMap((label) => labels[label] ?? [])
  const need = needOf([...paths, ...programs.map((program) => [program])])
  if (need === undefined) return undefined
  const flags = (podSpec.containers ?? []).flatMap(({ command, args }) => [...(command ?? []), ...(args ?? [])])
  return { need, namespace, name, labels, flags }
}

function needOf(names: readonly (readonly string[])[]): Need | undefined {
  if (names.some((path) => path.some((part) => /(^|-)cluster-autoscaler(-|$)|^karpenter(-|$)/.test(part))))
    return 'autoscaler'
  return names.some((path) => registries.has(path.at(-1) ?? '')) ? 'registry' : undefined
}

/**
 * The host and the path of an image. A first part is a host where it has a dot or a port, or is localhost, as for the programs that
 * pull (distribution/reference, normalize.go); without one it is Docker Hub.
 */
export function partsOf(image: string): { readonly host: string; readonly path: readonly string[] } {
  const parts = image.replace(/@.*$/, '').split('/')
  const [first = ''] = parts
  const isHost = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')
  const path = isHost ? parts.slice(1) : parts
  return { host: isHost ? first : 'docker.io', path: path.map((part) => part.replace(/:.*$/, '')) }
}

/** Registries that no cluster runs itself. What stands in front of them as a mirror is not known from here. */
const publicHosts =
  /^(docker\.io|ghcr\.io|quay\.io|registry\.k8s\.io|mcr\.microsoft\.com|public\.ecr\.aws|(.*\.)?gcr\.io|.*\.(pkg\.dev|azurecr\.io|amazonaws\.com))$/

/** Where a registry is: behind a name that only the cluster has, at somebody who runs it for all, or under a name that does not say. */
export function placeOfRegistry(host: string): 'cluster' | 'public' | 'unknown' {
  const name = host.replace(/:\d+$/, '')
  if (serviceNamespaceOf(host) !== undefined || /^(localhost|127\.[\d.]+|\[::1\])$/.test(name)) return 'cluster'
  return publicHosts.test(name) ? 'public' : 'unknown'
}

/** The namespace of the Service that the host is a name of (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/). */
export function serviceNamespaceOf(host: string): string | undefined {
  return /^[^.]+\.([^.]+)\.svc([.:]|$)/.exec(host)?.[1]
}
