import { Option } from 'commander'
import { kubeletServiceAccountOption, port, readingOptions, span } from './options.ts'

/** Options of both verbs that go on until they are stopped, `serve` and `controller`. */

export function hostOption(): Option {
  return new Option('--host <address>', 'address to listen on (default: all)').env('PIDGUARD_HOST')
}

export function probePortOption(): Option {
  return port('--probe-port <port>', 'HTTP port of /livez, /readyz and /metrics', 'PIDGUARD_PROBE_PORT', 8080)
}

export function guardedClusterOption(): Option {
  return new Option('--kubeconfig <file>', 'the cluster to guard, from outside (default: the one this pod is in)')
}

export function readingsIntervalOption(): Option {
  const description = 'time between two readings of a node'
  return span('--readings-interval <span>', description, 'PIDGUARD_READINGS_INTERVAL', '15s')
}

export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'lowest level that is logged')
    .env('PIDGUARD_LOG_LEVEL')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info')
}

/** Where their readings come from. */
export function processReadingOptions(): Option[] {
  return [...readingOptions(['kubelet', 'prometheus', 'snapshot']), kubeletServiceAccountOption()]
}
