import { BackOff } from './back-off.ts'
import { pause } from './sleep.ts'
import type { Millis } from './units.ts'

/**
 * Calls `look` again and again until the signal aborts. `look` resolves to whether it could do everything it wanted, and
 * never throws. The next call comes after `every` when it could, and later and later while it could not.
 */
export async function repeatUntilAborted(
  signal: AbortSignal,
  look: () => Promise<boolean>,
  every: Millis,
  random: () => number
): Promise<void> {
  const backOff = new BackOff(random)
  while (!signal.aborted) {
    const isWell = await look()
    if (isWell) backOff.reset()
    await pause(isWell ? every : backOff.next(), signal)
  }
}
