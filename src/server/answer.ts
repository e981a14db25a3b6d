import type { Log } from '../ports/runtime.ts'

/** What a review is answered with. */
export interface Answer {
  readonly status: number
  /** JSON: an AdmissionReview, or a v1 Status where not even a uid could be read. */
  readonly body: string
  /** Counts and logs the review. For when the answer is on its way: nobody has to wait for that. Never throws. */
  report(): void
}

/** A report that does this. A failure to count or log a review is told, and ends nothing: its answer is out. */
export function reporting(log: Pick<Log, 'error'>, work: () => void): Answer['report'] {
  return () => {
    try {
      work()
    } catch (error) {
      log.error({ err: error }, 'review not reported')
    }
  }
}
