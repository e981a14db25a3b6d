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

/** Every rule there is a file for, in the order their fixes are applied: a later fix sees the object as the earlier ones left it. */
export const rules: readonly Rule[] = [
  resourceRequests,
  bestEffort,
  pidAnnotations,
  pidHeadroom,
  pidBinding,
  namespacePidBudget,
  runtimeThreadCap,
  calicoIptablesBackend,
  calicoUpdateStrategy,
  felixConfiguration,
  nodeExporterProcesses
]
