import { readFile, stat } from 'node:fs/promises'
import type { Millis } from '../lib/units.ts'

/** Characters. A longer text, as the snapshot of a large cluster, is read again only when size, times or inode of its file changed. */
const largeText = 1024 * 1024

export interface PolledFiles {
  /** No callback is called from then on, not even for a read under way. */
  stop(): void
}

/**
 * Reads the files every `every` milliseconds and hands on their texts when any of them changed. File watches would not do:
 * Kubernetes swaps a symlink under a mounted Secret or ConfigMap and editors replace files, and a watch is lost over both.
 * Reading a few kilobytes a second costs nothing; many megabytes would.
 * `onError` gets the first of several failures in a row.
 */
export function pollFiles<Names extends string>(
  paths: Readonly<Record<Names, string>>,
  initial: Readonly<Record<Names, string>>,
  every: Millis,
  onChange: (texts: Readonly<Record<Names, string>>) => void,
  onError: (error: unknown) => void
): PolledFiles {
  /** Empty after a failure, so that the next text counts as changed: the files can be read again. */
  let held: Partial<Record<Names, string>> = initial
  let failing = false
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const names = Object.keys(paths) as Names[]
  const stamps = new Map<Names, string>()
  const textOf = async (name: Names): Promise<string> => {
    const known = held[name]
    if (known === undefined || known.length <= largeText) return await readFile(paths[name], 'utf8')
    // Taken before the text is read: a write meanwhile then shows at the next look.
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
