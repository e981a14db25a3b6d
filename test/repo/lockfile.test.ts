import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder } from '../support/sources.ts'

interface Entry {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock = JSON.parse(readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Entry>>
}

/** Where npm finds a dependency of the package at `path`: beside it, else in a folder further up. */
function placeOf(path: string, name: string): string | undefined {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (Object.hasOwn(lock.packages, place)) return place
    if (at === '') return undefined
  }
}

// npm 11 leaves out platform packages a registry does not have, and the next `npm ci` dies of it (npm/cli#9342).
void t.test('every optional dependency of every package is in the lockfile, with its integrity', async (t) => {
  let count = 0
  for (const [path, { optionalDependencies }] of Object.entries(lock.packages)) {
    for (const name of Object.keys(optionalDependencies ?? {})) {
      const place = placeOf(path, name)
      t.ok(place !== undefined && lock.packages[place]?.integrity !== undefined, `${path || 'pidguard'} needs ${name}`)
      count++
    }
  }
  t.ok(count > 20)
})

void t.test('every package has its integrity', async (t) => {
  for (const [path, { integrity, link }] of Object.entries(lock.packages)) {
    if (path !== '' && link !== true) t.match(integrity, /^sha512-/, path)
  }
})

void t.test('no address stands in the lockfile: it holds for every registry and mirror', async (t) => {
  for (const [path, { resolved }] of Object.entries(lock.packages)) t.equal(resolved, undefined, path)
})
