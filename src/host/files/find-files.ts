import { type Dirent, globSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import type { FoundInputs, InputFile, InputProblem } from '../../input/inputs.ts'
import { reasonOf } from './file-error.ts'

const manifestName = /\.(ya?ml|json)$/i
const pattern = /[*?[{]/

/** Names of standard input as a file: opened once more, it would be empty. */
const stdinNames: ReadonlySet<string> = new Set(['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/** Folders that hold no manifests of their own; other hidden folders are walked, as kubectl -R does. */
const skippedFolders: ReadonlySet<string> = new Set(['.git', 'node_modules'])

/** Finds the files that arguments name: each once, in a stable order. */
export function findFiles(paths: readonly string[]): FoundInputs {
  return new Search(paths).found()
}

class Search {
  readonly #paths: readonly string[]
  /** By real path, so that two ways to a file lead to one entry. */
  readonly #files = new Map<string, InputFile>()
  readonly #problems: InputProblem[] = []
  /** Real paths: links may lead back up, and each folder is read once. */
  readonly #folders = new Set<string>()
  /** Real paths of the folders that were named: links inside are not followed out of them. */
  readonly #roots: readonly string[]

  constructor(paths: readonly string[]) {
    this.#paths = paths
    this.#roots = paths.map(realFolderOf).filter((real) => real !== undefined)
  }

  found(): FoundInputs {
    for (const path of this.#paths) {
      if (stdinNames.has(path)) this.#add('-', { path: '-', isNamed: true, size: 0, isOnce: true })
      else if (pattern.test(path) && typeof kindOf(path) === 'string') this.#match(path)
      else this.#visit(path, true)
    }
    return { files: [...this.#files.values()], problems: this.#problems }
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

  /** A path of the command line, or a link met on the way: its real path is not known yet. */
  #visit(path: string, isNamed: boolean): void {
    const kind = kindOf(path)
    // A broken link inside a folder is as bad as a missing argument: a file is not checked.
    if (typeof kind === 'string') this.#problems.push({ path, message: kind })
    else if (kind.isOnce) this.#add(path, { path, isNamed, size: 0, isOnce: true })
    else if (kind.isFolder || isNamed || manifestName.test(path)) {
      const real = realpathSync(path)
      const root = this.#leftRoot(path, real, isNamed)
      if (root !== undefined) {
        this.#problems.push({ path, message: `a symbolic link that leads out of ${root}; name ${real} to check it` })
      } else if (kind.isFolder) this.#walk(path, real)
      else this.#add(real, { path, isNamed, size: kind.size, isOnce: false })
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
      if (!skippedFolders.has(name)) this.#walk(path, join(realFolder, name))
    } else if (entry.isFile()) {
      if (!manifestName.test(name)) return
      const kind = kindOf(path)
      if (typeof kind === 'string') this.#problems.push({ path, message: kind })
      else this.#add(join(realFolder, name), { path, isNamed: false, size: kind.size, isOnce: false })
    } else if (entry.isSymbolicLink() && !skippedFolders.has(name)) this.#visit(path, false)
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
