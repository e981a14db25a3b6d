import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** A wait is in vain after so many milliseconds, and so many looks: on a busy machine a look lasts longer. */
const patience = { span: 25_000, looks: 1_000 }

/** Waits until it holds. Fails with what was waited for, and with what `saw` says is there instead. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, saw: () => unknown): Promise<void> {
  const end = performance.now() + patience.span
  for (let looks = 0; looks < patience.looks || performance.now() < end; looks++) {
    if (await holds()) return
    await sleep(5)
  }
  throw new Error(`waited in vain until ${what}; saw ${inspect(await saw(), { depth: 4, breakLength: 120 })}`)
}

/** The same for a condition whose own text says what is waited for. */
export function untilHolds(holds: () => boolean | Promise<boolean>, saw: () => unknown): Promise<void> {
  return until(String(holds).replace(/^(async )?\(\) => /, ''), holds, saw)
}

/**
 * Lets the event loop turn so many times: what has arrived on a socket of this process is handled in the next one or two. For
 * what leaves no trace that a test could wait for.
 */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

/**
 * Waits by a timer of this process. Timers end in the order of their times, so each shorter one that runs already has ended
 * before, however busy the machine is: for showing that a thing does not come again.
 */
export async function afterTimersOf(span: number): Promise<void> {
  await sleep(span + 1)
}
