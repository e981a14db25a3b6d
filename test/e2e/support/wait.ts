import { setTimeout as sleep } from 'node:timers/promises'

/** What is there in the place of what is waited for: lines of a log, say. Asked only when a wait fails. */
export type Saw = () => Promise<string> | string

/**
 * Asks again until the answer is neither undefined nor false. `within` is in milliseconds: a net for what never comes, and
 * wide enough for a slow machine. An error, by the question or by the time, ends with what `saw` says.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  within = 120_000,
  saw?: Saw
): Promise<T> {
  const giveUpAt = performance.now() + within
  try {
    for (;;) {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      if (performance.now() > giveUpAt) throw new Error(`${what}: not within ${within} ms`)
      await sleep(50)
    }
  } catch (error) {
    throw saw === undefined ? error : await withSeen(error, saw)
  }
}

/** Looks again until it finds what is wanted. At its end it says what it found last, and what `saw` says. */
export async function untilIs<T>(what: string, look: () => Promise<T> | T, want: T, saw?: Saw): Promise<void> {
  let found: T | undefined
  try {
    await until(what, async () => {
      found = await look()
      return found === want
    })
  } catch (cause) {
    const why = messageOf(cause).replace(`${what}: `, '')
    const seen = `wanted ${JSON.stringify(want)}, found ${JSON.stringify(found)}`
    const error = new Error(`${what}: ${seen}; ${why}`, { cause })
    throw saw === undefined ? error : await withSeen(error, saw)
  }
}

/** The error, with what `saw` says below its message. Where that fails too, it says so, and the error is not lost. */
async function withSeen(error: unknown, saw: Saw): Promise<Error> {
  let seen: string
  try {
    seen = await saw()
  } catch (failure) {
    seen = `what is there instead could not be read: ${String(failure)}`
  }
  return new Error(`${messageOf(error)}\n${seen}`, { cause: error })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
