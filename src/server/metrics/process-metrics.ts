import { Counter, collectDefaultMetrics, Registry } from 'prom-client'
import type { Millis } from '../../lib/units.ts'
import type { Clock } from '../../ports/runtime.ts'
import { addHeadroomMetrics, type HeadroomStatus } from './headroom-metrics.ts'
import { addGauge } from './scraped.ts'

/** What the gauges of both processes are read from when Prometheus asks. */
export interface ProcessSources {
  readonly clock: Clock
  policy(): { generation: number; loadedAt: Millis; isLatest: boolean }
  certificate(): { expiresAt: Millis } | undefined
  /** undefined where nothing is known of a cluster. */
  headroom(): HeadroomStatus | undefined
}

export interface ProcessMetrics {
  countReload(what: 'policy' | 'certificate', result: 'loaded' | 'kept' | 'unchanged'): void
  render(): Promise<{ contentType: string; text: string }>
}

/** A registry with what both processes say: of Node, of the policy and the certificate, of what they know of the cluster. */
export function buildProcessMetrics(sources: ProcessSources): { readonly registry: Registry } & ProcessMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const reloads = new Counter({
    name: 'pidguard_reloads_total',
    help: 'Changed files that were read again, by content and by result: loaded, or kept (the last good one stays).',
    labelNames: ['what', 'result'],
    registers: [registry]
  })
  addGauges(registry, sources)
  addHeadroomMetrics(registry, sources.clock, () => sources.headroom())
  return {
    registry,
    countReload(what, result) {
      if (result !== 'unchanged') reloads.inc({ what, result })
    },
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() }
    }
  }
}

function addGauges(registry: Registry, sources: ProcessSources): void {
  const { clock, policy, certificate } = sources
  const gauge = (name: string, help: string, value: () => number | undefined): void =>
    addGauge(registry, { name, help, labelNames: [], samples: () => [[{}, value()]] })
  gauge(
    'pidguard_policy_generation',
    'Policies loaded since the start, including the one in force.',
    () => policy().generation
  )
  gauge(
    'pidguard_policy_age_seconds',
    'Time since the policy in force was loaded.',
    () => (clock.now() - policy().loadedAt) / 1000
  )
  gauge('pidguard_policy_latest', '1 when the policy in force is the one in the file, 0 when that one is broken.', () =>
    Number(policy().isLatest)
  )
  gauge(
    'pidguard_certificate_expiry_timestamp_seconds',
    'When the serving certificate expires, in seconds since the epoch.',
    () => {
      const expiresAt = certificate()?.expiresAt
      return expiresAt === undefined ? undefined : expiresAt / 1000
    }
  )
}
