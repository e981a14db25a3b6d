import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Inputs } from '../input/inputs.ts'
import type { Bytes } from '../lib/units.ts'
import type { Progress } from '../ports/runtime.ts'

/** What may be made beyond what was alive before garbage is collected: a quarter of that, and this much. Own choice, measured. */
const slack: Bytes = 24 * 1024 * 1024

/**
 * Collects garbage, each time it is called, where much has piled up. V8 lets it pile up in proportion to the memory of the
 * machine: an audit of 150,000 pods holds 90 MB and would take up 600; so it takes 360, at the same cost.
 */
function buildCollector(): () => void {
  // Where objects begin does not grow with what passes through.
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let alive: Bytes = getHeapStatistics().used_heap_size
  return () => {
    if (getHeapStatistics().used_heap_size < alive * 1.25 + slack) return
    collect()
    alive = getHeapStatistics().used_heap_size
  }
}

/** Keeps a run over a large cluster small: garbage is looked at after each page. */
export function inLittleMemory(progress: Progress): Progress {
  const collect = buildCollector()
  return {
    step(part, done, total) {
      progress.step(part, done, total)
      collect()
    }
  }
}

/** Characters of input between two looks at the garbage; most runs never come to one. */
const lookEvery = 2 * 1024 * 1024

/** Keeps a run over very many files, or a very large one, small. */
export function inputsInLittleMemory(inputs: Inputs): Inputs {
  let collect: (() => void) | undefined
  let read = 0
  return {
    find: (paths) => inputs.find(paths),
    *chunks(file) {
      for (const chunk of inputs.chunks(file)) {
        yield chunk
        read += chunk.length
        if (read < lookEvery) continue
        read = 0
        collect ??= buildCollector()
        collect()
      }
    }
  }
}
