import { performance } from 'node:perf_hooks'
import type { Clock } from '../ports/runtime.ts'

/** The clocks of this machine: the wall clock, and one that never jumps. */
export const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
