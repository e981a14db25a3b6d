import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../../support/sources.ts'
import { again } from './again.ts'
import type { ControlPlane } from './control-plane.ts'
import type { StoredObject } from './objects.ts'
import { kubeconfigOf, type OwnProcesses, type Running } from './own-processes.ts'
import { until } from './wait.ts'

const namespace = 'pidguard-system'
const path = `/api/v1/namespaces/${namespace}/pods`
const labelSelector = `labelSelector=${encodeURIComponent('app.kubernetes.io/name in (pidguard,pidguard-controller,pidguard-guard)')}`

interface RunPod extends StoredObject {
  readonly metadata: StoredObject['metadata'] & { readonly deletionTimestamp?: string }
  readonly spec: {
    readonly nodeName?: string
    readonly serviceAccountName: string
    readonly containers: readonly [{ readonly image: string; readonly args: readonly string[] }]
  }
}

interface Entry {
  readonly name: string
  readonly node: string
  readonly template: string
  readonly isWebhook: boolean
  replica: Promise<Running>
  isReady: boolean
  isLeaving: boolean
}

export interface PodRunner {
  /** The nodes of the replicas that are ready and not told to go, one entry each. */
  nodes(): string[]
  /** The hashes of the pod templates they were made from. */
  templates(): string[]
  /** The fewest that were ready at once since this was called last. */
  fewest(): number
}

/**
 * What kubelets do, with processes in the place of containers: a pod of a Deployment that is bound starts what it runs
 * with the pod's arguments, and is ready when that is; a pod that is deleted has its replica told to go, and is gone
 * when that has ended. Runs until the control plane stops. `other`: what runs in the place of another image.
 */
export function runPods(
  plane: ControlPlane,
  installation: Pick<OwnProcesses, 'start' | 'startController'>,
  other?: { readonly image: string; start(...args: string[]): Promise<Running> }
): PodRunner {
  const entries = new Map<string, Entry>()
  let fewest = Number.POSITIVE_INFINITY
  const ready = (): Entry[] =>
    [...entries.values()].filter(({ isReady, isLeaving, isWebhook }) => isReady && !isLeaving && isWebhook)

  function start(pod: RunPod): Promise<Running> {
    const [verb, ...all] = pod.spec.containers[0].args
    const args = all.filter((arg) => arg.startsWith('--readings'))
    if (pod.spec.containers[0].image === other?.image) return other.start('--drain=5', ...args)
    return verb === 'serve' ? installation.start('--drain=5', ...args) : installation.startController(...args)
  }

  /** A container waits for its volumes and its account as long as it takes. */
  async function started(pod: RunPod, entry: Entry): Promise<Running> {
    for (;;) {
      try {
        return await entry.replica
      } catch (error) {
        if (entry.isLeaving) throw error
        entry.replica = start(pod)
      }
    }
  }

  async function begin(pod: RunPod, entry: Entry): Promise<void> {
    let replica = await started(pod, entry)
    await until(
      `a ready replica in ${entry.name}`,
      async () => {
        // What ends is started again, as containers are.
        if (replica.hasEnded() && !entry.isLeaving) {
          entry.replica = start(pod)
          replica = await started(pod, entry)
        }
        return entry.isLeaving || (await replica.isReady())
      },
      longest
    )
    await until(`the status of ${entry.name}`, async () => {
      const { status: code, body } = await plane.api.get(`${path}/${entry.name}`)
      if (code === 404 || entry.isLeaving) return true
      const conditions = ['Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' }))
      const status = { ...body.status, phase: 'Running', conditions: [...conditions, scheduled] }
      // Before the API server knows: as soon as it does, an old one may be told to go.
      entry.isReady = true
      return (await plane.api.put(`${path}/${pod.metadata.name}/status`, { ...body, status })).status === 200
    })
  }

  async function end(uid: string, entry: Entry): Promise<void> {
    entry.isLeaving = true
    fewest = Math.min(fewest, ready().length)
    await (await entry.replica).stop()
    await plane.kubectl.run(['delete', `pod/${entry.name}`, '-n', namespace, '--grace-period=0', '--force'])
    entries.delete(uid)
  }

  async function look(): Promise<void> {
    const pods = await plane.api.list<RunPod>('pods', namespace, labelSelector)
    for (const pod of pods) {
      const { uid, name, deletionTimestamp, labels } = pod.metadata
      const entry = entries.get(uid)
      if (entry !== undefined && deletionTimestamp !== undefined && !entry.isLeaving) void end(uid, entry)
      if (entry !== undefined || deletionTimestamp !== undefined || pod.spec.nodeName === undefined) continue
      const isWebhook = labels?.['app.kubernetes.io/name'] === 'pidguard'
      const template = labels?.['pod-template-hash'] ?? ''
      const node = pod.spec.nodeName
      const started = {
        name,
        node,
        template,
        isWebhook,
        replica: start(pod),
        isReady: false,
        isLeaving: false
      }
      entries.set(uid, started)
      // One that never gets ready is what a test would see, by a rollout that does not end.
      begin(pod, started).catch(() => {})
    }
  }

  const watching = again(look, 100)
  plane.atStop(async () => {
    await watching.stop()
  })
  return {
    nodes: () => ready().map(({ node }) => node),
    templates: () => ready().map(({ template }) => template),
    fewest() {
      const found = Math.min(fewest, ready().length)
      fewest = Number.POSITIVE_INFINITY
      return found
    }
  }
}

/** The same for the pod of `helm test`: it has succeeded when the program has, with the rights of its account. */
export function runDoctorPods(plane: ControlPlane): void {
  const done = new Set<string>()
  async function look(): Promise<void> {
    for (const each of await plane.api.list<RunPod>(
      'pods',
      namespace,
      'labelSelector=app.kubernetes.io/name=pidguard-doctor'
    )) {
      const { uid, name } = each.metadata
      if (done.has(uid) || each.spec.nodeName === undefined) continue
      done.add(uid)
      const kubeconfig = join(plane.folder, `${uid}.kubeconfig`)
      writeFileSync(kubeconfig, JSON.stringify(await kubeconfigOf(plane, each.spec.serviceAccountName)))
      const args = [join(projectFolder, 'dist/main.js'), ...each.spec.containers[0].args, `--kubeconfig=${kubeconfig}`]
      const isSound = await new Promise<boolean>((resolve) => {
        execFile(process.execPath, args, (error) => resolve(error === null))
      })
      const { body } = await plane.api.get(`${path}/${name}`)
      const status = { ...body.status, phase: isSound ? 'Succeeded' : 'Failed' }
      await plane.api.put(`${path}/${name}/status`, { ...body, status })
    }
  }
  const watching = again(look, 200)
  plane.atStop(() => watching.stop())
}

/** Milliseconds: what a replica needs may come long after its pod. */
const longest = 15 * 60_000

const scheduled = { type: 'PodScheduled', status: 'True' }
