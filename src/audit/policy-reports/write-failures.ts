import { isPassing, KubeError } from '../../kube/kube-error.ts'
import type { ReportAddress, ReportKind } from '../../ports/objects.ts'
import type { AuditGap } from '../../report/audit/audit-report.ts'

/**
 * Writing stops after this many failures: refused namespaces while none has taken a report, or failed calls in a row. Own
 * choice.
 */
const mostInVain = 16

interface Group {
  readonly reason: string
  readonly detail: string
  count: number
}

/** Failed writes of one kind: each reason is reported once, and writing stops when it is in vain. */
export class WriteFailures {
  readonly #part: string
  readonly #groups = new Map<string, Group>()
  /** The groups of refused calls, by verb and namespace. */
  readonly #refused = new Map<string, Group>()
  #succeeded = false
  /** Calls that failed for the moment, each after several tries, since the last success. */
  #inARow = 0
  /** Of the last failure. */
  #last: Group | undefined

  constructor({ apiVersion, plural }: ReportKind) {
    this.#part = `${plural}.${apiVersion.slice(0, apiVersion.indexOf('/'))}`
  }

  /** Makes the call unless that is known to be in vain. Throws what is no KubeError, and when aborted. */
  async note(verb: 'patch' | 'delete', { namespace }: ReportAddress, call: () => Promise<unknown>): Promise<void> {
    const place = `${verb} ${namespace}`
    const inVain = this.#refused.get(place) ?? (this.#isStuck ? this.#last : undefined)
    if (inVain !== undefined) {
      inVain.count++
      return
    }
    try {
      await call()
      this.#succeeded = true
      this.#inARow = 0
    } catch (error) {
      if (!(error instanceof KubeError) || error.failure === 'aborted') throw error
      const group = this.#groupOf(verb, error)
      group.count++
      this.#last = group
      if (error.failure === 'forbidden') this.#refused.set(place, group)
      if (isPassing(error.failure)) this.#inARow++
    }
  }

  /** In no order. */
  gaps(): AuditGap[] {
    return [...this.#groups].map(([key, { reason, detail, count }]) => {
      const done = key.startsWith('delete') ? 'removed' : 'written'
      return { part: this.#part, reason, detail: `${count} not ${done}; the first: ${detail}`, nodes: null }
    })
  }

  get #isStuck(): boolean {
    return this.#inARow >= mostInVain || (!this.#succeeded && this.#refused.size >= mostInVain)
  }

  #groupOf(verb: string, { failure, message }: KubeError): Group {
    const key = `${verb} ${failure}`
    const held = this.#groups.get(key)
    if (held !== undefined) return held
    const advice = failure === 'forbidden' ? `; list, create, patch and delete on ${this.#part} are needed` : ''
    const group = { reason: failure, detail: `${message}${advice}`, count: 0 }
    this.#groups.set(key, group)
    return group
  }
}
