import { parseQuantity } from '../../kubernetes/qos/quantity.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { Bytes, Millis, Pids } from '../../lib/units.ts'
import type { KubeletConfig, ReadingFailure, ReadingTarget } from '../../model/node-reading.ts'
import type { KubeletConfigSink, KubeletConfigs } from '../../ports/readings.ts'
import { KubeletClient, KubeletFailure, type TextReader } from './kubelet-client.ts'
import { kubeletOrigin } from './kubelet-origin.ts'
import type { KubeletOptions } from './kubelet-readings.ts'
import { Lanes } from './slow-node-lanes.ts'

export type KubeletConfigOptions = Pick<
  KubeletOptions,
  'credentials' | 'ca' | 'insecure' | 'port' | 'concurrency' | 'timeout' | 'clock'
>

/** A configuration has some 3 KB. */
const bodyLimit: Bytes = 1024 * 1024

/**
 * Reads what kubelets are configured with from `/configz`. That takes `get` on nodes/configz, which kubelets know since
 * v1.33; older ones ask for nodes/proxy, which is code execution on the node: pidguard never asks for that permission, but uses it where a user has it.
 */
export class KubeletConfigReader implements KubeletConfigs {
  readonly #options: KubeletConfigOptions
  readonly #client: KubeletClient
  readonly #lanes: Lanes

  constructor(options: KubeletConfigOptions) {
    this.#options = options
    this.#client = new KubeletClient({ ...options, bodyLimit })
    this.#lanes = new Lanes(options.concurrency)
  }

  async read(targets: readonly ReadingTarget[], sink: KubeletConfigSink, signal: AbortSignal): Promise<void> {
    await Promise.all(targets.map((target) => this.#lanes.run(target.name, () => this.#readOne(target, sink, signal))))
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #readOne(target: ReadingTarget, sink: KubeletConfigSink, stop: AbortSignal): Promise<boolean> {
    const { name } = target
    const { port, timeout } = this.#options
    const origin = kubeletOrigin(target, port)
    if (typeof origin !== 'string') {
      sink.observeConfigFailure(name, origin)
      return true
    }
    const url = `${origin}/configz`
    const signal = AbortSignal.any([stop, AbortSignal.timeout(timeout satisfies Millis)])
    const answer = await this.#client.read(url, new ConfigReader(), signal, true)
    if (stop.aborted) return true
    if (answer instanceof KubeletFailure) sink.observeConfigFailure(name, explained(answer, url))
    else if (answer.value === undefined) {
      sink.observeConfigFailure(name, { reason: 'malformed', detail: `${url}: no kubeletconfig in the answer` })
    } else sink.observeConfig(name, answer.value)
    return !(answer instanceof KubeletFailure && answer.isTransport)
  }
}

function explained({ reason, detail }: KubeletFailure, url: string): ReadingFailure {
  if (reason !== 'forbidden') return { reason, detail }
  return {
    reason,
    detail: `${url}: HTTP 403, get on nodes/configz is needed (since v1.33; older kubelets want nodes/proxy, which is code execution on the node)`
  }
}

class ConfigReader implements TextReader<(KubeletConfig & { readonly sampledAt: undefined }) | undefined> {
  readonly #chunks: Buffer[] = []

  push(chunk: Buffer): void {
    // Copied: the chunk belongs to the stream.
    this.#chunks.push(Buffer.from(chunk))
  }

  end(): (KubeletConfig & { readonly sampledAt: undefined }) | undefined {
    const config = kubeletConfigOf(Buffer.concat(this.#chunks).toString('utf8'))
    return config === undefined ? undefined : { ...config, sampledAt: undefined }
  }
}

/** What the text of `/configz` says of PIDs; undefined when it is none. */
export function kubeletConfigOf(text: string): KubeletConfig | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const config = isRecord(value) ? value['kubeletconfig'] : undefined
  if (!isRecord(config)) return undefined
  const { podPidsLimit } = config
  const [system, kube] = [reservedBy(config['systemReserved']), reservedBy(config['kubeReserved'])]
  return {
    // -1 is the default, the same as absence.
    podPidsLimit: typeof podPidsLimit === 'number' && podPidsLimit > 0 ? podPidsLimit : Number.POSITIVE_INFINITY,
    reserved: system === undefined || kube === undefined ? undefined : system + kube,
    eviction: thresholdOf(config['evictionHard']) ?? thresholdOf(config['evictionSoft'])
  }
}

/**
 * The threshold for `pid.available`; undefined: none. A soft one sets PIDPressure as a hard one does, whatever its grace
 * period. The kubelet ignores `0%` and `100%` (kubernetes pkg/kubelet/eviction/helpers.go, parseThresholdStatement).
 */
function thresholdOf(thresholds: unknown): string | undefined {
  const value = isRecord(thresholds) ? thresholds['pid.available'] : undefined
  return typeof value === 'string' && value !== '0%' && value !== '100%' ? value : undefined
}

/** `{pid: "1000"}`; 0 where nothing is said of PIDs, undefined where that is no count. */
function reservedBy(reserved: unknown): Pids | undefined {
  const pid = isRecord(reserved) ? (reserved as JsonRecord)['pid'] : undefined
  if (pid === undefined || pid === null) return 0
  if (typeof pid !== 'string' && typeof pid !== 'number') return undefined
  const nanos = parseQuantity(pid)
  return nanos === undefined || nanos < 0n ? undefined : Number(nanos / 1_000_000_000n)
}
