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

export function addGauge(registry: Registry, { name, help, labelNames, samples }: ScrapedMetric): void {
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset()
      // Without labels, a reset gauge is 0; and unknown is not 0.
      if (labelNames.length === 0) this.remove()
      for (const [labels, value] of samples() ?? []) if (value !== undefined) this.set(labels, value)
    }
  })
}

/** A counter whose counts are kept elsewhere. */
export function addCounter(registry: Registry, { name, help, labelNames, samples }: ScrapedMetric): void {
  new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset()
      for (const [labels, value] of samples() ?? []) if (value !== undefined) this.inc(labels, value)
    }
  })
}
