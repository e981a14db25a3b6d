import { setFlagsFromString } from 'node:v8'
import type { Millis } from '../../lib/units.ts'

/** Objects before anything is done: the shortest runs end before V8 optimizes much. Own choice. */
const first = 64

/** Processor time of the process from which on V8's last compiler pays. Measured on 20,000 and 100,000 documents: bench/README.md. */
const enough: Millis = 1_000

/** Objects between two looks at the processor time: most take less than one look. */
const lookEvery = 1_000

export interface LateOptimizer {
  /** To be called after each object. */
  judged(): void
  /** Leaves V8 as it was. */
  end(): void
}

/**
 * Keeps TurboFan, the last of V8's compilers, off until the process has run for a while: in a shorter run it takes more processor
 * time, on other threads, than it saves. Those before it compile as always.
 */
export function optimizeLate(setFlag: (flag: string) => void = setFlagsFromString, used = usedTime): LateOptimizer {
  let objects = 0
  let isOff = false
  const end = (): void => {
    if (isOff) setFlag('--turbofan')
    isOff = false
  }
  return {
    judged() {
      objects++
      if (objects === first) {
        // V8 takes compiled code only under the flags that it was made with, and Node loads its own for the output now.
        void process.stdout
        setFlag('--no-turbofan')
        isOff = true
      } else if (isOff && objects % lookEvery === 0 && used() >= enough) end()
    },
    end
  }
}

function usedTime(): Millis {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
