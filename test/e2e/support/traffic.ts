import type { ApiAnswer } from './api-client.ts'
import type { ControlPlane } from './control-plane.ts'
import { pod, someRequests } from './objects.ts'

export interface Traffic {
  /** Everything so far. */
  calls(): number
  /** The calls that were refused, or passed without pidguard, each by what was said. */
  stop(): Promise<{ readonly calls: number; readonly refused: string[]; readonly missed: number }>
}

/** Dry-run pods, one after the other in each of the lanes: each has to be admitted, and changed by pidguard. */
export function startTraffic({ api }: ControlPlane, namespace: string, lanes: number): Traffic {
  let running = true
  let calls = 0
  let missed = 0
  const refused: string[] = []
  async function lane(number: number): Promise<void> {
    while (running) {
      const object = pod({ name: `traffic-${number}`, namespace }, someRequests)
      const answer = await api
        .post(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, object)
        .catch((error: Error): ApiAnswer => ({ status: 0, body: { message: error.message } }))
      calls++
      const { status, body } = answer
      if (status !== 201) refused.push(`${status} ${body.message}`)
      else if (body.metadata?.annotations?.['pidguard.io/pids-estimate'] === undefined) missed++
    }
  }
  const lanesDone = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return {
    calls: () => calls,
    async stop() {
      running = false
      await lanesDone
      return { calls, refused, missed }
    }
  }
}
