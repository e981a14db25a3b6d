import { readFile } from 'node:fs/promises'
import type { Millis } from '../model/units.ts'

export interface PolledFiles {
  stop(): void
}

/**
 * Reads the files again and again and hands their texts on when any of them changed. Reading is what survives
 * everything: Kubernetes swaps a symlink under a mounted Secret or ConfigMap, editors replace files, and watches are
 * lost over both. A few kilobytes every second cost nothing.
 * `onError` gets the first failure of a row; a file that vanishes for a moment is not worth a line a second.
 */
export function pollFiles<Names extends string>(
  paths: Readonly<Record<Names, string>>,
  initial: Readonly<Record<Names, string>>,
  every: Millis,
  onChange: (texts: Readonly<Record<Names, string>>) => void,
  onError: (error: unknown) => void
): PolledFiles {
  /** Empty after a failure: whatever is read next is news, if only that it can be read again. */
  let held: Partial<Record<Names, string>> = initial
  let failing = false
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const names = Object.keys(paths) as Names[]
  const look = async (): Promise<void> => {
    try {
      const entries = await Promise.all(names.map(async (name) => [name, await readFile(paths[name], 'utf8')] as const))
      const texts = Object.fromEntries(entries) as Record<Names, string>
      failing = false
      if (!stopped && names.some((name) => texts[name] !== held[name])) {
        held = texts
        onChange(texts)
      }
    } catch (error) {
      if (!failing) onError(error)
      failing = true
      held = {}
    }
    if (!stopped) timer = setTimeout(() => void look(), every).unref()
  }
  timer = setTimeout(() => void look(), every).unref()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    }
  }
}
