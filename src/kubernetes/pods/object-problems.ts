import { nearest } from '../../lib/did-you-mean.ts'
import { escapeToken, tokensOf } from '../../lib/json/pointer.ts'
import { isRecord } from '../../lib/json/shape.ts'
import { limitRangeProblems } from '../qos/limit-range-items.ts'
import { isPidsResource, takesPidsLimit } from '../qos/pids-limit.ts'
import { firstWithPodLevel } from '../qos/pod-level.ts'
import { quantityProblem, shownQuantity } from '../qos/quantity-problem.ts'
import { isContainerResource, isPodLevelResource } from '../qos/resources.ts'
import type { MinorVersion } from '../server-version.ts'
import type { PodSubject, Subject } from '../subject.ts'
import { isPodSubject } from '../subject.ts'
import type { Maybe, ResourceRequirements } from '../types.ts'
import { groupKindOf } from '../workloads.ts'

/** Why the API server would refuse the object, and at which field. */
export interface ObjectProblem {
  readonly pointer: string
  readonly message: string
}

/**
 * What the API server would refuse in the parts that rules read. Rules would take such a part for absent: an unreadable
 * quantity for no request, a misspelt list of containers for a pod without any. `server`: the version that the object is for;
 * undefined: not known, and what depends on it is not said.
 */
export function problemsOf(subject: Subject, server: MinorVersion | undefined): readonly ObjectProblem[] {
  if (!isPodSubject(subject)) return subject.groupKind === limitRange ? limitRangeProblems(subject.object) : []
  const missing = missingContainers(subject)
  return missing === undefined ? badResources(subject, server) : [missing]
}

const limitRange = groupKindOf('', 'LimitRange')

function missingContainers(subject: PodSubject): ObjectProblem | undefined {
  const { containers } = subject.podSpec
  if (Array.isArray(containers) && containers.length > 0) return undefined
  let holder: unknown = subject.object
  let pointer = ''
  for (const token of [...tokensOf(subject.podSpecAt), 'containers']) {
    if (!isRecord(holder)) return undefined
    const next = holder[token]
    if (next === undefined || next === null) {
      const meant = Object.keys(holder).find((key) => key !== token && nearest(key, [token]) !== undefined)
      // A ReplicationController needs no template.
      if (meant === undefined && token === 'template' && subject.kind === 'ReplicationController') return undefined
      const hint = meant === undefined ? '' : `; is ${meant} meant to be ${token}?`
      const at = meant === undefined ? pointer : `${pointer}/${escapeToken(meant)}`
      return { pointer: at, message: `${pointer || '/'}: expected ${token}, which is missing${hint}` }
    }
    pointer += `/${token}`
    holder = next
  }
  return { pointer, message: `${pointer}: expected at least one container, found an empty list` }
}

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** Without generators and with pointers for problems alone: this is asked of every pod, and was a sixth of a run over many small ones. */
function badResources({ podSpec, podSpecAt }: PodSubject, server: MinorVersion | undefined): ObjectProblem[] {
  const problems: ObjectProblem[] = []
  addBad(problems, podSpec.resources, podSpecAt, (name) => podNameProblem(name, server))
  for (const list of lists) {
    const containers = podSpec[list] ?? []
    for (let i = 0; i < containers.length; i++) {
      addBad(problems, containers[i]?.resources, `${podSpecAt}/${list}/${i}`, containerNameProblem)
    }
  }
  return problems
}

/** kubernetes pkg/apis/core/validation/validation.go validatePodResourceName; before v1.34 the whole field is dropped. */
function podNameProblem(name: string, server: MinorVersion | undefined): string | undefined {
  if (isPodLevelResource(name) || server === undefined || server < firstWithPodLevel) return undefined
  if (!isPidsResource(name)) return 'expected cpu, memory or hugepages of a size'
  if (takesPidsLimit(server)) return undefined
  return `Kubernetes v1.${server} takes no limit of PIDs here (KEP-6063): expected cpu, memory or hugepages of a size`
}

/** The same file, ValidateContainerResourceName. */
function containerNameProblem(name: string): string | undefined {
  return isContainerResource(name)
    ? undefined
    : 'expected cpu, memory, ephemeral-storage, hugepages of a size, or a name with a domain such as nvidia.com/gpu'
}

type NameProblem = (name: string) => string | undefined

/** Adds what is wrong with the resources of `holder`. */
function addBad(
  problems: ObjectProblem[],
  resources: Maybe<ResourceRequirements>,
  holder: string,
  nameProblem: NameProblem
): void {
  for (const field of ['requests', 'limits'] as const) {
    const list = resources?.[field] ?? undefined
    if (list === undefined) continue
    for (const name of Object.keys(list)) {
      const text = list[name] ?? undefined
      if (text === undefined) continue
      const wrong = nameProblem(name)
      const bad = quantityProblem(name, text)
      if (wrong === undefined && bad === undefined) continue
      const pointer = `${holder}/resources/${field}/${escapeToken(name)}`
      if (wrong !== undefined) problems.push({ pointer, message: `${pointer}: ${wrong}, found ${shownQuantity(name)}` })
      if (bad !== undefined) problems.push({ pointer, message: `${pointer}: ${bad}` })
    }
  }
}
