import { BackOff } from './back-off.ts'
import { pause } from './sleep.ts'
import type { Millis } from './units.ts'

/**
 * Calls `look` until the signal aborts: again after `every` when it returned true, else with growing back-off.
 * `look` must not throw.
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
