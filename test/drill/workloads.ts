import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from '../e2e/support/control-plane.ts'
import type { KubectlResult } from '../e2e/support/kubectl.ts'
import { threadsContainer } from '../e2e/support/node.ts'
import { restricted, type StoredObject, someRequests } from '../e2e/support/objects.ts'
import { until, untilIs } from '../e2e/support/wait.ts'
import { orSay } from './gave-up.ts'

/** A pod of so many threads counts two tasks more: its first process, and the one that holds the sandbox. */
export const besideThreads = 2

interface ContainerStatus {
  readonly restartCount: number
  readonly ready: boolean
  readonly state?: Readonly<Record<string, unknown>>
}

interface RunningPod extends StoredObject {
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly phase: string; readonly containerStatuses?: readonly ContainerStatus[] }
}

export interface PodState {
  readonly name: string
  readonly uid: string
  readonly isBound: boolean
  readonly isReady: boolean
  readonly restarts: number
}

/** Pods of one namespace of its own, and their files on this machine. */
export class Workloads {
  readonly namespace = `drill-${process.pid}`
  readonly #plane: ControlPlane

  constructor(plane: ControlPlane) {
    this.#plane = plane
  }

  podSpec(threads: number): object {
    return restricted([{ ...threadsContainer(threads), resources: someRequests }], { terminationGracePeriodSeconds: 1 })
  }

  /** It says what it needs; who says nothing is counted with what was observed, or with the default. */
  annotations(threads: number): Record<string, string> {
    return { 'pidguard.io/pids': String(threads + besideThreads) }
  }

  deployment(name: string, replicas: number, threads: number): object {
    return this.#deployment(name, threads, { replicas }, this.annotations(threads))
  }

  /** Of one pod that says nothing of its threads; a new template takes the place of the old one. */
  undeclared(name: string, threads: number): object {
    return this.#deployment(name, threads, { replicas: 1, strategy: { type: 'Recreate' } }, {})
  }

  pod(name: string, threads: number): object {
    const metadata = { name, namespace: this.namespace, labels: { app: name }, annotations: this.annotations(threads) }
    return { apiVersion: 'v1', kind: 'Pod', metadata, spec: this.podSpec(threads) }
  }

  create(object: object, ...args: string[]): Promise<KubectlResult> {
    return this.#plane.kubectl.create(object, ...args)
  }

  async apply(object: object): Promise<void> {
    const { code, stderr } = await this.#plane.kubectl.apply(JSON.stringify(object))
    if (code !== 0) throw new Error(stderr)
  }

  async pods(app?: string): Promise<PodState[]> {
    const query = app === undefined ? '' : `labelSelector=app=${app}`
    const pods = await this.#plane.api.list<RunningPod>('pods', this.namespace, query)
    return pods.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      isBound: spec.nodeName !== undefined,
      isReady: status.containerStatuses?.every(({ ready }) => ready) ?? false,
      restarts: status.containerStatuses?.reduce((sum, { restartCount }) => sum + restartCount, 0) ?? 0
    }))
  }

  async untilReady(app: string, count: number): Promise<void> {
    const isReached = async () => (await this.pods(app)).filter(({ isReady }) => isReady).length === count
    await orSay(this.#plane, this.namespace, () => until(`${count} ready pods of ${app}`, isReached, 300_000))
  }

  async list(): Promise<string> {
    return this.#plane.kubectl.ok(['get', 'pods', `--namespace=${this.namespace}`])
  }

  async clear(): Promise<void> {
    const { kubectl } = this.#plane
    await kubectl.ok(['delete', 'deployments,pods', '--all', `--namespace=${this.namespace}`, '--wait=false'])
    await untilIs('the end of all pods', async () => (await this.pods()).length, 0)
  }

  /** Whatever the pods have written. */
  logs(): string[] {
    return this.#folders('/var/log/pods').flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.log'))
        .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
        .map((line) => line.replace(/^\S+ std(out|err) F /, ''))
    )
  }

  removeFiles(): void {
    for (const folder of this.#folders('/var/log/pods')) rmSync(folder, { recursive: true, force: true })
    for (const link of this.#folders('/var/log/containers')) rmSync(link, { force: true })
  }

  #deployment(name: string, threads: number, spec: object, annotations: Record<string, string>): object {
    const labels = { app: name }
    const template = { metadata: { labels, annotations }, spec: this.podSpec(threads) }
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: this.namespace },
      spec: { ...spec, selector: { matchLabels: labels }, template }
    }
  }

  #folders(place: string): string[] {
    try {
      return readdirSync(place)
        .filter((name) => name.includes(`${this.namespace}_`))
        .map((name) => join(place, name))
    } catch {
      return []
    }
  }
}
