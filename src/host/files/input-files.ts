import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { AppError } from '../../errors.ts'
import type { InputFile, Inputs } from '../../input/inputs.ts'
import { reasonOf } from './file-error.ts'
import { encoded, encodingOf, textOfDescriptor, textOfFile } from './file-text.ts'
import { type FindOptions, findFiles } from './find-files.ts'

/** The files of this machine. What can be read only once, as standard input and pipes, is kept for a second reading. */
export function buildInputs(options: FindOptions = {}): Inputs {
  const kept = new Map<string, Kept>()
  return {
    find: (paths) => findFiles(paths, options),
    chunks(file) {
      const build = options.builds?.get(file.path)
      if (build !== undefined) return [build.text]
      if (!file.isOnce) return textOfFile(file)
      const held = kept.get(file.path) ?? new Kept(file)
      kept.set(file.path, held)
      return held.chunks()
    }
  }
}

/** The text of a pipe, as far as it was read. */
class Kept {
  readonly #pieces: string[] = []
  readonly #file: InputFile
  #source: Iterator<string> | undefined
  #error: Error | undefined

  constructor(file: InputFile) {
    this.#file = file
  }

  *chunks(): Generator<string> {
    for (let i = 0; ; i++) {
      if (i === this.#pieces.length && !this.#readOn()) break
      yield this.#pieces[i] as string
    }
    if (this.#error !== undefined) throw this.#error
  }

  #readOn(): boolean {
    if (this.#error !== undefined) return false
    try {
      // Never closed: the process is short, and what opens a pipe once more finds it empty.
      this.#source ??= textOfDescriptor(this.#file.path === '-' ? 0 : openSync(this.#file.path, 'r'))
      const { done, value } = this.#source.next()
      if (!done) this.#pieces.push(value)
      return !done
    } catch (error) {
      this.#error = 'code' in (error as object) ? new Error(reasonOf(error), { cause: error }) : (error as Error)
      return false
    }
  }
}

/** The text of a file that an option names. Throws ERR_USAGE when it cannot be read. */
export function readText(
  flag: string,
  path: string,
  remedy = 'Name a file that is there and that you may read.'
): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('ERR_USAGE', `${flag} ${path}: ${reasonOf(cause)}`, {
      cause,
      remedy
    })
  }
}

/** Throws ERR_USAGE when the file cannot be written. */
export function writeText(path: string, text: string): void {
  writeBytes(path, text)
}

/** Writes a file again in the encoding it has, the mark at its start included. Throws ERR_USAGE when it cannot. */
export function rewriteText(path: string, text: string): void {
  writeBytes(path, encoded(text, encodingOf(readFileSync(path))))
}

function writeBytes(path: string, content: string | Buffer): void {
  try {
    writeFileSync(path, content)
  } catch (cause) {
    throw new AppError('ERR_USAGE', `${path}: cannot be written: ${(cause as Error).message}`, {
      cause,
      remedy: 'Name a file in a folder that is there and that you may write to.'
    })
  }
}
