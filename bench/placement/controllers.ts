import { declaredPids, pidsEstimate } from '../../src/kubernetes/annotations.ts'
import type { Millis } from '../../src/lib/units.ts'
import { type Cluster, livePods } from './cluster.ts'
import type { Reviewed } from './program.ts'
import type { Scheduler } from './scheduler.ts'
import { isEnded, type Pod, type PodObject, type Workload } from './truth.ts'

/** What is asked about a creation before it is carried out, in the words of an AdmissionReview. */
export function creationOf(uid: string, kind: 'Pod' | 'Deployment', object: object): object {
  const [group, resource] = kind === 'Pod' ? ['', 'pods'] : ['apps', 'deployments']
  const { name, namespace } = (object as PodObject).metadata
  return {
    uid: `create-${uid}`,
    kind: { group, version: 'v1', kind },
    resource: { group, version: 'v1', resource },
    subResource: '',
    operation: 'CREATE',
    namespace,
    name,
    userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
    object,
    oldObject: null,
    dryRun: false
  }
}

/** The controllers of workloads as those of Kubernetes are: batches of 1, 2, 4, …; 20 requests a second, 30 at once; back-off. */
export class Controllers {
  readonly #cluster: Cluster
  readonly #scheduler: Scheduler
  #made = 0
  #tokens = 30
  #tokensAt: Millis = 0
  /** A pod was denied. */
  onDenial: (workload: Workload) => void = () => {}

  constructor(cluster: Cluster, scheduler: Scheduler) {
    this.#cluster = cluster
    this.#scheduler = scheduler
    scheduler.onChange = (pod) => {
      if (pod.runsSince !== undefined && pod.workload.kind === 'Job') {
        cluster.queue.after(pod.workload.lifetime, () => this.#complete(pod))
      }
      if (pod.endedAt !== undefined) cluster.queue.after(30_000, () => this.remove(pod))
      this.changed(pod.workload)
    }
  }

  changed(workload: Workload): void {
    if (workload.isDeleted) return
    if (workload.isSyncing) workload.isDirty = true
    else this.#cluster.queue.after(2, () => this.sync(workload))
  }

  sync(workload: Workload): void {
    if (workload.isSyncing || workload.isDeleted) return
    const live = livePods(workload)
    const missing = wantedPods(workload) - live.length
    if (missing < 0) {
      const pendingFirst = live.sort((a, b) => Number(a.boundAt !== undefined) - Number(b.boundAt !== undefined))
      for (const pod of pendingFirst.slice(0, -missing)) this.deletePod(pod)
    } else if (missing === 0) workload.failures = 0
    else if (workload.kind !== 'StatefulSet') this.#create(workload, missing)
    else if (live.every(({ runsSince }) => runsSince !== undefined)) this.#create(workload, 1)
  }

  #create(workload: Workload, missing: number): void {
    workload.isSyncing = true
    let left = missing
    let hasFailed = false
    const batch = (size: number): void => {
      let open = Math.min(size, left)
      if (open === 0) {
        this.#end(workload, hasFailed)
        return
      }
      const done = (isCreated: boolean): void => {
        left--
        hasFailed ||= !isCreated
        if (--open > 0) return
        if (hasFailed) this.#end(workload, true)
        else batch(size * 2)
      }
      for (let number = open; number > 0; number--) {
        this.#cluster.queue.after(this.#throttle(), () => this.#createPod(workload, done))
      }
    }
    batch(1)
  }

