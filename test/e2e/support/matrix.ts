/** What one file of the end-to-end tests, or the drill, came to on one version of Kubernetes. */
export interface Cell {
  /** As in a table: `105 ok`, `103 ok, 2 skipped`, `2 of 105 failed`; `notThere` where the version has nothing of it. */
  readonly text: string
  readonly failed: boolean
  /** The lines that say why it failed. */
  readonly essence: string
}

export interface Column {
  readonly version: string
  readonly cells: Readonly<Record<string, Cell>>
}

export const drillName = 'drill'

/** Of a file whose tests are all about what this version of Kubernetes does not have. */
export const notThere = 'not in this version'

/** Reads what tap, or the drill, printed. An end without counts, or of nothing at all, is a failure. */
export function cellOf(exitCode: number, printed: string): Cell {
  const counted = countsOf(printed)
  if (exitCode === 0 && counted.failed === 0 && counted.passed > 0) {
    const skipped = counted.skipped > 0 ? `, ${counted.skipped} skipped` : ''
    return { text: `${counted.passed} ok${skipped}`, failed: false, essence: '' }
  }
  if (exitCode === 0 && counted.failed === 0 && areAllForOthers(printed))
    return { text: notThere, failed: false, essence: '' }
  const text =
    counted.failed > 0
      ? `${counted.failed} of ${counted.passed + counted.failed + counted.skipped} failed`
      : exitCode === 0
        ? 'nothing ran'
        : `exit code ${exitCode}`
  return { text, failed: true, essence: essenceOf(printed) }
}

/** The same, of a file that failed before. */
export function secondTry(cell: Cell): Cell {
  return cell.failed ? cell : { ...cell, text: `${cell.text}, at the second try` }
}

/** Each test was skipped, and its reason names a version. A program that is missing on this machine is another reason. */
function areAllForOthers(printed: string): boolean {
  const reasons = [...printed.matchAll(/# SKIP (.*)$/gm)].map(([, reason]) => reason ?? '')
  return reasons.length > 0 && reasons.every((reason) => /\bv1\.\d+/.test(reason))
}

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

function countsOf(printed: string): Counts {
  const drill = /^(\d+) claims hold, (\d+) do not\.$/m.exec(printed)
  if (drill !== null) return { passed: Number(drill[1]), failed: Number(drill[2]), skipped: 0 }
  const [, list = ''] = /^# \{ (total: .*) \}$/m.exec(printed) ?? []
  const counts = new Map(list.split(', ').map((each) => each.split(': ') as [string, string]))
  const count = (name: string): number => Number(counts.get(name) ?? 0)
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') }
}

/** Assertions that do not hold, with the lines after them and all that the drill quotes there; else the last lines. */
function essenceOf(printed: string): string {
  const lines = printed.trimEnd().split('\n')
  let left = 0
  const around = lines.filter((line) => {
    if (/^ *(not ok|DOES NOT HOLD)/.test(line)) left = 17
    // The lines of `Story.quote`: what was seen where a wait gave up.
    else if (left > 0 && /^ {8}\| /.test(line)) left = Math.max(left, 2)
    return left-- > 0
  })
  return (around.length > 0 ? around.slice(0, 150) : lines.slice(-40)).map((line) => line.slice(0, 800)).join('\n')
}

/** A Markdown table: a row for each file, a column for each version. */
export function renderMatrix(names: readonly string[], columns: readonly Column[]): string {
  const rows = [
    ['', ...columns.map(({ version }) => version)],
    ['---', ...columns.map(() => '---')],
    ...names.map((name) => [name, ...columns.map(({ cells }) => cells[name]?.text ?? 'not run')])
  ]
  return `${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`
}
