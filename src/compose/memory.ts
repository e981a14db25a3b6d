import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Bytes } from '../model/units.ts'
import type { Progress } from '../ports.ts'

/** What may be made beyond what was alive before garbage is collected: a quarter of that, and this much. Own choice, measured. */
const slack: Bytes = 24 * 1024 * 1024

/**
 * Keeps a run over a large cluster small. V8 lets garbage pile up in proportion to the memory of the machine: an audit of
 * 150,000 pods holds 90 MB and would take up 600; so it takes 360, at the same cost.
 */
export function inLittleMemory(progress: Progress): Progress {
  // Where objects begin does not grow with the pages that pass through.
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let alive: Bytes = getHeapStatistics().used_heap_size
  return {
    step(part, done, total) {
      progress.step(part, done, total)
      if (getHeapStatistics().used_heap_size < alive * 1.25 + slack) return
      collect()
      alive = getHeapStatistics().used_heap_size
    }
  }
}
