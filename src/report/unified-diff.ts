import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'

/** Lines that are shown around a change, as diff -u does. */
const context = 3

/** What `diff -u` prints of two texts; empty where they are the same. */
export function renderDiff(file: string, before: string, after: string): string {
  if (before === after) return ''
  const path = file.replace(/^\/+/, '')
  const options = { context, headerOptions: FILE_HEADERS_ONLY }
  return createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, options)
}
