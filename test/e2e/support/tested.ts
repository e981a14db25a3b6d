// What README and docs say was tested: from tested.json, which a whole run of npm run test:e2e:matrix writes.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { notThere, renderMatrix } from './matrix.ts'

/** By version, what each file came to, as in the cells of the table. */
export type Tested = Readonly<Record<string, Readonly<Record<string, string>>>>

export const testedPath = join(import.meta.dirname, '../tested.json')

/** undefined: no whole run is recorded. */
export function readTested(path = testedPath): Tested | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Tested) : undefined
}

const notRecorded =
  'Which versions the end-to-end tests ran on is not recorded yet; `npm run test:e2e:matrix` writes it here.\n'

/** One line, with a sentence for each version: how many of the files of tests that it has something for passed, and which did not. */
export function renderTestedVersions(tested: Tested | undefined): string {
  if (tested === undefined) return notRecorded
  const sentences = Object.entries(tested).map(([version, files]) => {
    const all = Object.entries(files).filter(([, text]) => text !== notThere)
    const failed = all.filter(([, text]) => !/^\d+ ok\b/.test(text)).map(([name]) => name)
    const passed = all.length - failed.length
    const rest = failed.length === 0 ? '' : `, and these did not: ${failed.join(', ')}`
    return `${version}: ${passed} of ${all.length} files of end-to-end tests passed${rest}.`
  })
  return `${sentences.join(' ')}\n`
}

/** The whole table: a row for each file, a column for each version. */
export function renderTestedTable(tested: Tested | undefined): string {
  if (tested === undefined) return notRecorded
  const names = [...new Set(Object.values(tested).flatMap((files) => Object.keys(files)))]
  const columns = Object.entries(tested).map(([version, files]) => ({
    version,
    cells: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, { text, failed: false, essence: '' }]))
  }))
  return renderMatrix(names, columns)
}
