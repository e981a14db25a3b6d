import { Counter, Gauge, type Registry } from 'prom-client'

/** One sample of a metric; an undefined value is none. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | undefined]

/** A metric whose samples are read when Prometheus asks. */
export interface ScrapedMetric {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  /** undefined: nothing is known, and so there are none. */
  samples(): Iterable<Sample> | undefined
}

export function addGauge(registry: Registry, metric: ScrapedMetric): void {
  new Gauge({
    ...described(registry, metric),
    collect() {
      this.reset()
      // Without labels, a reset gauge is 0; and unknown is not 0.
      if (metric.labelNames.length === 0) this.remove()
      for (const [labels, value] of known(metric)) this.set(labels, value)
    }
  })
}

/** A counter whose counts are kept elsewhere. */
export function addCounter(registry: Registry, metric: ScrapedMetric): void {
  new Counter({
    ...described(registry, metric),
    collect() {
      this.reset()
      for (const [labels, value] of known(metric)) this.inc(labels, value)
    }
  })
}

function described(registry: Registry, { name, help, labelNames }: ScrapedMetric) {
  return { name, help, labelNames: [...labelNames], registers: [registry] }
}

function* known({ samples }: ScrapedMetric): Generator<readonly [labels: Sample[0], value: number]> {
  for (const [labels, value] of samples() ?? []) if (value !== undefined) yield [labels, value]
}
