import type { Millis } from './units.ts'

/** Waits, or returns at once when the signal aborts. */
export function pause(span: Millis, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, span)
    signal.addEventListener('abort', end)
  })
}
