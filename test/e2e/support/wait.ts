import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again until the answer is neither undefined nor false. `within` is in milliseconds: a net for what never comes, and
 * wide enough for a slow machine.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  within = 120_000
): Promise<T> {
  const giveUpAt = performance.now() + within
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > giveUpAt) throw new Error(`${what}: not within ${within} ms`)
    await sleep(50)
  }
}