  #end(workload: Workload, hasFailed: boolean): void {
    workload.isSyncing = false
    const isDirty = workload.isDirty
    workload.isDirty = false
    if (!hasFailed) workload.failures = 0
    else {
      const [first, most] = workload.kind === 'Job' ? [10_000, 360_000] : [5, 1_000_000]
      const wait = Math.min(first * 2 ** Math.min(30, workload.failures++), most)
      if (!workload.isTimed) {
        workload.isTimed = true
        this.#cluster.queue.after(wait, () => {
          workload.isTimed = false
          this.sync(workload)
        })
      }
    }
    if (isDirty) this.changed(workload)
  }

  #throttle(): Millis {
    const { now } = this.#cluster.queue
    this.#tokens = Math.min(30, this.#tokens + ((now - this.#tokensAt) * 20) / 1000) - 1
    this.#tokensAt = now
    return this.#tokens >= 0 ? this.#cluster.random.between(0, 3) : (-this.#tokens * 1000) / 20
  }

  /** Both webhooks are asked, then it is stored. */
  #createPod(workload: Workload, done: (isCreated: boolean) => void): void {
    const { queue, figures, anyReplica, scenario } = this.#cluster
    const object = this.#podOf(workload)
    const { uid } = object.metadata
    patch(object, anyReplica.review('mutate', creationOf(uid, 'Pod', object)).patch)
    queue.after(2, () => {
      figures.creations++
      const { allowed } = this.#cluster.writer.review('validate', creationOf(uid, 'Pod', object))
      if (!allowed) {
        figures.denials++
        this.onDenial(workload)
        queue.after(1, () => done(false))
        return
      }
      const admitted = { workload, pids: Number(object.metadata.annotations[pidsEstimate] ?? workload.pids) }
      this.#cluster.admitted.add(admitted)
      queue.after(2, () => {
        this.#cluster.admitted.delete(admitted)
        const { noise } = this.#cluster
        const pod: Pod = {
          object,
          workload,
          createdAt: queue.now,
          ramp: workload.ramp * noise.between(0.7, 1.3),
          peak: Math.max(1, Math.round(workload.pids * noise.between(0.8, 1))),
          phase: noise.between(0, 10_000),
          node: undefined,
          boundAt: undefined,
          runsSince: undefined,
          endedAt: undefined,
          isGone: false,
          hasLeft: false,
          isUnschedulable: false,
          attempts: 0,
          triedAt: 0,
          missedSince: undefined
        }
        const requests = object.spec.containers[0]?.resources.requests ?? {}
        if (scenario.way === 'scheduler' && requests['pidguard.io/pids'] === undefined) figures.withoutRequest++
        this.#cluster.pods.add(pod)
        this.#cluster.everyPod.set(uid, pod)
        workload.pods.add(pod)
        this.#cluster.stored('pods', object)
        queue.after(3, () => this.#scheduler.add(pod))
        queue.after(1, () => done(true))
      })
    })
  }

  #podOf({ name, namespace, kind, revision, pids, cpu, selector }: Workload): PodObject {
    const uid = `pod-${++this.#made}`
    const owner = kind === 'Deployment' ? { kind: 'ReplicaSet', name: `${name}-r${revision}` } : { kind, name }
    return {
      metadata: {
        name: `${name}-${this.#made}`,
        namespace,
        uid,
        labels: { app: name, 'pod-template-hash': `r${revision}` },
        annotations: { [declaredPids]: String(pids) },
        creationTimestamp: this.#cluster.isoTime,
        ownerReferences: [{ ...owner, apiVersion: 'apps/v1', controller: true, uid: `owner-${name}` }]
      },
      spec: {
        containers: [
          { name: 'app', image: 'registry/app:1', resources: { requests: { cpu: `${cpu}m`, memory: '64Mi' } } }
        ],
        nodeSelector: selector,
        priority: 0
      },
      status: { phase: 'Pending' }
    } as PodObject
  }

  #complete(pod: Pod): void {
    if (isEnded(pod)) return
    const { queue, noise } = this.#cluster
    pod.object.status.phase = 'Succeeded'
    pod.endedAt = queue.now
    pod.workload.left--
    this.#scheduler.leave(pod)
    this.#cluster.stored('pods', pod.object)
    this.changed(pod.workload)
    queue.after(noise.between(20_000, 90_000), () => this.remove(pod))
  }

  /** Half of the pods end soon, the others after their grace period. */
  deletePod(pod: Pod): void {
    const { queue, noise } = this.#cluster
    const { metadata } = pod.object
    if (pod.isGone || metadata.deletionTimestamp !== undefined) return
    if (pod.boundAt === undefined) {
      this.remove(pod)
      return
    }
    metadata.deletionTimestamp = this.#cluster.isoTime
    this.#cluster.stored('pods', pod.object)
    this.changed(pod.workload)
    queue.after(noise.chance(0.5) ? noise.between(500, 4_000) : noise.between(8_000, 30_000), () => {
      pod.endedAt ??= queue.now
      queue.after(300, () => this.remove(pod))
    })
  }

  remove(pod: Pod): void {
    if (pod.isGone) return
    pod.isGone = true
    this.#cluster.pods.delete(pod)
    pod.workload.pods.delete(pod)
    pod.node?.pods.delete(pod)
    this.#scheduler.leave(pod)
    this.#cluster.stored('pods', pod.object, true)
    this.changed(pod.workload)
  }
}

export function wantedPods({ kind, wanted, left }: Workload): number {
  return kind === 'Job' ? Math.min(wanted, left) : wanted
}

/** What a JSON Patch of the webhook does: it adds and replaces. */
function patch(object: object, operations: Reviewed['patch']): void {
  for (const { op, path, value } of operations) {
    if (op !== 'add' && op !== 'replace') throw new Error(`not simulated: ${op} ${path}`)
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = keys.pop() as string
    let at = object as Record<string, unknown>
    for (const key of keys) at = at[key] as Record<string, unknown>
    at[last] = value
  }
}
