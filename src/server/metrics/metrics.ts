import { Counter, collectDefaultMetrics, Registry } from 'prom-client'
import type { AuditStatus } from '../../audit/interval-audits.ts'
import type { Millis } from '../../lib/units.ts'
import type { Mode } from '../../model/finding.ts'
import type { ReviewResult, RuleOutcome, Webhook } from '../../model/review-outcome.ts'
import type { Clock, Meter } from '../../ports/runtime.ts'
import { addAuditMetrics } from './audit-metrics.ts'
import { addTally, DurationHistogram } from './cheap-counters.ts'
import { addHeadroomMetrics, type HeadroomStatus } from './headroom-metrics.ts'
import { addGauge } from './scraped.ts'

/** What the gauges are read from when Prometheus asks. */
export interface MetricSources {
  readonly clock: Clock
  policy(): { generation: number; loadedAt: Millis; isLatest: boolean }
  certificate(): { expiresAt: Millis } | undefined
  /** Nodes that carry our taint, and nodes that are low without; undefined in a process that does not lead. */
  taints?(): { tainted: number; passedOver: number } | undefined
  /** Nodes near their floor; undefined in a process that does not lead, or where none is asked for. */
  nearFloor?(): number | undefined
  /** DaemonSets of Calico; undefined in a process that does not lead. */
  calico?(): { asPolicy: number; outOfPolicy: number; stopped: number; oldPods: number | undefined } | undefined
  /** undefined in a process that does not audit. */
  audits?(): AuditStatus | undefined
  /** undefined where nothing is known of a cluster. */
  headroom(): HeadroomStatus | undefined
}

export interface Metrics extends Meter {
  countReload(what: 'policy' | 'certificate', result: 'loaded' | 'kept' | 'unchanged'): void
  countTaint(change: 'taint' | 'untaint', result: 'done' | 'forbidden' | 'failed'): void
  countNearFloor(result: 'posted' | 'forbidden' | 'failed' | 'held-back'): void
  countCalicoRepair(result: 'written' | 'forbidden' | 'failed' | 'conflict' | 'stopped'): void
  render(): Promise<{ contentType: string; text: string }>
}

/** From a tenth of a millisecond, a usual review, to the API server's usual patience of 10 s. */
const buckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1, 10]

/** All metrics of this process in a registry of their own; the ones of the process and of its event loop among them. */
export function buildMetrics(sources: MetricSources): Metrics {
  const registers = [new Registry()]
  const registry = registers[0] as Registry
  collectDefaultMetrics({ register: registry })
  const duration = new DurationHistogram(
    registry,
    'pidguard_review_duration_seconds',
    'Time from the complete body to the answer, by webhook.',
    buckets
  )
  const reviews = addTally(
    registry,
    'pidguard_reviews_total',
    'Reviews by webhook and by the worst that happened to them: allowed, changed, denied, fault, malformed, late (not checked).',
    ['webhook', 'result']
  )
  const decisions = addTally(
    registry,
    'pidguard_decisions_total',
    'What rules did, by rule, its mode, and outcome: deny, warn, audit, fix, skip, fault, exempt.',
    ['rule', 'mode', 'outcome']
  )
  const reloads = new Counter({
    name: 'pidguard_reloads_total',
    help: 'Changed files that were read again, by content and by result: loaded, or kept (the last good one stays).',
    labelNames: ['what', 'result'],
    registers
  })
  const taintWrites = new Counter({
    name: 'pidguard_node_taint_writes_total',
    help: 'Taints set on nodes low on PIDs and removed, by change (taint, untaint) and result (done, forbidden, failed).',
    labelNames: ['change', 'result'],
    registers
  })
  const nearFloorEvents = new Counter({
    name: 'pidguard_near_floor_events_total',
    help: 'Events on nodes that came near their floor, by result: posted, forbidden, failed, held-back (more than 20 a minute).',
    labelNames: ['result'],
    registers
  })
  const calicoRepairs = new Counter({
    name: 'pidguard_calico_repairs_total',
    help: 'Repairs of DaemonSets of Calico by the leader, by result: written, conflict (another writer was quicker), forbidden, failed, stopped (undone twice).',
    labelNames: ['result'],
    registers
  })
  addGauge(registry, {
    name: 'pidguard_calico_daemonsets',
    help: 'DaemonSets that run Felix, by state: as-policy, out-of-policy; stopped are those of the latter that are repaired no more.',
    labelNames: ['state'],
    samples() {
      const counts = sources.calico?.()
      if (counts === undefined) return undefined
      return [
        [{ state: 'as-policy' }, counts.asPolicy],
        [{ state: 'out-of-policy' }, counts.outOfPolicy],
        [{ state: 'stopped' }, counts.stopped]
      ]
    }
  })
  addGauge(registry, {
    name: 'pidguard_calico_old_pods',
    help: 'Pods that run Felix of an old revision of their DaemonSet. Exported by the leader only.',
    labelNames: [],
    samples() {
      const oldPods = sources.calico?.()?.oldPods
      return oldPods === undefined ? undefined : [[{}, oldPods]]
    }
  })
  addGauges(registry, sources)
  addHeadroomMetrics(registry, sources.clock, () => sources.headroom())
  addAuditMetrics(registry, () => sources.audits?.())
  return {
    countReview(webhook: Webhook, result: ReviewResult, seconds: number) {
      duration.observe(webhook, seconds)
      reviews.add(webhook, result)
    },
    countOutcome(ruleId: string, mode: Mode, outcome: RuleOutcome) {
      decisions.add(ruleId, mode, outcome)
    },
    countReload(what, result) {
      if (result !== 'unchanged') reloads.inc({ what, result })
    },
    countTaint(change, result) {
      taintWrites.inc({ change, result })
    },
    countNearFloor(result) {
      nearFloorEvents.inc({ result })
    },
    countCalicoRepair(result) {
      calicoRepairs.inc({ result })
    },
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() }
    }
  }
}

function addGauges(registry: Registry, sources: MetricSources): void {
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
  gauge(
    'pidguard_tainted_nodes',
    'Nodes that carry the taint pidguard.io/low-pids. Exported by the leader only.',
    () => sources.taints?.()?.tainted
  )
  gauge(
    'pidguard_low_untainted_nodes',
    'Nodes low on PIDs that are not tainted, because maxTaintedShare of them are. Exported by the leader only.',
    () => sources.taints?.()?.passedOver
  )
  gauge(
    'pidguard_nodes_near_floor',
    'Nodes that came near their floor and have not recovered. Exported by the leader only, where it posts Events.',
    () => sources.nearFloor?.()
  )
}
