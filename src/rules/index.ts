import type { Rule } from '../engine/rule.ts'
import { bestEffort } from './best-effort.ts'
import { calicoIptablesBackend } from './calico-iptables-backend.ts'
import { calicoUpdateStrategy } from './calico-update-strategy.ts'
import { felixConfiguration } from './felix-configuration.ts'
import { nodeExporterProcesses } from './node-exporter-processes.ts'
import { pidAnnotations } from './pid-annotations.ts'
import { resourceRequests } from './resource-requests.ts'
import { runtimeThreadCap } from './runtime-thread-cap.ts'

/** Every rule, in the order its fixes are applied: a later fix sees the object as the earlier ones left it. */
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
