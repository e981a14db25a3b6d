import type { Metric, Registry } from 'prom-client'
import type { Webhook } from '../../model/review-outcome.ts'
import { addCounter } from './scraped.ts'

/**
 * Metrics that are counted on the admission path: plain numbers there, and passed to prom-client only when Prometheus
 * scrapes. Its own children cost a review as much as some rules (bench/README.md).
 */

/** A counter with one number for each combination of label values, given in the order of the labels. */
export interface Tally {
  add(...values: string[]): void
}

/** A tree with one level for each label: a key joined from all labels would have to be hashed for every review. */
interface Branch {
  count: number
  readonly next: Map<string, Branch>
}

/** Registers a counter with these labels. Label values come from closed sets. */
export function addTally(registry: Registry, name: string, help: string, labelNames: readonly string[]): Tally {
  const root: Branch = { count: 0, next: new Map() }
  addCounter(registry, {
    name,
    help,
    labelNames,
    samples: () =>
      leavesOf(root, []).map(({ values, count }) => [
        Object.fromEntries(labelNames.map((label, i) => [label, values[i] ?? ''])),
        count
      ])
  })
  return {
    add(...values) {
      let at = root
      for (const value of values) {
        let next = at.next.get(value)
        if (next === undefined) {
          next = { count: 0, next: new Map() }
          at.next.set(value, next)
        }
        at = next
      }
      at.count++
    }
  }
}

function leavesOf({ count, next }: Branch, values: readonly string[]): { values: readonly string[]; count: number }[] {
  if (next.size === 0) return count === 0 ? [] : [{ values, count }]
  return [...next].flatMap(([value, branch]) => leavesOf(branch, [...values, value]))
}

/** One sample as a registry writes it. */
interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

interface Durations {
  /** By the first bound that the value does not exceed; the last is +Inf. Not yet cumulative. */
  readonly counts: number[]
  sum: number
}

/** A histogram with the label `webhook`, as Prometheus' text format defines it: cumulative buckets, sum and count. */
export class DurationHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #bounds: readonly number[]
  readonly #byWebhook: Readonly<Record<Webhook, Durations>>

  /** `bounds` in seconds, ascending. */
  constructor(registry: Registry, name: string, help: string, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.#bounds = bounds
    this.#byWebhook = { mutate: this.#empty(), validate: this.#empty() }
    // The registry asks a metric for what `get` gives, and for no more; its type wants prom-client's own classes.
    registry.registerMetric(this as unknown as Metric)
  }

  observe(webhook: Webhook, seconds: number): void {
    const held = this.#byWebhook[webhook]
    let i = 0
    while (i < this.#bounds.length && seconds > (this.#bounds[i] as number)) i++
    held.counts[i] = (held.counts[i] as number) + 1
    held.sum += seconds
  }

  async get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: readonly Sample[] }> {
    const { name, help, type, aggregator } = this
    const values = (Object.keys(this.#byWebhook) as Webhook[]).flatMap((webhook) => this.#samplesOf(webhook))
    return { name, help, type, aggregator, values }
  }

  #empty(): Durations {
    return { counts: Array.from({ length: this.#bounds.length + 1 }, () => 0), sum: 0 }
  }

  #samplesOf(webhook: Webhook): Sample[] {
    const { counts, sum } = this.#byWebhook[webhook]
    let total = 0
    const buckets = counts.map((count, i) => {
      total += count
      return { metricName: `${this.name}_bucket`, labels: { le: this.#bounds[i] ?? '+Inf', webhook }, value: total }
    })
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels: { webhook }, value: sum },
      { metricName: `${this.name}_count`, labels: { webhook }, value: total }
    ]
  }
}
