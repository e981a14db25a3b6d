import { readFile, stat } from 'node:fs/promises'
import type { Millis } from '../lib/units.ts'

/** Characters. A text above this, a snapshot of a large cluster, is read again only when its file says it is another. */
const largeText = 1024 * 1024

export interface PolledFiles {
  /** From then on nothing is told, not even of a look that is on its way. */
  stop(): void
}

/**
 * Reads the files again and again and hands their texts on when any of them changed. Reading is what survives
 * everything: Kubernetes swaps a symlink under a mounted Secret or ConfigMap, editors replace files, and watches are
 * lost over both. A few kilobytes every second cost nothing; many megabytes would.
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
  const stamps = new Map<Names, string>()
  const textOf = async (name: Names): Promise<string> => {
    const known = held[name]
    if (known === undefined || known.length <= largeText) return await readFile(paths[name], 'utf8')
    // Taken before the text is read: what is written meanwhile is news at the next look.
    const { ino, size, mtimeNs, ctimeNs } = await stat(paths[name], { bigint: true })
    const stamp = [ino, size, mtimeNs, ctimeNs].join()
    if (stamps.get(name) === stamp) return known
    const text = await readFile(paths[name], 'utf8')
    stamps.set(name, stamp)
    return text
  }
  const look = async (): Promise<void> => {
    try {
      const entries = await Promise.all(names.map(async (name) => [name, await textOf(name)] as const))
      const texts = Object.fromEntries(entries) as Record<Names, string>
      failing = false
      if (!stopped && names.some((name) => texts[name] !== held[name])) {
        held = texts
        onChange(texts)
      }
    } catch (error) {
      if (!failing && !stopped) onError(error)
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
