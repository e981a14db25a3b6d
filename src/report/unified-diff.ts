import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'

/** Lines that are shown around a change, as diff -u does. */
const context = 3

/** What `diff -u` prints of two texts; empty where they are the same. */
export function renderDiff(file: string, before: string, after: string): string {
  if (before === after) return ''
  const path = file.replace(/^\/+/, '')
  const options = { context, headerOptions: FILE_HEADERS_ONLY }
  return createTwoFilesPatch(quoted(`a/${path}`), quoted(`b/${path}`), before, after, undefined, undefined, options)
}

/** As git writes a name with control characters, quotes or backslashes: on one line, in quotes, and so that git apply reads it. */
function quoted(path: string): string {
  if (!/[^\u0020-\u007e\u00a0-\uffff]|["\\]/.test(path)) return path
  const octal = (char: string): string =>
    [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  return `"${path.replace(/["\\]/g, '\\$&').replace(/[^\u0020-\u007e\u00a0-\uffff]/g, octal)}"`
}
