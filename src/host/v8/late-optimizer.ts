import { setFlagsFromString } from 'node:v8'
import type { Millis } from '../../lib/units.ts'

/** Processor time of the process from which on V8's last compiler pays. Measured on 20,000 and 100,000 documents: bench/README.md. */
const enough: Millis = 1_000

/** Calls between two looks at the processor time: most take less than one look. */
const lookEvery = 1_000

/**
 * Keeps TurboFan, the last of V8's compilers, off until the process has run for a while: in a shorter run it takes more processor
 * time, on other threads, than it saves. Those before it compile as always. What it gives is to be called after each object.
 */
export function optimizeLate(setFlag: (flag: string) => void = setFlagsFromString, used = usedTime): () => void {
  setFlag('--no-turbofan')
  let calls = 0
  let isLong = false
  return () => {
    calls++
    if (isLong || calls % lookEvery !== 0 || used() < enough) return
    isLong = true
    setFlag('--turbofan')
  }
}

function usedTime(): Millis {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
