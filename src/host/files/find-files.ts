import { type Dirent, globSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import type { FoundInputs, InputFile, InputProblem } from '../../input/inputs.ts'
import { reasonOf } from './file-error.ts'
import { LeftOut } from './left-out.ts'
import { buildExclusion, SourceFiles } from './source-files.ts'

const manifestName = /\.(ya?ml|json)$/i
const pattern = /[*?[{]/

/** Names of standard input as a file: opened once more, it would be empty. */
const stdinNames: ReadonlySet<string> = new Set(['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/** Folders that hold no manifests of their own; other hidden folders are walked, as kubectl -R does. */
const skippedFolders: ReadonlySet<string> = new Set(['.git', 'node_modules'])

/** What to leave out of what the arguments name. */
export interface FindOptions {
  /** Patterns of files and folders that a person leaves out. */
  readonly exclude?: readonly string[]
  /** The arguments are files that changed, whatever they are: each counts as if it were found in a folder. */
  readonly skipsOthers?: boolean
  /** What kustomizations build, by the name that stands for each among the arguments. */
  readonly builds?: ReadonlyMap<string, { readonly text: string; readonly origin: string }>
}

/** Finds the files that arguments name: each once, in a stable order. */
export function findFiles(paths: readonly string[], options: FindOptions = {}): FoundInputs {
  return new Search(paths, options).found()
}

class Search {
  readonly #paths: readonly string[]
  readonly #isExcluded: (path: string) => boolean
  readonly #skipsOthers: boolean
  readonly #builds: NonNullable<FindOptions['builds']>
  readonly #sources = new SourceFiles()
  readonly #left = new LeftOut()
  /** By real path, so that two ways to a file lead to one entry. */
  readonly #files = new Map<string, InputFile>()
  readonly #problems: InputProblem[] = []
  /** Real paths: links may lead back up, and each folder is read once. */
  readonly #folders = new Set<string>()
  /** Real paths of the folders that were named: links inside are not followed out of them. */
  readonly #roots: readonly string[]

  constructor(paths: readonly string[], { exclude = [], skipsOthers = false, builds = new Map() }: FindOptions) {
    this.#paths = paths
    this.#isExcluded = buildExclusion(exclude)
    this.#skipsOthers = skipsOthers
    this.#builds = builds
    this.#roots = paths.map(realFolderOf).filter((real) => real !== undefined)
  }

  found(): FoundInputs {
    for (const path of this.#paths) {
      const build = this.#builds.get(path)
      if (build !== undefined) this.#add(path, { path, isNamed: true, size: 0, isOnce: true, origin: build.origin })
      else if (stdinNames.has(path)) this.#add('-', { path: '-', isNamed: true, size: 0, isOnce: true })
      else if (pattern.test(path) && typeof kindOf(path) === 'string') this.#match(path)
      else this.#visit(path, true)
    }
    const { parts, folders } = this.#sources.partsIn(this.#files)
    for (const part of parts) {
      this.#left.parts.push((this.#files.get(part) as InputFile).path)
      this.#files.delete(part)
    }
    const kustomizations = [...folders].map((folder) => relative(process.cwd(), folder) || '.')
    return { files: [...this.#files.values()], problems: this.#problems, notes: this.#left.notes(kustomizations) }
  }

  /** Whether a path is not to be read: a person leaves it out, or it is the template of a chart that nobody named. */
  #leaves(path: string, mayBeTemplate: boolean): boolean {
    const isExcluded = this.#isExcluded(path)
    const chart = isExcluded || !mayBeTemplate ? undefined : this.#sources.chartOf(path)
    if (isExcluded) this.#left.excluded++
    if (chart !== undefined) this.#left.charts.add(chart)
    return isExcluded || chart !== undefined
  }

  #match(path: string): void {
    const found = globSync(path).sort()
    if (found.length === 0) this.#problems.push({ path, message: 'no file matches this pattern' })
    for (const match of found) this.#visit(match, false)
  }

  #add(real: string, file: InputFile): void {
    const held = this.#files.get(real)
    if (held === undefined) this.#files.set(real, file)
    else if (file.isNamed && !held.isNamed) this.#files.set(real, { ...held, isNamed: true })
  }

  /** Whether a file has to hold objects, for it was named. */
  #mustHold(isNamed: boolean): boolean {
    return isNamed && !this.#skipsOthers
  }

  /** A path of the command line, or a link met on the way: its real path is not known yet. */
  #visit(path: string, isNamed: boolean): void {
    const kind = kindOf(path)
    if (typeof kind !== 'string' && this.#leaves(path, !this.#mustHold(isNamed))) return
    // A broken link inside a folder is as bad as a missing argument: a file is not checked.
    if (typeof kind === 'string') this.#problems.push({ path, message: kind })
    else if (kind.isOnce && !isNamed) this.#refuseStream(path)
    else if (kind.isOnce) this.#add(path, { path, isNamed: this.#mustHold(isNamed), size: 0, isOnce: true })
    else if (kind.isFolder || isNamed || manifestName.test(path)) {
      const real = realpathSync(path)
      const root = this.#leftRoot(path, real, isNamed)
      if (root !== undefined) {
        this.#problems.push({ path, message: `a symbolic link that leads out of ${root}; name ${real} to check it` })
      } else if (kind.isFolder) this.#walk(path, real)
      else this.#add(real, { path, isNamed: this.#mustHold(isNamed), size: kind.size, isOnce: false })
    }
  }

  /**
   * The folder that a link leads out of, as people call it: that of the arguments, or the working directory for a path
   * of the command line. A pull request must not choose files outside of its repository.
   */
  #leftRoot(path: string, real: string, isNamed: boolean): string | undefined {
    const written = resolve(path)
    const here = process.cwd()
    if (written === real || this.#roots.some((root) => isInside(real, root))) return undefined
    if (isNamed)
      return isInside(written, here) && !isInside(real, realpathSync(here)) ? 'the working directory' : undefined
    const root = this.#paths.find((each) => isInside(written, resolve(each)))
    // A file that a pattern found. A person wrote the pattern, so the file is measured against the working directory.
    if (root === undefined) return this.#leftRoot(path, real, true)
    return root === '.' ? 'the working directory' : relative(here, resolve(root)) || root
  }

  #walk(folder: string, real: string): void {
    if (this.#folders.has(real)) return
    this.#folders.add(real)
    let entries: Dirent[]
    try {
      entries = readdirSync(folder, { withFileTypes: true })
    } catch (error) {
      this.#problems.push({ path: folder, message: reasonOf(error) })
      return
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) this.#enter(entry, folder === '.' ? entry.name : join(folder, entry.name), real)
  }

  #enter(entry: Dirent, path: string, realFolder: string): void {
    const { name } = entry
    if (entry.isDirectory()) {
      if (!skippedFolders.has(name) && !this.#leaves(path, name === 'templates'))
        this.#walk(path, join(realFolder, name))
    } else if (entry.isFile()) {
      if (!manifestName.test(name) || this.#leaves(path, false)) return
      const kind = kindOf(path)
      if (typeof kind === 'string') this.#problems.push({ path, message: kind })
      else this.#add(join(realFolder, name), { path, isNamed: false, size: kind.size, isOnce: false })
    } else if (entry.isSymbolicLink() && !skippedFolders.has(name)) this.#visit(path, false)
    else if (manifestName.test(name) && !this.#leaves(path, false)) this.#refuseStream(path)
  }

  /** Reading a pipe, a socket or a device that merely lies there might never end; kubectl would wait for it. */
  #refuseStream(path: string): void {
    if (manifestName.test(path))
      this.#problems.push({ path, message: 'neither a file nor a folder; name it to read it' })
  }
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}

function realFolderOf(path: string): string | undefined {
  try {
    const real = realpathSync(path)
    return statSync(real).isDirectory() ? real : undefined
  } catch {
    return undefined
  }
}

interface Kind {
  readonly isFolder: boolean
  /** Bytes. */
  readonly size: number
  /** A pipe or a device: what was read of it is gone. */
  readonly isOnce: boolean
}

/** What a path leads to, or in words why it can be none of that. */
function kindOf(path: string): Kind | string {
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) return { isFolder: true, size: 0, isOnce: false }
    if (stats.isFile()) return { isFolder: false, size: stats.size, isOnce: false }
    const isOnce = stats.isFIFO() || stats.isCharacterDevice()
    return isOnce ? { isFolder: false, size: 0, isOnce } : 'neither a file nor a folder'
  } catch (error) {
    return reasonOf(error)
  }
}
