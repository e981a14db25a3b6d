import { recordsOf } from '../lib/json/shape.ts'
import type { Container, PodSpec } from './types.ts'

type ContainerRole = 'init' | 'sidecar' | 'app' | 'ephemeral'

export interface ContainerView {
  readonly container: Container
  readonly role: ContainerRole
  /** JSON Pointer of the container in its object. */
  readonly at: string
}

const noContainers: readonly Container[] = []

/** The containers of a list that nobody has checked: a dump may hold what is no list, or no container in it. */
export function containersIn(list: unknown): readonly Container[] {
  return recordsOf(list) as readonly object[] as readonly Container[]
}

/** Every container of a pod: init and sidecar first, then app, then ephemeral, each with its pointer. */
export function containersOf(podSpec: PodSpec, podSpecAt: string): ContainerView[] {
  const views: ContainerView[] = []
  ;(podSpec.initContainers ?? noContainers).forEach((container, i) => {
    const role = container.restartPolicy === 'Always' ? 'sidecar' : 'init'
    views.push({ container, role, at: `${podSpecAt}/initContainers/${i}` })
  })
  ;(podSpec.containers ?? noContainers).forEach((container, i) => {
    views.push({ container, role: 'app', at: `${podSpecAt}/containers/${i}` })
  })
  ;(podSpec.ephemeralContainers ?? noContainers).forEach((container, i) => {
    views.push({ container, role: 'ephemeral', at: `${podSpecAt}/ephemeralContainers/${i}` })
  })
  return views
}

/** The containers that may hold resources, without their pointers. */
export function resourceHoldersOf({ initContainers, containers }: PodSpec): readonly Container[] {
  const own = containers ?? noContainers
  return initContainers === undefined || initContainers === null ? own : [...initContainers, ...own]
}

/** The containers that may hold resources: all but the ephemeral ones (core/v1 EphemeralContainerCommon.Resources). */
export function resourceContainersOf(podSpec: PodSpec, podSpecAt: string): ContainerView[] {
  const views = containersOf(podSpec, podSpecAt)
  views.length -= podSpec.ephemeralContainers?.length ?? 0
  return views
}
