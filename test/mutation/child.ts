// Runs test files over a source file that one mutant has changed. MUTANT holds file, start, end, text and
// the test files as JSON: among the arguments their names would be part of the folders that tests make, too long a name.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runRooms } from '../support/rooms.ts'
import { projectFolder } from '../support/sources.ts'

const { file, start, end, text, tests } = JSON.parse(process.env['MUTANT'] ?? '{}')
const path = join(projectFolder, 'src', file)
const mutated = pathToFileURL(path).href

registerHooks({
  load: (url, context, next) => {
    if (url !== mutated) return next(url, context)
    const source = readFileSync(path, 'utf8')
    return {
      format: 'module-typescript',
      source: `${source.slice(0, start)}${text}${source.slice(end)}`,
      shortCircuit: true
    }
  }
})

await runRooms(...tests)
