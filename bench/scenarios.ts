// What is measured. Budgets are ratios to the bare server within one run.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as bodies from './bodies.ts'
import { workFolder } from './machine.ts'

export type Url = '/mutate' | '/validate'

export interface Scenario {
  readonly name: string
  readonly url: Url
  readonly reviews: readonly bodies.Review[]
  readonly connections: number
  /** Mean pause of each connection between two requests, in milliseconds. */
  readonly pause?: number
  /** What is compared: server CPU per request, or a percentile of the latency. */
  readonly measure: 'cpu' | 'p50' | 'p99'
  /** The most the ratio may be. */
  readonly budget?: number
  /** Bytes of one body, for the growth table. */
  readonly bytes?: number
  readonly shape?: string
}

const podBudget = 1.25
const daemonSetBudget = 1.1
const bigPodBudget = 1.05
/** Of resident memory under load. */
export const rssBudget = 1.2

// Enough to keep one core busy; for 1 MB bodies fewer, so that they do not queue up in memory.
const many = 16
const few = 4

function times(count: number, make: (serial: number) => bodies.Review): bodies.Review[] {
  return Array.from({ length: count }, (_, serial) => make(serial))
}

/** Of 20 reviews 16 are Pods, 3 Deployments and one a DaemonSet. */
function mixed(serial: number): bodies.Review {
  if (serial % 20 === 19) return bodies.calicoNode(serial)
  if (serial % 20 >= 16) return bodies.deployment(serial)
  return serial % 4 === 0 ? bodies.podWithoutRequests(serial) : bodies.pod(serial)
}

const judgedPod = (serial: number): bodies.Review => bodies.judged(bodies.pod(serial))

function cpuScenarios(): Scenario[] {
  const cpu = { measure: 'cpu', connections: many } as const
  const big = { measure: 'cpu', connections: few, budget: bigPodBudget } as const
  return [
    { ...cpu, name: 'mutate-pod', url: '/mutate', reviews: times(32, bodies.pod), budget: podBudget },
    {
      ...cpu,
      name: 'mutate-pod-inject',
      url: '/mutate',
      reviews: times(32, bodies.podWithoutRequests),
      budget: podBudget
    },
    { ...cpu, name: 'validate-pod', url: '/validate', reviews: times(32, judgedPod), budget: podBudget },
    {
      ...cpu,
      name: 'validate-deny',
      url: '/validate',
      reviews: times(32, (serial) => bodies.judged(bodies.bestEffortPod(serial)))
    },
    { ...cpu, name: 'mutate-deployment', url: '/mutate', reviews: times(32, bodies.deployment) },
    {
      ...cpu,
      name: 'mutate-daemonset',
      url: '/mutate',
      reviews: times(16, bodies.calicoNode),
      budget: daemonSetBudget
    },
    { ...cpu, name: 'mutate-mix', url: '/mutate', reviews: times(160, mixed) },
    { ...big, name: 'mutate-bigpod', url: '/mutate', reviews: times(3, bodies.bigPod) },
    {
      ...big,
      name: 'validate-bigpod',
      url: '/validate',
      reviews: times(3, (serial) => bodies.judged(bodies.bigPod(serial)))
    }
  ]
}

function latencyScenarios(): Scenario[] {
  return [
    // One caller, who asks again as soon as it has its answer: nothing queues.
    {
      name: 'unloaded-pod',
      url: '/mutate',
      reviews: times(32, bodies.pod),
      connections: 1,
      measure: 'p50',
      budget: 1.2
    },
    // The same with a pause, in which the processor's caches forget both servers.
    { name: 'rare-pod', url: '/mutate', reviews: times(32, bodies.pod), connections: 1, pause: 3, measure: 'p50' },
    // 16 connections, each every 53 ms: 300 requests a second.
    {
      name: 'paced-mix',
      url: '/mutate',
      reviews: times(160, mixed),
      connections: many,
      pause: 53,
      measure: 'p99',
      budget: 1.5
    },
    { name: 'one-bigpod', url: '/mutate', reviews: times(3, bodies.bigPod), connections: 1, pause: 20, measure: 'p50' }
  ]
}

const growthSizes = [64 * 2 ** 10, 256 * 2 ** 10, 2 ** 20, 4 * 2 ** 20]

function growthScenarios(): Scenario[] {
  return Object.entries(bodies.shapes).flatMap(([shape, make]) =>
    (['/mutate', '/validate'] as const).flatMap((url) =>
      growthSizes.map((bytes): Scenario => {
        const name = `growth${url}, ${shape}, ${bytes / 2 ** 10} KB`
        return {
          name,
          url,
          shape,
          bytes,
          reviews: times(2, (serial) => bodies.ofSize(make, serial, bytes)),
          connections: 2,
          measure: 'cpu'
        }
      })
    )
  )
}

export const groups = { cpu: cpuScenarios, latency: latencyScenarios, growth: growthScenarios } as const

/** The scenarios that are asked for: groups, or names within them. */
export function chooseScenarios(words: readonly string[]): Scenario[] {
  const known = Object.entries(groups).flatMap(([group, make]) => make().map((scenario) => ({ group, scenario })))
  const wrong = words.filter((word) => !known.some(({ group, scenario }) => word === group || word === scenario.name))
  if (wrong.length > 0) {
    const names = known.filter(({ group }) => group !== 'growth').map(({ scenario }) => scenario.name)
    throw new Error(`no such scenario: ${wrong.join(', ')}. There are ${[...Object.keys(groups), ...names].join(', ')}`)
  }
  return known
    .filter(({ group, scenario }) => words.includes(group) || words.includes(scenario.name))
    .map(({ scenario }) => scenario)
}

/** Writes the bodies where wrk finds them, and returns the file that lists them. */
export function writeBodies(scenario: Scenario): string {
  const folder = path.join(workFolder, 'bodies', scenario.name.replaceAll(/\W+/g, '-'))
  mkdirSync(folder, { recursive: true })
  const lines = scenario.reviews.map((review, at) => {
    const file = path.join(folder, `${at}.json`)
    writeFileSync(file, bodies.textOf(review))
    // As the API server, which appends its timeout.
    return `${scenario.url}?timeout=10s\t${file}\n`
  })
  const list = path.join(folder, 'list')
  writeFileSync(list, lines.join(''))
  return list
}

export function meanBytes(scenario: Scenario): number {
  return scenario.reviews.reduce((sum, review) => sum + bodies.textOf(review).length, 0) / scenario.reviews.length
}
