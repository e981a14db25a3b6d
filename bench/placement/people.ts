import { declaredPids } from '../../src/kubernetes/annotations.ts'
import type { Cluster } from './cluster.ts'
import { type Controllers, creationOf } from './controllers.ts'
import { roomOf, type Workload } from './truth.ts'

/** What people do in the simulated time: they apply workloads until the demand is reached, change them, and look after nodes. */
export class People {
  readonly #cluster: Cluster
  readonly #controllers: Controllers

  constructor(cluster: Cluster, controllers: Controllers) {
    this.#cluster = cluster
    this.#controllers = controllers
    // What nodes offer is published by then.
    cluster.queue.after(cluster.scenario.way === 'scheduler' ? 45_000 : 4_000, () => this.#rollOut())
    cluster.queue.after(60_000, () => this.#change())
  }

  #rollOut(): void {
    const { queue, random, workloads, nodes, scenario } = this.#cluster
    if (queue.now >= this.#cluster.end * 0.75) return
    let room = 0
    for (const node of nodes.values()) room += Math.max(0, roomOf(node))
    let demand = 0
    for (const { isDeleted, wanted, pids } of workloads) if (!isDeleted) demand += wanted * pids
    if (demand < room * scenario.demand) this.#apply(this.#make(), random.chance(0.5))
    queue.after(random.between(500, 6_000), () => this.#rollOut())
  }

  #make(): Workload {
    const { random, scenario, workloads } = this.#cluster
    const [least, most] = scenario.isReal ? [100, 2_000] : [8, 900]
    const wanted = random.whole(1, 30)
    const workload: Workload = {
      name: `app${workloads.length}`,
      namespace: random.pick(['batch', 'shop', 'default', 'default']),
      kind: random.pick(['Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'Job']),
      pids: Math.round(random.logarithmic(least, most)),
      cpu: random.whole(20, 400),
      selector: random.pick([{}, {}, {}, {}, {}, {}, { zone: `z${random.whole(0, 2)}` }, { pool: 'b' }]),
      ramp: random.between(500, 45_000),
      lifetime: random.between(15_000, 120_000),
      pods: new Set(),
      wanted,
      left: wanted * random.whole(1, 3),
      revision: 0,
      isApplied: false,
      isDeleted: false,
      isSyncing: false,
      isDirty: false,
      isTimed: false,
      failures: 0
    }
    workloads.push(workload)
    return workload
  }

  /** Half of the workloads come by somebody whose Deployment is asked about; denied, it is applied again a minute later. */
  #apply(workload: Workload, isUnasked: boolean): void {
    if (workload.kind === 'Deployment' && !isUnasked && !this.#isAdmitted(workload)) {
      this.#cluster.queue.after(60_000, () => this.#apply(workload, false))
      return
    }
    workload.isApplied = true
    this.#controllers.sync(workload)
  }

  #isAdmitted({ name, namespace, wanted, pids, cpu, selector }: Workload): boolean {
    const requests = { cpu: `${cpu}m`, memory: '64Mi' }
    const containers = [{ name: 'app', image: 'registry/app:1', resources: { requests } }]
    const template = {
      metadata: { labels: { app: name }, annotations: { [declaredPids]: String(pids) } },
      spec: { containers, nodeSelector: selector }
    }
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, uid: `owner-${name}` },
      spec: { replicas: wanted, template }
    }
    return this.#cluster.anyReplica.review('validate', creationOf(name, 'Deployment', deployment)).allowed
  }

  #change(): void {
    const { queue, random, workloads, nodes, noise } = this.#cluster
    if (queue.now >= this.#cluster.end * 0.8) return
    queue.after(random.between(1_000, 9_000), () => this.#change())
    const live = workloads.filter(({ isApplied, isDeleted }) => isApplied && !isDeleted)
    if (live.length === 0) return
    const workload = random.pick(live)
    const pods = [...workload.pods]
    const what = random.next()
    if (what < 0.2) {
      workload.isDeleted = true
      for (const pod of pods) this.#controllers.deletePod(pod)
    } else if (what < 0.45) {
      workload.wanted = Math.max(0, workload.wanted + random.whole(-8, 8))
      this.#controllers.changed(workload)
    } else if (what < 0.6) {
      workload.revision++
      for (const pod of pods.slice(0, Math.ceil(pods.length / 4))) this.#controllers.deletePod(pod)
    } else if (what < 0.85) {
      for (const pod of pods.slice(0, 1)) this.#controllers.deletePod(pod)
    } else if (what < 0.9) {
      const node = random.pick([...nodes.values()])
      node.object.spec.unschedulable = !node.object.spec.unschedulable
      this.#cluster.changedNode(node)
    } else if (what < 0.95) {
      this.#cluster.removeNode(random.pick([...nodes.values()]), (pod) => this.#controllers.remove(pod))
      queue.after(noise.between(1_000, 60_000), () => this.#cluster.addNode())
    }
  }

  /** Nothing new is wanted any more: what runs then stays. */
  rest(): void {
    for (const workload of this.#cluster.workloads) workload.wanted = Math.min(workload.wanted, workload.pods.size)
  }
}
