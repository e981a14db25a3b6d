import type { Inputs } from './inputs.ts'

/** Characters of text that are kept at most; more than nearly every repository has. Own choice. */
const budget = 16 * 1024 * 1024

/** Inputs that are read twice keep the text of the first files, so that most runs read each file once. */
export function remembered(inputs: Inputs): Inputs {
  const kept = new Map<string, readonly string[]>()
  let left = budget
  return {
    find: (paths) => inputs.find(paths),
    chunks(file) {
      const held = kept.get(file.path)
      if (held !== undefined) return held
      // The size is that in bytes, which is never less than that in characters.
      if (file.isOnce || file.size === 0 || file.size > left) return inputs.chunks(file)
      left -= file.size
      const pieces = [...inputs.chunks(file)]
      kept.set(file.path, pieces)
      return pieces
    }
  }
}
