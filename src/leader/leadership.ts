import { pause } from '../lib/sleep.ts'
import { messageOf } from '../lib/transport-error.ts'
import { type Election, type LeaseOptions, startElection } from './leader-election.ts'

/** What one replica does for all of them. Begins when it is called, while this process leads, and ends soon after the signal. */
export interface Duty {
  /** Names the duty in the log. */
  readonly name: string
  begin(signal: AbortSignal): void
}

export interface LeadershipOptions extends Omit<LeaseOptions, 'onLead'> {
  readonly duties: readonly Duty[]
  /**
   * Whether any duty has work. Asked at the start and every `patience` until it is true; from then on this process takes
   * part in the election until it stops, because a duty that is switched off still has to clean up.
   */
  isWanted(): boolean
  /** Milliseconds between two questions; 1 s by default, as often as the policy file is read. */
  readonly patience?: number
}

/** Takes part in the election of the leader, and lets every duty begin when this process is elected. */
export class Leadership {
  readonly #options: LeadershipOptions
  readonly #abort = new AbortController()
  #election: Election | undefined
  #waiting: Promise<void> | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
  }

  get leading(): boolean {
    return this.#election?.leading === true
  }

  start(): void {
    this.#waiting ??= this.#join()
  }

  /** Gives the lease back, so that another process can lead at once. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#waiting
    await this.#election?.stop()
  }

  async #join(): Promise<void> {
    const { isWanted, patience = 1_000 } = this.#options
    const { signal } = this.#abort
    while (!isWanted()) {
      await pause(patience, signal)
      if (signal.aborted) return
    }
    this.#election = startElection({ ...this.#options, onLead: (signal) => this.#begin(signal) })
  }

  /** A duty that cannot begin must not keep the others from it. */
  #begin(signal: AbortSignal): void {
    for (const duty of this.#options.duties) {
      try {
        duty.begin(signal)
      } catch (error) {
        this.#options.log.error({ duty: duty.name, error: messageOf(error) }, 'a duty of the leader could not begin')
      }
    }
  }
}
