import type { Rule } from '../engine/rule.ts'
import { bestEffort } from './best-effort.ts'
import { calicoIptablesBackend } from './calico-iptables-backend.ts'
import { calicoUpdateStrategy } from './calico-update-strategy.ts'
import { felixConfiguration } from './felix-configuration.ts'
import { namespacePidBudget } from './namespace-pid-budget.ts'
import { nodeExporterProcesses } from './node-exporter-processes.ts'
import { pidAnnotations } from './pid-annotations.ts'
import { pidBinding } from './pid-binding.ts'
import { pidHeadroom } from './pid-headroom.ts'
import { resourceRequests } from './resource-requests.ts'
import { runtimeThreadCap } from './runtime-thread-cap.ts'

/** The rules in force, in the order their fixes are applied: a later fix sees the object as the earlier ones left it. */
export const rules: readonly Rule[] = [
  resourceRequests,
  bestEffort,
  pidAnnotations,
  runtimeThreadCap,
  calicoIptablesBackend,
  calicoUpdateStrategy,
  felixConfiguration,
  nodeExporterProcesses
]

/**
 * Rules that live on the fact `headroom`. They join the others when `serve` gathers it from the cluster: until then
 * each of them would be skipped at every review, and say so in every answer.
 */
const headroomRules: readonly Rule[] = [pidHeadroom, pidBinding, namespacePidBudget]

/** Every rule there is a file for. */
export const everyRule: readonly Rule[] = [...rules, ...headroomRules]
