import type { Rule } from '../engine/rule.ts'
import { bestEffort } from './best-effort.ts'
import { calicoBackendConflict } from './calico-backend-conflict.ts'
import { calicoIptablesBackend } from './calico-iptables-backend.ts'
import { calicoNodeBackend } from './calico-node-backend.ts'
import { calicoRevisionDrift } from './calico-revision-drift.ts'
import { calicoUpdateStrategy } from './calico-update-strategy.ts'
import { felixConfiguration } from './felix-configuration.ts'
import { namespacePidBudget } from './namespace-pid-budget.ts'
import { nodeCgroupDriver } from './node-cgroup-driver.ts'
import { nodeExporterProcesses } from './node-exporter-processes.ts'
import { nodeKubepodsDrift } from './node-kubepods-drift.ts'
import { nodePidEviction } from './node-pid-eviction.ts'
import { nodePidMax } from './node-pid-max.ts'
import { nodePidPressure } from './node-pid-pressure.ts'
import { nodePidReservation } from './node-pid-reservation.ts'
import { nodePidUsage } from './node-pid-usage.ts'
import { nodePodPidsLimit } from './node-pod-pids-limit.ts'
import { nodeUnitLimit } from './node-unit-limit.ts'
import { pidAnnotations } from './pid-annotations.ts'
import { pidBinding } from './pid-binding.ts'
import { pidHeadroom } from './pid-headroom.ts'
import { pidRequests } from './pid-requests.ts'
import { podPidLimit } from './pod-pid-limit.ts'
import { podThreadOutlier } from './pod-thread-outlier.ts'
import { resourceRequests } from './resource-requests.ts'
import { runtimeThreadCap } from './runtime-thread-cap.ts'

/** The rules in force at admission, in the order their fixes are applied: a later fix sees the object as the earlier ones left it. */
export const rules: readonly Rule[] = [
  resourceRequests,
  bestEffort,
  pidAnnotations,
  pidRequests,
  pidHeadroom,
  pidBinding,
  namespacePidBudget,
  runtimeThreadCap,
  // The strategy first: under OnDelete, setting the variable restarts nothing.
  calicoUpdateStrategy,
  calicoIptablesBackend,
  felixConfiguration,
  calicoBackendConflict,
  nodeExporterProcesses
]

/** Rules that require the fact `headroom`. */
const headroomRules: readonly Rule[] = [pidRequests, pidHeadroom, pidBinding, namespacePidBudget]

/** Rules that run only in an audit: they look at nodes and at running pods. */
const auditOnly: readonly Rule[] = [
  podThreadOutlier,
  podPidLimit,
  nodeUnitLimit,
  nodeCgroupDriver,
  nodeKubepodsDrift,
  nodePidPressure,
  nodePidUsage,
  nodePidMax,
  nodePodPidsLimit,
  nodePidReservation,
  nodePidEviction,
  calicoNodeBackend,
  calicoRevisionDrift
]

/** The rules a policy may name: all of them. */
export const policyRules: readonly Rule[] = [...rules, ...auditOnly]

/**
 * The rules of an audit. Without the headroom rules: these check new pods, while running pods show up in the usage of
 * their nodes (node-pid-usage).
 */
export const auditRules: readonly Rule[] = policyRules.filter((rule) => !headroomRules.includes(rule))
