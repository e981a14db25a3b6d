import t from 'tap'
import { inLittleMemory, inputsInLittleMemory } from '../../../src/host/v8/garbage.ts'
import type { Inputs } from '../../../src/input/inputs.ts'

const megabyte = 1024 * 1024

/** Bytes in use on the heap, at the most, while `step` is called again and again over garbage. */
function peakOver(steps: number, step: () => void): number {
  let peak = 0
  for (let i = 0; i < steps; i++) {
    // Old enough to survive the small collections, and garbage right after.
    let kept: unknown[] = Array.from({ length: 40 }, () => Array.from({ length: 4_000 }, (_, k) => ({ k })))
    if (kept.length === 0) t.fail('never')
    kept = []
    step()
    peak = Math.max(peak, process.memoryUsage().heapUsed)
  }
  return peak
}

void t.test('garbage does not pile up over the pages of a large cluster', async (t) => {
  const told: string[] = []
  const progress = inLittleMemory({ step: (part, done) => void told.push(`${part} ${done}`) })
  const before = process.memoryUsage().heapUsed
  let page = 0
  const peak = peakOver(60, () => progress.step('pods', ++page, undefined))
  t.ok(peak - before < 120 * megabyte, `${Math.round((peak - before) / megabyte)} MB piled up`)
  t.equal(told.length, 60, 'each step is passed on')
  t.equal(told[1], 'pods 2')
})

void t.test('inputs are read as they are, piece by piece', async (t) => {
  const piece = 'x'.repeat(megabyte)
  const asked: string[] = []
  const inputs: Inputs = {
    find: (paths) => ({
      files: paths.map((path) => ({ path, isNamed: true, size: 0, isOnce: false })),
      problems: [],
      notes: []
    }),
    *chunks({ path }) {
      for (let i = 0; i < 5; i++) {
        asked.push(`${path} ${i}`)
        yield piece
      }
    }
  }
  const held = inputsInLittleMemory(inputs)
  const { files } = held.find(['a', 'b'])
  t.equal(files.length, 2)
  let pieces = 0
  for (const file of files) {
    for (const chunk of held.chunks(file)) {
      pieces++
      t.equal(chunk, piece)
      t.equal(asked.length, pieces, 'not read ahead')
    }
  }
  t.equal(pieces, 10)
})
