// What README and docs say was tested: from tested.json, which npm run test:e2e:matrix writes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cell, notThere, renderMatrix } from './matrix.ts'

/** By version, what each file came to, as in the cells of the table. */
export type Tested = Readonly<Record<string, Readonly<Record<string, string>>>>

export const testedPath = join(import.meta.dirname, '../tested.json')

/** undefined: no run is recorded. */
export function readTested(path = testedPath): Tested | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Tested) : undefined
}

/** Writes one cell, in place of that of an older run. Versions and files stay in order, so that a new run changes only what differs. */
export function recordTested(version: string, name: string, { text }: Cell, path = testedPath): void {
  const before = readTested(path)
  const after = { ...before, [version]: inOrder({ ...before?.[version], [name]: text }, byName) }
  writeFileSync(path, `${JSON.stringify(inOrder(after, newestFirst), null, 2)}\n`)
}

function inOrder<T>(record: Readonly<Record<string, T>>, compare: (a: string, b: string) => number): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => compare(a, b)))
}

const byName = (a: string, b: string): number => (a < b ? -1 : 1)
const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true })

const notRecorded =
  'Which versions the end-to-end tests ran on is not recorded yet; `npm run test:e2e:matrix` writes it here.\n'

/** One line: for each version how many of the files of tests that it has something for passed, and which did not or were not run. */
export function renderTestedVersions(tested: Tested | undefined): string {
  if (tested === undefined) return notRecorded
  const names = namesOf(tested)
  const versions = Object.entries(tested).map(([version, files]) => {
    const all = names.filter((name) => files[name] !== notThere)
    const notRun = all.filter((name) => files[name] === undefined)
    const failed = all.filter((name) => !/^\d+ ok\b/.test(files[name] ?? '') && !notRun.includes(name))
    const passed = all.length - failed.length - notRun.length
    const rest = [
      failed.length === 0 ? [] : [`failed: ${failed.join(', ')}`],
      notRun.length === 0 ? [] : [`not run: ${notRun.join(', ')}`]
    ].flat()
    return `${version} ${passed} of ${all.length}${rest.length === 0 ? '' : ` (${rest.join('; ')})`}`
  })
  return `Files of end-to-end tests that passed: ${versions.join(', ')}.\n`
}

/** The whole table: a row for each file, a column for each version. */
export function renderTestedTable(tested: Tested | undefined): string {
  if (tested === undefined) return notRecorded
  const names = namesOf(tested)
  const columns = Object.entries(tested).map(([version, files]) => ({
    version,
    cells: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, { text, failed: false, essence: '' }]))
  }))
  return renderMatrix(names, columns)
}

function namesOf(tested: Tested): readonly string[] {
  return [...new Set(Object.values(tested).flatMap((files) => Object.keys(files)))].toSorted()
}
