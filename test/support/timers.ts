import type { Test } from 'tap'

/**
 * For the time of a test, a timer of exactly so many milliseconds ends at once, and every other one as it would. So a test sees
 * that a wait of minutes is of that length: one of another length never ends in it.
 */
export function endTimersOf(t: Test, span: number): void {
  const { setTimeout: whole } = globalThis
  const quick = (end: (...args: never[]) => void, asked?: number, ...args: never[]) =>
    whole(end, asked === span ? 0 : asked, ...args)
  globalThis.setTimeout = Object.assign(quick, whole) as typeof whole
  t.teardown(() => {
    globalThis.setTimeout = whole
  })
}
