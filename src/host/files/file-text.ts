import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import type { InputFile } from '../../input/inputs.ts'
import type { Bytes } from '../../lib/units.ts'
import { reasonOf } from './file-error.ts'

/** A larger file is read in pieces and never held whole. */
const wholeSize: Bytes = 4 * 1024 * 1024
/** One piece: small, so that V8 collects what was read of it while it is young, which is cheap. */
const chunkSize: Bytes = 64 * 1024

/** The encoding of a text; a mark at its start is left out when it is read. */
export type Encoding = 'utf8' | 'utf8-bom' | 'utf16le-bom'

/** The text of a file in pieces. Throws with words for people when it cannot be read. */
export function* textOfFile({ path, size }: InputFile): Generator<string> {
  let descriptor: number | undefined
  try {
    if (size > 0 && size <= wholeSize) {
      yield wholeText(path)
      return
    }
    descriptor = openSync(path, 'r')
    yield* textOfDescriptor(descriptor)
  } catch (error) {
    throw error instanceof NotText ? error : new Error(reasonOf(error), { cause: error })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** The text that an open file, a pipe or a device gives, in pieces. */
export function* textOfDescriptor(descriptor: number): Generator<string> {
  const buffer = Buffer.allocUnsafe(chunkSize)
  let decoder: Decoder | undefined
  for (;;) {
    const count = readPiece(descriptor, buffer)
    const bytes = buffer.subarray(0, count)
    decoder ??= decoderFor(bytes)
    const piece = decoded(decoder, bytes, count > 0)
    if (piece !== '') yield piece
    if (count === 0) return
  }
}

/** The encoding that the first bytes of a file show. */
export function encodingOf(bytes: Uint8Array): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf16le-bom'
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 'utf8-bom' : 'utf8'
}

/** Bytes of a text in an encoding, its mark included. */
export function encoded(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf16le-bom') return Buffer.from(`\ufeff${text}`, 'utf16le')
  return Buffer.from(encoding === 'utf8-bom' ? `\ufeff${text}` : text, 'utf8')
}

type Decoder = Pick<InstanceType<typeof TextDecoder>, 'decode'>

class NotText extends Error {}

/** Reads UTF-8 in one go. A replacement character is rare: only then the bytes are looked at once more. */
function wholeText(path: string): string {
  const text = readFileSync(path, 'utf8')
  if (text.includes('\ufffd')) {
    const bytes = readFileSync(path)
    return decoded(decoderFor(bytes), bytes, false)
  }
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** UTF-16 with its mark is what PowerShell writes; everything else has to be UTF-8, as for kubectl. */
function decoderFor(bytes: Uint8Array): Decoder {
  return new TextDecoder(encodingOf(bytes) === 'utf16le-bom' ? 'utf-16le' : 'utf-8', { fatal: true })
}

function decoded(decoder: Decoder, bytes: Uint8Array, isMore: boolean): string {
  try {
    return decoder.decode(bytes, { stream: isMore })
  } catch (cause) {
    throw new NotText('bytes that are not UTF-8; expected YAML or JSON in UTF-8', { cause })
  }
}

/** Bytes read, 0 at the end. A pipe that its writer made non-blocking says EAGAIN while it is empty. */
function readPiece(descriptor: number, buffer: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer, 0, buffer.length, null)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pipePause)
    }
  }
}

/** Milliseconds between two looks at an empty pipe. */
const pipePause = 5
