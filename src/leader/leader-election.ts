import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import { pause } from '../lib/sleep.ts'
import type { Millis } from '../lib/units.ts'
import type { Clock, Log } from '../ports/runtime.ts'

export interface LeaseTimes {
  /** How long others wait after the last renewal they saw. */
  readonly duration: Millis
  /** A leader that could not renew for so long steps down; well below `duration`. */
  readonly renewDeadline: Millis
  /** Between two tries. */
  readonly retry: Millis
}

/** As kube-controller-manager and kube-scheduler. */
const defaultLeaseTimes: LeaseTimes = { duration: 15_000, renewDeadline: 10_000, retry: 2_000 }

export interface LeaseOptions {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
  /** Unique to this process: the pod's name. */
  readonly identity: string
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly times?: LeaseTimes
  /** We lead until the signal aborts. Work under way then has to end soon. Must not throw. */
  onLead(signal: AbortSignal): void
}

export interface Election {
  readonly leading: boolean
  /** Gives the lease back, so that another can lead at once. */
  stop(): Promise<void>
}

interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly leaseDurationSeconds?: number | null
  readonly acquireTime?: string | null
  readonly renewTime?: string | null
  readonly leaseTransitions?: number | null
}

interface Lease {
  readonly metadata: { readonly resourceVersion?: string }
  readonly spec?: LeaseSpec | null
}

/**
 * Takes part in the election of one leader by a coordination.k8s.io/v1 Lease, as client-go does. The clocks of two
 * machines are never compared: the age of another's lease counts from when we saw it change. A write that meets a newer
 * version is a lost race.
 */
export function startElection(options: LeaseOptions): Election {
  const elector = new LeaderElector(options)
  const running = elector.run()
  return {
    get leading() {
      return elector.leading
    },
    async stop() {
      elector.abort()
      await running
    }
  }
}

class LeaderElector {
  readonly #options: LeaseOptions
  readonly #times: LeaseTimes
  readonly #path: string
  readonly #abort = new AbortController()
  /** The record as we last saw it change, and when that was. */
  #seen: { readonly record: string; readonly at: Millis } | undefined
  #lease: Lease | undefined
  #leadership: AbortController | undefined
  #stepDown: NodeJS.Timeout | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#times = options.times ?? defaultLeaseTimes
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`
  }

  get leading(): boolean {
    return this.#leadership !== undefined
  }

  abort(): void {
    this.#abort.abort()
  }

  async run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.#try()
      await pause(this.#times.retry * (1 + this.#options.random() * 0.2), signal)
    }
    const led = this.leading
    this.#lose('stopping')
    if (led) await this.#release()
  }

  async #try(): Promise<void> {
    const startedAt = this.#options.clock.monotonic()
    // A call that hangs must not delay the next try, nor keep a leader in office beyond its deadline.
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(this.#times.renewDeadline / 2)])
    try {
      if (await this.#acquire(signal)) this.#lead(startedAt)
      else this.#lose('another process holds the lease')
    } catch (cause) {
      const error = KubeError.ofTransport(cause)
      // The lease that we hold may be out of date: read it before the next write.
      this.#lease = undefined
      if (this.#abort.signal.aborted || error.failure === 'conflict') return
      this.#options.log.warn(
        { lease: this.#options.name, failure: error.failure, error: error.message },
        'the lease could not be read or renewed'
      )
    }
  }

  /** Whether the lease is ours now. Throws KubeError. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    // A leader renews the version that it wrote last; only other processes have to read the lease first.
    const lease = this.leading && this.#lease !== undefined ? this.#lease : await this.#read(signal)
    if (lease === undefined) {
      this.#lease = await this.#create(signal)
      return true
    }
    const { identity } = this.#options
    const holder = lease.spec?.holderIdentity ?? ''
    if (holder !== '' && holder !== identity && !this.#isExpired(lease)) return false
    this.#lease = await this.#write(lease, identity, signal)
    return true
  }

  #isExpired(lease: Lease): boolean {
    const now = this.#options.clock.monotonic()
    const record = JSON.stringify(lease.spec)
    if (this.#seen?.record !== record) this.#seen = { record, at: now }
    // The holder may run with longer times than we do: its own duration counts where it is longer.
    const promised = (lease.spec?.leaseDurationSeconds ?? 0) * 1000
    return now - this.#seen.at >= Math.max(promised, this.#times.duration)
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await this.#options.api.call<Lease>(`${this.#path}/${this.#options.name}`, { signal })
    } catch (error) {
      if (error instanceof KubeError && error.failure === 'not-found') return undefined
      throw error
    }
  }

  #create(signal: AbortSignal): Promise<Lease> {
    const { name, namespace, identity, api } = this.#options
    const now = this.#microTime()
    return api.call<Lease>(this.#path, {
      method: 'POST',
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: { ...this.#promise(identity, now), acquireTime: now, leaseTransitions: 0 }
      },
      signal
    })
  }

  #write(lease: Lease, holder: string, signal: AbortSignal): Promise<Lease> {
    const { api, name } = this.#options
    const now = this.#microTime()
    const before = lease.spec ?? {}
    const changesHands = before.holderIdentity !== holder
    return api.call<Lease>(`${this.#path}/${name}`, {
      method: 'PUT',
      // With the resourceVersion we read: a newer one is a conflict.
      body: {
        ...lease,
        spec: {
          ...before,
          ...this.#promise(holder, now),
          acquireTime: changesHands ? now : (before.acquireTime ?? now),
          leaseTransitions: (before.leaseTransitions ?? 0) + (changesHands && holder !== '' ? 1 : 0)
        }
      },
      signal
    })
  }

  #promise(holderIdentity: string, renewTime: string): LeaseSpec {
    // Whole seconds, and at least one: the API refuses 0. A lease that is given back is over at once.
    const seconds = holderIdentity === '' ? 1 : Math.max(1, Math.ceil(this.#times.duration / 1000))
    return { holderIdentity, leaseDurationSeconds: seconds, renewTime }
  }

  /** A V1MicroTime: six digits of the second, or the API server refuses it. */
  #microTime(): string {
    return new Date(this.#options.clock.now()).toISOString().replace('Z', '000Z')
  }

  /** Ours since `startedAt`, the moment before the call: the server may have written at any time after it. */
  #lead(startedAt: Millis): void {
    clearTimeout(this.#stepDown)
    const left = this.#times.renewDeadline - (this.#options.clock.monotonic() - startedAt)
    this.#stepDown = setTimeout(() => this.#lose('the lease could not be renewed in time'), Math.max(0, left))
    this.#stepDown.unref()
    if (this.#leadership !== undefined) return
    const { log, name, identity } = this.#options
    this.#leadership = new AbortController()
    log.info({ lease: name, identity }, 'leading')
    this.#options.onLead(this.#leadership.signal)
  }

  #lose(reason: string): void {
    clearTimeout(this.#stepDown)
    if (this.#leadership === undefined) return
    const { log, name, identity } = this.#options
    log.info({ lease: name, identity, reason }, 'no longer leading')
    this.#leadership.abort()
    this.#leadership = undefined
  }

  async #release(): Promise<void> {
    const signal = AbortSignal.timeout(this.#times.retry)
    try {
      // A renewal that the end cut off may have been stored: then the version that we know is not the last.
      const lease = this.#lease ?? (await this.#read(signal))
      if (lease?.spec?.holderIdentity === this.#options.identity) await this.#write(lease, '', signal)
    } catch (error) {
      // Then the lease expires.
      this.#options.log.debug({ lease: this.#options.name, error: String(error) }, 'the lease could not be given back')
    }
  }
}
