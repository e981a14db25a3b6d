import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { reservationsToken } from '../../certs/reservations-token.ts'
import { type Reservation, readReservation } from '../../headroom/reservation.ts'
import { BackOff } from '../../lib/back-off.ts'
import { pause } from '../../lib/sleep.ts'
import { messageOf } from '../../lib/transport-error.ts'
import type { Millis } from '../../lib/units.ts'
import type { Log } from '../../ports/runtime.ts'
import { StreamLines } from './stream-lines.ts'

/** What both ends have from the Secret of the serving certificate. */
export interface GuardTrust {
  /** The serving key, PEM. */
  readonly key: string
  /** PEM; nobody else is trusted. */
  readonly authorities: string
}

export interface GuardStreamDeps {
  /** Where the guard serves. */
  readonly url: string
  /** The name that its certificate must be for, whatever the address. */
  readonly serverName: string
  /** The newest; undefined while there is none. */
  trust(): GuardTrust | undefined
  /** Whether the leader has use for it now. */
  isWanted(): boolean
  /** Counts what the guard has counted. */
  take(reservation: Reservation): void
  readonly random: () => number
  readonly log: Pick<Log, 'debug' | 'info' | 'warn'>
  readonly times?: Partial<GuardTimes>
}

export interface GuardTimes {
  /** Before the second try, before jitter; later ones double it up to half a minute. */
  readonly first: Millis
  /** Without a byte for so long, the connection is given up: three heartbeats of the guard. Also the longest wait for an answer. */
  readonly silence: Millis
}

const usualTimes: GuardTimes = { first: 1_000, silence: 15_000 }

/**
 * Listens to what the guard has just counted, for as long as this process leads. Everything works without it: a watch shows the same
 * some milliseconds later. So no failure is an error, and after a break nothing is asked for again.
 */
export class GuardStream {
  readonly #deps: GuardStreamDeps
  readonly #times: GuardTimes
  /** Lines of each kind come once in each time of leading: a guard that is not installed would fill the log. */
  #isFailureSaid = false
  #isSkipSaid = false

  constructor(deps: GuardStreamDeps) {
    this.#deps = deps
    this.#times = { ...usualTimes, ...deps.times }
  }

  /** Ends soon after the signal; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { isWanted, trust, random } = this.#deps
    const backOff = new BackOff(random, this.#times.first)
    while (!signal.aborted) {
      const trusted = isWanted() ? trust() : undefined
      if (trusted === undefined || trusted.authorities.trim() === '') {
        await pause(this.#times.first, signal)
        continue
      }
      if (await this.#listen(trusted, signal)) backOff.reset()
      await pause(backOff.next(), signal)
    }
  }

  /** Resolves when the connection has ended: to whether there was a stream. */
  async #listen(trusted: GuardTrust, signal: AbortSignal): Promise<boolean> {
    const { isWanted, log } = this.#deps
    let response: IncomingMessage
    try {
      response = await this.#open(trusted, signal)
    } catch (error) {
      this.#sayFailure(messageOf(error), signal)
      return false
    }
    if (response.statusCode !== 200) {
      response.destroy()
      this.#sayFailure(`it answers ${response.statusCode}`, signal)
      return false
    }
    log.info({}, 'connected to the guard')
    this.#isFailureSaid = false
    const lines = new StreamLines(
      (line) => this.#takeLine(line),
      () => this.#skip()
    )
    response.on('data', (chunk: Buffer) => {
      if (isWanted()) lines.add(chunk)
      else response.destroy()
    })
    await ended(response)
    if (!signal.aborted) log.debug({}, 'the stream of the guard has ended')
    return true
  }

  /** Rejects where there is no answer, or one of somebody else. */
  #open({ key, authorities }: GuardTrust, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, serverName } = this.#deps
    return new Promise((resolve, reject) => {
      const call = request(new URL('/reservations', url), {
        agent: false,
        headers: { authorization: `Bearer ${reservationsToken(key)}` },
        ca: authorities,
        servername: serverName,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        timeout: this.#times.silence,
        signal
      })
      call.on('response', resolve)
      call.on('error', reject)
      call.on('timeout', () => call.destroy(new Error('it is silent')))
      call.end()
    })
  }

  #takeLine(line: string): void {
    // A heartbeat.
    if (line === '') return
    const reservation = readReservation(line)
    if (reservation === undefined || !this.#count(reservation)) this.#skip()
  }

  #count(reservation: Reservation): boolean {
    try {
      this.#deps.take(reservation)
      return true
    } catch {
      // A pod spec that nobody foresaw, such as one that is nested too deep: it must not end the controller.
      return false
    }
  }

  /** Of another version, perhaps: the watch will show what it says. */
  #skip(): void {
    if (this.#isSkipSaid) return
    this.#isSkipSaid = true
    this.#deps.log.warn({}, 'the guard says what is not understood; it is passed over')
  }

  #sayFailure(why: string, signal: AbortSignal): void {
    if (this.#isFailureSaid || signal.aborted) return
    this.#isFailureSaid = true
    this.#deps.log.info(
      { why, url: this.#deps.url },
      'no stream from the guard yet; the watch alone shows what it admits'
    )
  }
}

/** Resolves when no more will come, however it ended. */
function ended(response: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    response.on('error', () => {})
    response.on('close', resolve)
  })
}
