import { Counter } from 'prom-client'
import type { AuditStatus } from '../../audit/interval-audits.ts'
import { addAuditMetrics } from './audit-metrics.ts'
import { buildProcessMetrics, type ProcessMetrics, type ProcessSources } from './process-metrics.ts'
import { addGauge } from './scraped.ts'

/** What the gauges of a controller are read from when Prometheus asks. */
export interface ControllerSources extends ProcessSources {
  /** Nodes that carry our taint, and nodes that are low without; undefined in a process that does not lead. */
  taints(): { tainted: number; passedOver: number } | undefined
  /** Nodes that offer pidguard.io/pids; undefined in a process that does not lead, or where the policy does not want it. */
  capacity(): { offering: number; overfull: number } | undefined
  /** Nodes near their floor; undefined in a process that does not lead, or where none is asked for. */
  nearFloor(): number | undefined
  /** DaemonSets of Calico; undefined in a process that does not lead. */
  calico(): { asPolicy: number; outOfPolicy: number; stopped: number; oldPods: number | undefined } | undefined
  /** undefined in a process that does not audit. */
  audits(): AuditStatus | undefined
}

export interface ControllerMetrics extends ProcessMetrics {
  countTaint(change: 'taint' | 'untaint', result: 'done' | 'forbidden' | 'failed'): void
  countCapacity(
    reason: 'requests' | 'lowered' | 'new' | 'raised' | 'removed',
    result: 'done' | 'forbidden' | 'failed'
  ): void
  countOutOfPids(): void
  countNearFloor(result: 'posted' | 'forbidden' | 'failed' | 'held-back'): void
  countCalicoRepair(result: 'written' | 'forbidden' | 'failed' | 'conflict' | 'stopped'): void
}

/** All metrics of a controller in a registry of their own. */
export function buildControllerMetrics(sources: ControllerSources): ControllerMetrics {
  const { registry, countReload, render } = buildProcessMetrics(sources)
  const registers = [registry]
  addGauges(registry, sources)
  addAuditMetrics(registry, () => sources.audits())
  const taintWrites = new Counter({
    name: 'pidguard_node_taint_writes_total',
    help: 'Taints set on nodes low on PIDs and removed, by change (taint, untaint) and result (done, forbidden, failed).',
    labelNames: ['change', 'result'],
    registers
  })
  const capacityWrites = new Counter({
    name: 'pidguard_node_capacity_writes_total',
    help: 'Writes of pidguard.io/pids to the status of nodes, by reason (requests, lowered, new, raised, removed) and result (done, forbidden, failed).',
    labelNames: ['reason', 'result'],
    registers
  })
  const outOfPids = new Counter({
    name: 'pidguard_out_of_pids_pods_total',
    help: 'Pods that a kubelet refused before they ran (OutOfpidguard.io/pids): their node was lowered while they were bound.',
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
  return {
    countReload,
    render,
    countTaint(change, result) {
      taintWrites.inc({ change, result })
    },
    countCapacity(reason, result) {
      capacityWrites.inc({ reason, result })
    },
    countOutOfPids() {
      outOfPids.inc()
    },
    countNearFloor(result) {
      nearFloorEvents.inc({ result })
    },
    countCalicoRepair(result) {
      calicoRepairs.inc({ result })
    }
  }
}

function addGauges(registry: Parameters<typeof addGauge>[0], sources: ControllerSources): void {
  const gauge = (name: string, help: string, value: () => number | undefined): void =>
    addGauge(registry, { name, help, labelNames: [], samples: () => [[{}, value()]] })
  gauge(
    'pidguard_tainted_nodes',
    'Nodes that carry the taint pidguard.io/low-pids. Exported by the leader only.',
    () => sources.taints()?.tainted
  )
  gauge(
    'pidguard_low_untainted_nodes',
    'Nodes low on PIDs that are not tainted, because maxTaintedShare of them are. Exported by the leader only.',
    () => sources.taints()?.passedOver
  )
  gauge(
    'pidguard_nodes_offering_pids',
    'Nodes that offer pidguard.io/pids to the scheduler. Exported by the leader only, with spec.headroom.schedulePids.',
    () => sources.capacity()?.offering
  )
  gauge(
    'pidguard_nodes_overfull',
    'Nodes that offer pidguard.io/pids and whose floor is used: they offer what their pods request, no more. Exported by the leader only.',
    () => sources.capacity()?.overfull
  )
  gauge(
    'pidguard_nodes_near_floor',
    'Nodes that came near their floor and have not recovered. Exported by the leader only, where it posts Events.',
    () => sources.nearFloor()
  )
  addGauge(registry, {
    name: 'pidguard_calico_daemonsets',
    help: 'DaemonSets that run Felix, by state: as-policy, out-of-policy; stopped: out of policy, and no longer repaired.',
    labelNames: ['state'],
    samples() {
      const counts = sources.calico()
      if (counts === undefined) return undefined
      return [
        [{ state: 'as-policy' }, counts.asPolicy],
        [{ state: 'out-of-policy' }, counts.outOfPolicy],
        [{ state: 'stopped' }, counts.stopped]
      ]
    }
  })
  gauge(
    'pidguard_calico_old_pods',
    'Pods that run Felix of an old revision of their DaemonSet. Exported by the leader only.',
    () => sources.calico()?.oldPods
  )
}
