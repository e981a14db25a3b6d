import type { Log } from '../ports/runtime.ts'

/** What a review is answered with. */
export interface Answer {
  readonly status: number
  /** JSON: an AdmissionReview, or a v1 Status where no uid could be read. */
  readonly body: string
  /** Counts and logs the review, after the answer is sent. Never throws. */
  report(): void
}

/** A report that runs `work`. A failure to count or log a review is logged and goes no further: its answer is sent. */
export function reporting(log: Pick<Log, 'error'>, work: () => void): Answer['report'] {
  return () => {
    try {
      work()
    } catch (error) {
      log.error({ err: error }, 'review not reported')
    }
  }
}
