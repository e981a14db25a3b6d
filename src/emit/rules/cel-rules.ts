import type { CelRule } from '../rule-policy.ts'
import { bestEffort } from './cel-best-effort.ts'
import { calicoIptablesBackend } from './cel-calico-iptables-backend.ts'
import { calicoUpdateStrategy } from './cel-calico-update-strategy.ts'
import { felixConfiguration } from './cel-felix-configuration.ts'
import { nodeExporterProcesses } from './cel-node-exporter-processes.ts'
import { pidAnnotations } from './cel-pid-annotations.ts'
import { runtimeThreadCap } from './cel-runtime-thread-cap.ts'

/** The rules that look at nothing but the object, as the API server itself can check them. */
export const celRules: readonly CelRule[] = [
  bestEffort,
  pidAnnotations,
  runtimeThreadCap,
  calicoUpdateStrategy,
  calicoIptablesBackend,
  felixConfiguration,
  nodeExporterProcesses
]
