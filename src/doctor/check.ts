export type Level = 'ok' | 'info' | 'warn' | 'error'

/** One thing looked at: what was found, and what to do about it. */
export interface Check {
  readonly about: string
  readonly level: Level
  readonly found: string
  readonly remedy?: string
}
