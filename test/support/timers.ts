import type { Test } from 'tap'

/**
 * For the time of a test, a timer of exactly so many milliseconds ends at once, and every other one as it would. Gives how many
 * did: so a test sees that a wait is of that length, and need not wait for it.
 */
export function endTimersOf(t: Test, span: number): () => number {
  const { setTimeout: whole } = globalThis
  let ended = 0
  const quick = (end: (...args: never[]) => void, asked?: number, ...args: never[]) => {
    if (asked === span) ended++
    return whole(end, asked === span ? 0 : asked, ...args)
  }
  globalThis.setTimeout = Object.assign(quick, whole) as typeof whole
  t.teardown(() => {
    globalThis.setTimeout = whole
  })
  return () => ended
}
