import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { importsOf, projectFolder } from '../support/sources.ts'
import { testFilesOf } from '../support/test-files.ts'

/** Files that a file of the project loads at run time, as paths in the project. */
const importsByFile = new Map<string, readonly string[]>()

function loadedBy(file: string): readonly string[] {
  const known = importsByFile.get(file)
  if (known !== undefined) return known
  const loaded = importsOf(readFileSync(join(projectFolder, file), 'utf8'))
    .filter(({ from, isType }) => from.startsWith('.') && !isType)
    .map(({ from }) => posix.join(posix.dirname(file), from))
    .filter((path) => path.endsWith('.ts') && existsSync(join(projectFolder, path)))
  importsByFile.set(file, loaded)
  return loaded
}

/** How many imports lie between two files; undefined where one does not load the other. */
function distance(from: string, to: string): number | undefined {
  const seen = new Set([from])
  let front = [from]
  for (let steps = 0; front.length > 0; steps++) {
    if (front.includes(to)) return steps
    front = front.flatMap(loadedBy).filter((file) => !seen.has(file) && seen.add(file))
  }
  return undefined
}

/** Test files of a room that load a source file: those that import it themselves, and those that do so by others. */
export function testsReaching(source: string, room: string): readonly [string[], string[]] {
  const reached = testFilesOf(room).flatMap((file) => {
    const steps = distance(`test/${file}`, `src/${source}`)
    return steps === undefined ? [] : [{ file, steps }]
  })
  // The fixtures go through a rule as all fronts do, so they notice most.
  reached.sort((a, b) => Number(b.file.endsWith('fixtures.test.ts')) - Number(a.file.endsWith('fixtures.test.ts')))
  const filesAt = (isNear: boolean) => reached.filter(({ steps }) => (steps === 1) === isNear).map(({ file }) => file)
  return [filesAt(true), filesAt(false)]
}
