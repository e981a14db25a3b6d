import {
  closeSync,
  globSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import type { InputFile, InputProblem, Inputs } from '../input/inputs.ts'

/** Bytes; a larger file is read in pieces and never held whole. */
const wholeSize = 4 * 1024 * 1024
/** Bytes of one piece: small, so that V8 collects what was read of it while it is young, which is cheap. */
const chunkSize = 64 * 1024

const manifestName = /\.(ya?ml|json)$/i
const pattern = /[*?[{]/

/** The files of this machine. Standard input is read once and kept, since it cannot be read again. */
export function buildInputs(): Inputs {
  let stdin: Buffer | undefined
  return {
    find,
    chunks(file) {
      if (file.path !== '-') return chunksOfFile(file)
      stdin ??= readFileSync(0)
      return [decoderFor(stdin).decode(stdin)]
    }
  }
}

function find(paths: readonly string[]): { files: InputFile[]; problems: InputProblem[] } {
  const files = new Map<string, InputFile>()
  const problems: InputProblem[] = []
  const folders = new Set<string>()
  const add = (path: string, isNamed: boolean, size: number): void => {
    files.set(path, { path, isNamed: isNamed || (files.get(path)?.isNamed ?? false), size })
  }
  const visit = (path: string, isNamed: boolean): void => {
    const kind = kindOf(path)
    if (typeof kind === 'string') {
      // A broken link inside a folder is as bad as a missing argument: a file is not checked.
      problems.push({ path, message: kind })
    } else if (kind.isFolder) {
      walk(path)
    } else if (isNamed || manifestName.test(path)) {
      add(path, isNamed, kind.size)
    }
  }
  const walk = (folder: string): void => {
    // Links may lead back up; each folder is read once, under the name it was first met by.
    const real = realpathSync(folder)
    if (folders.has(real)) return
    folders.add(real)
    let names: string[]
    try {
      names = readdirSync(folder).sort()
    } catch (error) {
      problems.push({ path: folder, message: reasonOf(error) })
      return
    }
    for (const name of names) {
      if (!name.startsWith('.') && name !== 'node_modules') visit(folder === '.' ? name : join(folder, name), false)
    }
  }
  for (const path of paths) {
    if (path === '-') add(path, true, 0)
    else if (pattern.test(path) && typeof kindOf(path) === 'string') {
      const found = globSync(path).sort()
      if (found.length === 0) problems.push({ path, message: 'no file matches this pattern' })
      for (const match of found) visit(match, false)
    } else visit(path, true)
  }
  return { files: [...files.values()], problems }
}

/** A folder or a file, or in words why it is neither. */
function kindOf(path: string): { isFolder: boolean; size: number } | string {
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) return { isFolder: true, size: 0 }
    if (stats.isFile()) return { isFolder: false, size: stats.size }
    return stats.isFIFO() || stats.isCharacterDevice() ? { isFolder: false, size: 0 } : 'neither a file nor a folder'
  } catch (error) {
    return reasonOf(error)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ELOOP: 'a symbolic link that leads to itself'
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return reasons[code ?? ''] ?? `cannot be read: ${message}`
}

function* chunksOfFile({ path, size }: InputFile): Generator<string> {
  let descriptor: number | undefined
  try {
    if (size > 0 && size <= wholeSize) {
      yield wholeText(path)
      return
    }
    descriptor = openSync(path, 'r')
    yield* chunksOf(descriptor)
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** Reads a whole file: UTF-8, with or without a byte order mark, or UTF-16 with one. */
function wholeText(path: string): string {
  const text = readFileSync(path, 'utf8')
  const first = text.charCodeAt(0)
  if (first === 0xfeff) return text.slice(1)
  if (first !== 0xfffd) return text
  const bytes = readFileSync(path)
  return decoderFor(bytes).decode(bytes)
}

function* chunksOf(descriptor: number): Generator<string> {
  const buffer = Buffer.allocUnsafe(chunkSize)
  let decoder: Decoder | undefined
  for (;;) {
    const count = readSync(descriptor, buffer, 0, chunkSize, null)
    const bytes = buffer.subarray(0, count)
    decoder ??= decoderFor(bytes)
    if (count === 0) return
    yield decoder.decode(bytes, { stream: true })
  }
}

type Decoder = Pick<InstanceType<typeof TextDecoder>, 'decode'>

/** UTF-16 with its mark is what PowerShell writes; everything else is UTF-8. The mark itself is left out. */
function decoderFor(bytes: Uint8Array): Decoder {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le')
  return new TextDecoder('utf-8')
}

/** Throws ERR_USAGE when the file cannot be written. */
export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw new AppError('ERR_USAGE', `${path}: cannot be written: ${(cause as Error).message}`, { cause })
  }
}
