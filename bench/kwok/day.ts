// One day with one way of guarding, of some minutes.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ControlPlane, startControlPlane } from '../../test/e2e/support/control-plane.ts'
import { makeFolder, removeFolder } from '../../test/e2e/support/processes.ts'
import { until } from '../../test/e2e/support/wait.ts'
import { Random } from '../placement/random.ts'
import { startKwok } from './controller.ts'
import { Fleet, fleetOf } from './fleet.ts'
import { type Guarding, startPidguard, type Way } from './pidguard.ts'
import { Recorder, type Result } from './recorder.ts'
import { namespace, Truth } from './truth.ts'
import { collectionOf, drawWorkloads, jobOf, objectOf, pathOf, podsOf, type Workload } from './workloads.ts'

export const phases = ['fill', 'quiet', 'rollout', 'scale-up', 'leak', 'nodes', 'jobs'] as const
export type Phase = (typeof phases)[number]

export interface DayOptions {
  readonly way: Way
  readonly nodes: number
  readonly pods: number
  readonly replicas: number
  readonly seed: number
  /** The last phase that is played. */
  readonly until: Phase
  /** The built kwok. */
  readonly kwok: string
}

const second = 1_000
/** Of all ceilings, what the pods declare at the end of the filling: nine tenths of what the floor leaves. */
const demand = 0.82
/** Calls at once, where many objects are written. */
const hands = 16

/** Only what pidguard writes to Nodes is in the log. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'Metadata',
      verbs: ['update', 'patch'],
      users: ['pidguard', 'pidguard-controller'].map((name) => `system:serviceaccount:pidguard-system:${name}`),
      resources: [{ group: '', resources: ['nodes', 'nodes/status'] }]
    },
    { level: 'None' }
  ]
}

/** Starts a cluster, plays the day on it, and leaves nothing behind. */
export async function playDay(options: DayOptions): Promise<Result> {
  const folder = makeFolder('pidguard-kwok-')
  const auditFile = join(folder, 'audit-policy.json')
  writeFileSync(auditFile, JSON.stringify(auditPolicy))
  // By default both may send 20 to 50 calls a second: it would be the day's only bound.
  const busy = { 'kube-api-qps': '1000', 'kube-api-burst': '2000' }
  const plane = await startControlPlane({
    controllers: true,
    scheduler: true,
    flags: { 'audit-policy-file': auditFile },
    controllerFlags: { ...busy, 'concurrent-deployment-syncs': '10', 'concurrent-replicaset-syncs': '10' },
    schedulerFlags: busy
  })
  try {
    return await new Day(options, plane).play()
  } finally {
    await plane.stop()
    removeFolder(folder)
  }
}

class Day {
  readonly #options: DayOptions
  readonly #plane: ControlPlane
  readonly #truth: Truth
  readonly #fleet: Fleet
  readonly #recorder: Recorder
  readonly #random: Random
  #workloads: readonly Workload[]
  #guarding: Guarding | undefined

  constructor(options: DayOptions, plane: ControlPlane) {
    this.#options = options
    this.#plane = plane
    this.#random = new Random(options.seed)
    this.#truth = new Truth(plane, new Random(options.seed + 1))
    this.#fleet = new Fleet(plane, (node) => this.#truth.held(node))
    this.#recorder = new Recorder(plane, this.#truth, this.#fleet, options.way)
    const ceilings = fleetOf(options.nodes).reduce((sum, { ceiling }) => sum + ceiling, 0)
    this.#workloads = drawWorkloads(this.#random, options.pods, demand * ceilings)
  }

