import { BackOff } from './back-off.ts'
import { pause } from './sleep.ts'
import type { Millis } from './units.ts'

/**
 * Looks again and again until the signal: after `every` when a look could do everything it wanted, else later and later.
 * `look` tells which, and never throws.
 */
export async function lookUntil(
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
