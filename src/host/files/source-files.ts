import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, matchesGlob, resolve, sep } from 'node:path'
import type { InputFile } from '../../input/inputs.ts'
import { type Kustomization, kustomizationNames, readKustomization } from '../../input/kustomization.ts'

/** Files that are no objects but sources of some: the templates of Helm charts, and what kustomizations put into others. */
export class SourceFiles {
  readonly #charts = new Map<string, boolean>()
  readonly #kustomizations = new Map<string, Kustomization | undefined>()

  /** The folder of the chart that a path is a template of; undefined: of none. */
  chartOf(path: string): string | undefined {
    const parts = path.split(sep)
    for (let i = parts.length - 1; i >= 0; i--) {
      if (parts[i] !== 'templates') continue
      const chart = parts.slice(0, i).join(sep) || (path.startsWith(sep) ? sep : '.')
      if (this.#isChart(chart)) return chart
    }
    return undefined
  }

  #isChart(folder: string): boolean {
    const held = this.#charts.get(folder) ?? isFile(join(folder, 'Chart.yaml'))
    this.#charts.set(folder, held)
    return held
  }

  /** Of the files, by real path, those that a kustomization names as a part of others; and the folders of these. */
  partsIn(files: ReadonlyMap<string, InputFile>): {
    readonly parts: ReadonlySet<string>
    readonly folders: Set<string>
  } {
    const resources = new Set<string>()
    const named = new Map<string, string>()
    for (const real of files.keys()) for (const folder of foldersAbove(real)) this.#note(folder, resources, named)
    const parts = new Set([...named.keys()].filter((path) => files.has(path) && !resources.has(path)))
    return { parts, folders: new Set([...parts].map((path) => named.get(path) as string)) }
  }

  #note(folder: string, resources: Set<string>, named: Map<string, string>): void {
    if (this.#kustomizations.has(folder)) return
    const found = kustomizationIn(folder)
    this.#kustomizations.set(folder, found)
    for (const path of found?.resources ?? []) resources.add(resolve(folder, path))
    for (const path of found?.parts ?? []) named.set(resolve(folder, path), folder)
  }
}

/** A test for paths that a person leaves out: patterns with a slash match from the working directory, others any name. */
export function buildExclusion(patterns: readonly string[]): (path: string) => boolean {
  const wanted = patterns.map((pattern) => pattern.replace(/^\.\//, '').replace(/\/(\*\*)?$/, ''))
  return (path) =>
    wanted.some((pattern) => {
      for (let at: string = path; at !== '.' && at !== sep && at !== ''; at = dirname(at)) {
        if (matchesGlob(pattern.includes('/') ? at : basename(at), pattern)) return true
      }
      return false
    })
}

/** The folder of a file and those above it, as far as a repository may reach: to the working directory, or the root. */
function foldersAbove(path: string): string[] {
  const folders: string[] = []
  const here = process.cwd()
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.push(folder)
    if (folder === here || folder === dirname(folder)) return folders
  }
}

function kustomizationIn(folder: string): Kustomization | undefined {
  const name = kustomizationNames.find((each) => isFile(join(folder, each)))
  if (name === undefined) return undefined
  try {
    return readKustomization(readFileSync(join(folder, name), 'utf8'))
  } catch {
    // A file that may not be read is reported when it is checked itself.
    return undefined
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
