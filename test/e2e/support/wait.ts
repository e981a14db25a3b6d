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

/** Looks again until it finds what is wanted. At its end it says what it found last. */
export async function untilIs<T>(what: string, look: () => Promise<T> | T, want: T): Promise<void> {
  let found: T | undefined
  await until(what, async () => {
    found = await look()
    return found === want
  }).catch((error) => {
    throw new Error(`${what}: wanted ${JSON.stringify(want)}, found ${JSON.stringify(found)}`, { cause: error })
  })
}
