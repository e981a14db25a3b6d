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
}

/** Takes part in the election of the leader, and lets every duty begin when this process is elected. */
export class Leadership {
  readonly #options: LeadershipOptions
  #election: Election | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
  }

  get leading(): boolean {
    return this.#election?.leading === true
  }

  start(): void {
    this.#election ??= startElection({ ...this.#options, onLead: (signal) => this.#begin(signal) })
  }

  /** Gives the lease back, so that another process can lead at once. */
  async stop(): Promise<void> {
    await this.#election?.stop()
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
