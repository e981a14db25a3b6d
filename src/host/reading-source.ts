import { readFile } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import type { KubeApi } from '../kube/client.ts'
import type { Credentials } from '../kube/credentials.ts'
import { serviceAccountToken } from '../kube/service-account-token.ts'
import type { Millis } from '../lib/units.ts'
import type { CallCredentialsSource } from '../ports/credentials.ts'
import type { NodeReadings } from '../ports/readings.ts'
import type { Clock } from '../ports/runtime.ts'
import { askingWhereLimited } from '../readings/without-ceiling.ts'
import type { ReadingSource } from '../server/metrics/headroom-metrics.ts'

/** Where readings of nodes come from, as the command line gives it. */
export interface ReadingOptions {
  readonly readings?: ReadingSource
  readonly snapshot?: string
  readonly prometheus?: string
  readonly prometheusToken?: string
  readonly prometheusCa?: string
  /** Matchers that only the scrape of kubelets fulfils, and only that of node_exporter. */
  readonly prometheusKubelet?: string
  readonly prometheusNodeExporter?: string
  readonly kubeletCa?: string
  readonly kubeletInsecure?: boolean
  /** Prometheus is asked what it was then; undefined: now. */
  readonly evaluateAt?: Millis
  /** Kubelets are asked with a token of this ServiceAccount of our namespace, and not with our own. */
  readonly kubeletServiceAccount?: string
}

export interface ClosableReadings extends NodeReadings {
  close(): Promise<void>
}

/** Readings of live nodes. Throws ERR_USAGE where a setting is missing. Libraries are loaded as needed. */
export async function liveReadings(
  source: 'kubelet' | 'prometheus',
  options: ReadingOptions,
  credentials: CallCredentialsSource,
  clock: Clock
): Promise<ClosableReadings> {
  const readings = await readingsFrom(source, options, credentials, clock)
  return { ...askingWhereLimited(readings, clock), close: () => readings.close() }
}

async function readingsFrom(
  source: 'kubelet' | 'prometheus',
  options: ReadingOptions,
  credentials: CallCredentialsSource,
  clock: Clock
): Promise<ClosableReadings> {
  if (source === 'prometheus') {
    const { prometheus, prometheusToken, prometheusCa, prometheusKubelet = '', prometheusNodeExporter = '' } = options
    if (prometheus === undefined) throw new AppError('ERR_USAGE', '--readings prometheus needs --prometheus URL')
    const { PrometheusReadings, prometheusDefaults } = await import('../readings/prometheus/prometheus-readings.ts')
    return new PrometheusReadings({
      ...prometheusDefaults,
      url: prometheus,
      matchers: { kubelet: prometheusKubelet, nodeExporter: prometheusNodeExporter },
      credentials: fileCredentials(prometheusToken, prometheusCa),
      evaluateAt: options.evaluateAt,
      clock
    })
  }
  const { KubeletReadings } = await import('../readings/kubelet/kubelet-readings.ts')
  return new KubeletReadings({ ...(await kubeletOptions(options, credentials, clock)), random: Math.random })
}

/**
 * The credentials that kubelets are asked with. Root on any node can read a token that is sent to it, so it should be one
 * that can do nothing else.
 */
export function kubeletCredentials(
  { kubeletServiceAccount: name }: Pick<ReadingOptions, 'kubeletServiceAccount'>,
  api: Pick<KubeApi, 'call'>,
  own: Credentials,
  clock: Clock
): CallCredentialsSource {
  if (name === undefined) return own
  return serviceAccountToken(api, { namespace: own.namespace ?? 'pidguard-system', name }, own, clock)
}

/** How kubelets are asked, for readings and for their configuration. */
export async function kubeletOptions(
  { kubeletCa, kubeletInsecure }: ReadingOptions,
  credentials: CallCredentialsSource,
  clock: Clock
) {
  const { kubeletDefaults } = await import('../readings/kubelet/kubelet-readings.ts')
  return {
    ...kubeletDefaults,
    credentials,
    ca: kubeletCa === undefined ? undefined : () => readFile(kubeletCa, 'utf8'),
    insecure: kubeletInsecure === true,
    port: undefined,
    clock
  }
}

/** Milliseconds for which a file with a token is not read again. */
const tokenAge: Millis = 10_000

/** Credentials in files that another program renews: they are read again and again. undefined where no file is given. */
function fileCredentials(token: string | undefined, ca: string | undefined): CallCredentialsSource | undefined {
  if (token === undefined && ca === undefined) return undefined
  let held: { readonly at: Millis; readonly texts: Promise<[string | undefined, string | undefined]> } | undefined
  const textOf = async (path: string | undefined) => (path === undefined ? undefined : readFile(path, 'utf8'))
  return {
    async next() {
      if (held === undefined || performance.now() - held.at > tokenAge) {
        held = { at: performance.now(), texts: Promise.all([textOf(token), textOf(ca)]) }
      }
      const [bearer, bundle] = await held.texts
      const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer.trim()}` }
      return {
        headers,
        tls: { ca: bundle, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
      }
    },
    renew() {
      held = undefined
    }
  }
}
