import { type Command, Option } from 'commander'
import { AppError } from '../../../errors.ts'
import { newestMinor, readVersion } from '../../../kubernetes/server-version.ts'
import { readDuration } from '../../../lib/duration.ts'
import type { Millis } from '../../../lib/units.ts'
import type { ReadingSource } from '../../../server/metrics/headroom-metrics.ts'

/** Takes the exit code of a verb; undefined: the verb keeps serving. */
export type Finish = (code: number | undefined) => void

/** Where the readings of nodes come from, and how to reach that source. */
export function readingOptions(sources: readonly ReadingSource[]): Option[] {
  return [
    new Option('--readings <source>', 'where readings of what nodes use come from (default: kubelet)')
      .choices(sources)
      .env('PIDGUARD_READINGS'),
    new Option('--kubelet-ca <file>', 'authorities that sign kubelet certificates (default: those of the cluster)').env(
      'PIDGUARD_KUBELET_CA'
    ),
    // No environment variable: any value, `false` too, would switch it on.
    new Option(
      '--kubelet-insecure',
      'do not verify kubelet certificates: anyone in between can forge readings and learn the token'
    ),
    new Option('--prometheus <url>', 'where Prometheus serves').env('PIDGUARD_PROMETHEUS'),
    new Option('--prometheus-token <file>', 'bearer token for Prometheus, read again as it changes').env(
      'PIDGUARD_PROMETHEUS_TOKEN'
    ),
    new Option(
      '--prometheus-ca <file>',
      'authorities that sign the certificate of Prometheus (default: those of the system)'
    ).env('PIDGUARD_PROMETHEUS_CA'),
    matchers(
      '--prometheus-kubelet <matchers>',
      'what only the scrape of kubelets has: job="kubelet",metrics_path="/metrics/cadvisor"',
      'PIDGUARD_PROMETHEUS_KUBELET'
    ),
    matchers(
      '--prometheus-node-exporter <matchers>',
      'what only the scrape of node_exporter has: job="node-exporter"',
      'PIDGUARD_PROMETHEUS_NODE_EXPORTER'
    )
  ]
}

/** One matcher of PromQL: a label, how it is compared, a text in double quotes. */
const matcher = String.raw`\s*[a-zA-Z_]\w*\s*(=|!=|=~|!~)\s*"([^"\\\n]|\\.)*"\s*`

/** Matchers of PromQL, without the braces: they become a part of every query. */
function matchers(flags: string, description: string, env: string): Option {
  return new Option(flags, description).env(env).argParser((text) => {
    if (new RegExp(`^${matcher}(,${matcher})*$`).test(text)) return text
    const found = JSON.stringify(text.slice(0, 100))
    throw new AppError(
      'ERR_USAGE',
      `${flags}: expected matchers such as job="kubelet",metrics_path=~"/metrics/.+", found ${found}`
    )
  })
}

export function kubeletAddressOption(): Option {
  const description = 'ask the kubelet of a node at this address, not at its InternalIP'
  return new Option('--kubelet-address <node=address...>', description)
}

/** The ServiceAccount whose token kubelets are sent. */
export function kubeletServiceAccountOption(): Option {
  const description =
    'ask kubelets with a token of this ServiceAccount of our namespace (default: with our own credentials)'
  return new Option('--kubelet-service-account <name>', description).env('PIDGUARD_KUBELET_SERVICE_ACCOUNT')
}

/** How to reach the cluster. */
export function addClusterOptions(command: Command): void {
  command
    .option('--kubeconfig <file>', 'how to reach the cluster (default: as kubectl)')
    .option('--context <name>', 'context of the kubeconfig')
}

export function namespaceOption(): Option {
  return new Option('-n, --namespace <name>', 'namespace of objects that name none').default('default')
}

export function failOnOption(fallback: 'deny' | 'audit'): Option {
  return new Option('--fail-on <what>', 'exit 1 on what: each includes those before it')
    .env('PIDGUARD_FAIL_ON')
    .choices(['never', 'deny', 'warn', 'change', 'audit'])
    .default(fallback)
}

export function policyOption(): Option {
  return new Option('--policy <file>', 'policy document; the built-in default where none is given').env(
    'PIDGUARD_POLICY'
  )
}

export function namespaceLabelsOption(): Option {
  const description = 'labels of a namespace that is not among the inputs, as shop:team=a,env=prod'
  return new Option('--namespace-labels <name:labels>', description).argParser(collect)
}

/** Throws ERR_USAGE for a version that is none of Kubernetes v1. */
export function kubernetesVersionOption(): Option {
  const flag = '--kubernetes-version'
  return new Option(`${flag} <version>`, `the API server that the objects are for (default: v1.${newestMinor})`)
    .env('PIDGUARD_KUBERNETES_VERSION')
    .argParser((text) => {
      const minor = readVersion(text)
      if (minor !== undefined) return minor
      throw new AppError(
        'ERR_USAGE',
        `${flag}: expected a version such as 1.36, found ${JSON.stringify(text.slice(0, 40))}`
      )
    })
}

/** What report objects in the cluster an audit writes. */
export function reportObjectsOption(flag: string, env?: string): Option {
  const description =
    'write PolicyReports (or OpenReports) into the cluster: every failure of a workload, or their number'
  const option = new Option(`${flag} [what]`, description)
    .choices(['off', 'failures', 'summary'])
    .preset('failures')
    .default('off')
  return env === undefined ? option : option.env(env)
}

/** Whether the option was given nowhere: neither on the command line nor in the environment. */
export function isDefaultOf(command: Command): (option: string) => boolean {
  return (option) => !['cli', 'env'].includes(command.getOptionValueSource(option) ?? '')
}

/** An option that may be given several times. */
export function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), text]
}

export function port(flags: string, description: string, env: string, fallback: number): Option {
  return whole(flags, description, env, fallback, 65_535)
}

export function seconds(flags: string, description: string, env: string, fallback: number): Option {
  return whole(flags, description, env, fallback, 3_600)
}

/** Milliseconds. No interval and no life below is meant to be shorter. */
const shortestSpan: Millis = 1_000

/** A span of time of at least a second, as `90d`, `12h` or `1m30s`; without a fallback it may be left out. */
export function span(flags: string, description: string, env: string, fallback?: string): Option {
  function parse(text: string): Millis {
    const millis = readDuration(text.trim())
    if (millis !== undefined && millis >= shortestSpan) return millis
    throw new AppError(
      'ERR_USAGE',
      `${flags}: expected a span of at least 1s such as 90d, 12h or 1m30s, found ${JSON.stringify(text)}`
    )
  }
  const option = new Option(flags, description).env(env).argParser(parse)
  return fallback === undefined ? option : option.default(parse(fallback), fallback)
}

export function whole(flags: string, description: string, env: string, fallback: number, max: number): Option {
  return new Option(flags, description)
    .env(env)
    .default(fallback)
    .argParser((text) => {
      const value = Number(text)
      if (Number.isInteger(value) && text.trim() !== '' && value >= 0 && value <= max) return value
      throw new AppError(
        'ERR_USAGE',
        `${flags}: expected a whole number from 0 to ${max}, found ${JSON.stringify(text)}`
      )
    })
}
