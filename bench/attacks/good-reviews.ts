// Good reviews, as an API server sends them while others attack.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { pod, review } from './reviews.ts'

/**
 * Of the good reviews of one phase; milliseconds. How long one takes on a machine of its own is the processor time that the
 * main thread of the server spends from its sending to its answer: neighbours do not count, everything before it in the queue does.
 */
export interface Phase {
  readonly count: number
  readonly p99: number
  readonly longest: number
  /** By the clock; more than the above where others use the processors. */
  readonly clockP99: number
  /** Not answered, or not as before the attack. */
  readonly wrong: number
  /** One of the wrong answers. */
  readonly example: string | undefined
}

/** On two connections that are kept. */
export class GoodReviews {
  readonly #port: number
  readonly #pid: number
  readonly #agents = [1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false }))

  constructor(port: number, pid: number) {
    this.#port = port
    this.#pid = pid
  }

  async phase(span: number): Promise<Phase> {
    const took: number[] = []
    const byClock: number[] = []
    let wrong = 0
    let example: string | undefined
    const until = performance.now() + span
    await Promise.all(
      this.#agents.map(async (agent) => {
        while (performance.now() < until) {
          const [began, used] = [performance.now(), this.#used()]
          const answer = await this.#ask(agent)
          const isRight = isAllowed(answer)
          if (!isRight) example ??= answer
          byClock.push(performance.now() - began)
          took.push(this.#used() - used)
          if (!isRight) wrong++
          await sleep(20)
        }
      })
    )
    return {
      count: took.length,
      p99: at(took, 0.99),
      longest: at(took, 1),
      clockP99: at(byClock, 0.99),
      wrong,
      example
    }
  }

  /** Milliseconds of processor time of the main thread (proc_pid_schedstat); NaN once it is gone. */
  #used(): number {
    try {
      const [nanos = ''] = readFileSync(`/proc/${this.#pid}/task/${this.#pid}/schedstat`, 'utf8').split(' ')
      return Number(nanos) / 1e6
    } catch {
      return Number.NaN
    }
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy()
  }

  /** Whether a pod of that many tasks is allowed; `dryRun`: it is not stored. */
  async allows(uid: string, pids: number, dryRun: boolean): Promise<boolean> {
    const annotations = { 'pidguard.io/pids': String(pids) }
    const body = review(pod({}, { namespace: 'orders', name: uid, uid, annotations }), { dryRun })
    return (await this.#send(this.#agents[0] as Agent, body)).includes('"allowed":true')
  }

  #ask(agent: Agent): Promise<string> {
    return this.#send(agent, review(pod({}, { namespace: 'shop', name: 'good' })))
  }

  /** The body of the answer; empty where none came. */
  #send(agent: Agent, body: string): Promise<string> {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    return new Promise((resolve) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path: '/validate?timeout=10s',
          method: 'POST',
          agent,
          headers,
          timeout: 10_000
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.on('close', () => resolve(text))
        }
      )
      sent.on('timeout', () => sent.destroy())
      sent.on('error', () => resolve(''))
      sent.end(body)
    })
  }
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Whether a sound pod of 50 tasks is allowed without a warning. */
function isAllowed(text: string): boolean {
  try {
    const { response } = JSON.parse(text) as { response?: { allowed?: boolean; warnings?: unknown } }
    return response?.allowed === true && response.warnings === undefined
  } catch {
    return false
  }
}
