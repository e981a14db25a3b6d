/** Lines around a change that are shown with it, as diff -u does. */
const context = 3

interface Edit {
  readonly mark: ' ' | '-' | '+'
  readonly line: string
}

/** What `diff -u` prints of two texts; empty where they are the same. */
export function renderDiff(file: string, before: string, after: string): string {
  if (before === after) return ''
  const edits = editsOf(linesOf(before), linesOf(after))
  const hunks: string[] = []
  for (let i = 0; i < edits.length; i++) {
    if (edits[i]?.mark === ' ') continue
    const start = Math.max(0, i - context)
    let end = i
    for (let j = i; j < edits.length && j <= end + 2 * context + 1; j++) if (edits[j]?.mark !== ' ') end = j
    hunks.push(hunk(edits, start, Math.min(edits.length, end + context + 1)))
    i = end + context
  }
  const path = file.replace(/^\/+/, '')
  return `--- a/${path}\n+++ b/${path}\n${hunks.join('')}`
}

/** A last line without its end is another line than one with it. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`]
}

function hunk(edits: readonly Edit[], start: number, end: number): string {
  const shown = edits.slice(start, end)
  const count = (marks: string, list: readonly Edit[]): number => list.filter(({ mark }) => marks.includes(mark)).length
  const earlier = edits.slice(0, start)
  const range = (marks: string): string => `${count(marks, earlier) + 1},${count(marks, shown)}`
  return `@@ -${range(' -')} +${range(' +')} @@\n${shown.map(({ mark, line }) => `${mark}${line}\n`).join('')}`
}

/**
 * The edits between two texts, line by line. Changes to a manifest are few and near one another, so what is the same at
 * both ends goes first, and only the rest is compared all with all.
 */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail))
    tail++
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => ({ mark: ' ', line }))
  return [
    ...same(before.slice(0, head)),
    ...between(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail))
  ]
}

/** Longest common subsequence; where the table would be too large, all of one, then all of the other. */
function between(a: readonly string[], b: readonly string[]): Edit[] {
  const removed = (lines: readonly string[]): Edit[] => lines.map((line) => ({ mark: '-', line }))
  const added = (lines: readonly string[]): Edit[] => lines.map((line) => ({ mark: '+', line }))
  if (a.length * b.length > maxTable) return [...removed(a), ...added(b)]
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    const row = lengths[i] as Uint32Array
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  }
  const edits: Edit[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      edits.push({ mark: ' ', line: a[i++] as string })
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) edits.push({ mark: '-', line: a[i++] as string })
    else edits.push({ mark: '+', line: b[j++] as string })
  }
  return [...edits, ...removed(a.slice(i)), ...added(b.slice(j))]
}

/** Cells of the table; 16 MB. */
const maxTable = 4_000_000
