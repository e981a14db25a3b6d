import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

export const testFolder = join(import.meta.dirname, '..')

/** Test files of a room, those in folders below it too: `certs`, or the name of one file. */
export function testFilesOf(room: string): string[] {
  if (room.endsWith('.test.ts')) return [room]
  const folder = join(testFolder, room)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(testFolder, join(entry.parentPath, entry.name)))
    .sort()
}
