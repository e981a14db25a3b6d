import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder, typescriptFilesOf } from '../support/sources.ts'
import { testFilesOf } from '../support/test-files.ts'

/** Run by scripts of their own: they start real programs. */
const apart = /^(e2e|browser|program)\//

const folder = join(projectFolder, 'test/rooms')

/** What one file of test/rooms runs, as its source says. */
function roomsOf(name: string): string[] {
  const call = /runRooms\(([^)]*)\)/.exec(readFileSync(join(folder, name), 'utf8'))
  return [...(call?.[1] ?? '').matchAll(/'([^']+)'/g)].map(([, room]) => room as string)
}

void t.test('every test file is run by exactly one file of test/rooms', async (t) => {
  const run = readdirSync(folder).flatMap((name) => roomsOf(name).flatMap(testFilesOf))
  const written = typescriptFilesOf('test').filter((file) => file.endsWith('.test.ts') && !apart.test(file))
  t.strictSame(run.sort(), written)
})