  async play(): Promise<Result> {
    const { way, nodes, replicas, kwok } = this.#options
    await this.#plane.createNamespace(namespace)
    const guarding = await startPidguard(this.#plane, way, replicas)
    this.#guarding = guarding
    await startKwok(this.#plane, kwok)
    await atOnce(fleetOf(nodes), (node) => this.#fleet.add(node))
    await this.#untilReady()
    this.#recorder.start(guarding)
    const acts: Readonly<Record<Phase, () => Promise<void>>> = {
      fill: () => this.#fill(),
      quiet: () => sleep(30 * second),
      rollout: () => this.#rollOut(),
      'scale-up': () => this.#scaleUp(),
      leak: () => this.#leak(),
      nodes: () => this.#replaceNodes(),
      jobs: () => this.#runJobs()
    }
    for (const phase of phases.slice(0, phases.indexOf(this.#options.until) + 1)) await this.#phase(phase, acts[phase])
    return await this.#recorder.end()
  }

  async #phase(name: Phase, act: () => Promise<void>): Promise<void> {
    this.#recorder.begin(name)
    await act()
    if (this.#options.way === 'scheduler') await this.#untilExplained(name)
    this.#recorder.endPhase()
  }

  /** All nodes take pods, each process of pidguard has read them all, and with `scheduler` all offer PIDs. */
  async #untilReady(): Promise<void> {
    const { size } = this.#fleet.nodes
    const patience = 300 * second
    await until(`${size} ready nodes`, () => this.#truth.readyNodes() === size, patience)
    await this.#guarding?.untilRead(size)
    if (this.#options.way === 'scheduler') {
      await until(`${size} nodes that offer PIDs`, () => this.#truth.offeringNodes() === size, patience)
    }
  }

  /** Every pod has a node, or the scheduler says that PIDs are what it lacks. */
  async #untilExplained(phase: string): Promise<void> {
    const unexplained = () =>
      this.#truth.pending().filter(({ pending }) => !pending.includes('Insufficient pidguard.io/pids'))
    await until('reasons of all pending pods', () => unexplained().length === 0, 60 * second).catch(() => {
      for (const { name, pending } of unexplained().slice(0, 5)) {
        this.#recorder.fail(
          `${phase}: pod ${name} has neither a node nor the reason of PIDs: ${pending || 'not tried'}`
        )
      }
    })
  }

  async #fill(): Promise<void> {
    this.#recorder.wanted = podsOf(this.#workloads)
    await atOnce(this.#workloads, (workload) => this.#write('POST', collectionOf(workload.kind), objectOf(workload)))
    await this.#untilSettled(900 * second)
  }

  /** All that is wanted runs, or nothing has changed for a minute. */
  async #untilSettled(within: number): Promise<void> {
    const giveUpAt = performance.now() + within
    let last = { progress: -1, at: 0 }
    while (performance.now() < giveUpAt && this.#truth.running() < this.#recorder.wanted) {
      const progress = this.#truth.boundAt.length + this.#truth.running()
      if (progress !== last.progress) last = { progress, at: performance.now() }
      if (performance.now() - last.at > 60 * second) return
      await sleep(500)
    }
  }

  /** One Deployment in ten gets a new template. */
  async #rollOut(): Promise<void> {
    const deployments = this.#workloads.filter(({ kind }) => kind === 'Deployment')
    const chosen = deployments.filter((_, index) => index % 10 === 3)
    await atOnce(chosen, (workload) => this.#restart(workload))
    await sleep(60 * second)
  }

  #restart(workload: Workload): Promise<void> {
    const annotations = { 'example.com/release': '2' }
    return this.#write('PATCH', pathOf(workload), { spec: { template: { metadata: { annotations } } } })
  }

  /** A fifth more of everything, which is more than there is room for, and back. */
  async #scaleUp(): Promise<void> {
    const scaled = this.#workloads.map((each) => ({ ...each, replicas: Math.ceil(each.replicas * 1.2) }))
    await this.#scaleTo(scaled)
    await sleep(60 * second)
    await this.#scaleTo(this.#workloads)
    await sleep(30 * second)
  }

  async #scaleTo(workloads: readonly Workload[]): Promise<void> {
    this.#recorder.wanted = podsOf(workloads)
    await atOnce(workloads, (each) => this.#write('PATCH', pathOf(each), { spec: { replicas: each.replicas } }))
  }

  /** The pods of one Deployment grow to ten times what they declare; after seventy seconds a release without the leak comes. */
  async #leak(): Promise<void> {
    const few = this.#workloads.filter(
      ({ kind, replicas }) => kind === 'Deployment' && replicas >= 10 && replicas <= 60
    )
    const leaking = few.sort((a, b) => a.estimate - b.estimate)[Math.floor(few.length / 2)]
    if (leaking === undefined) throw new Error('no Deployment is of the size that leaks')
    this.#truth.leak(leaking.name)
    await sleep(70 * second)
    await this.#restart(leaking)
    await sleep(50 * second)
  }

  /** One node in fifty is drained and goes; others of the same kind come. */
  async #replaceNodes(): Promise<void> {
    const all = [...this.#fleet.nodes.values()]
    const going = all.filter((_, index) => index % 50 === 7)
    await atOnce(going, async ({ name }) => {
      await this.#write('PATCH', `/api/v1/nodes/${name}`, { spec: { unschedulable: true } })
      await atOnce(this.#truth.podsOn(name), async (pod) => {
        await this.#plane.api.send('DELETE', `/api/v1/namespaces/${namespace}/pods/${pod.name}`)
      })
      await until(`${name} empty`, () => this.#truth.podsOn(name).length === 0)
      await this.#fleet.remove(name)
    })
    await sleep(10 * second)
    await atOnce(going, ({ name, ceiling }) => this.#fleet.add({ name: `${name}-new`, ceiling }))
    await sleep(50 * second)
  }

  /** Jobs of a twentieth of all pods, at once. */
  async #runJobs(): Promise<void> {
    const jobs = Array.from({ length: Math.max(1, Math.round(this.#options.pods / 200)) }, (_, index) =>
      jobOf(`batch-${index}`, 10, this.#random.whole(20, 200))
    )
    await atOnce(jobs, (job) => this.#write('POST', `/apis/batch/v1/namespaces/${namespace}/jobs`, job))
    await sleep(70 * second)
  }

  async #write(method: 'POST' | 'PATCH', path: string, object: object): Promise<void> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : undefined
    const { status, body } = await this.#plane.api.send(method, path, object, type)
    if (status >= 300) this.#recorder.fail(`${method} ${path}: ${status} ${body.message}`)
  }
}

async function atOnce<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items]
  await Promise.all(
    Array.from({ length: hands }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item)
    })
  )
}
