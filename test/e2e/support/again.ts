import { setTimeout as sleep } from 'node:timers/promises'

/** Does it again and again, with a pause of so many milliseconds, until it is stopped; what fails is tried again. */
export function again(work: () => Promise<void>, pause: number): { stop(): Promise<void> } {
  let running = true
  const done = (async () => {
    while (running) {
      // The API server, or a namespace, may be gone for a while.
      await work().catch(() => {})
      await sleep(pause)
    }
  })()
  return {
    async stop() {
      running = false
      await done
    }
  }
}
