import { AppError } from '../errors.ts'
import { memoized } from '../lib/memoize.ts'

/** How a report can be written. */
export const formats = ['text', 'json', 'sarif', 'junit', 'github', 'markdown'] as const
export type Format = (typeof formats)[number]

/** A format, and the file it goes to; standard output where none is named. */
export interface Output<F extends string = Format> {
  readonly format: F
  readonly file: string | undefined
}

/** Reads `sarif=report.sarif` and the like; the first format on standard output where nothing is asked for. */
export function readOutputs<F extends string>(texts: readonly string[], known: readonly [F, ...F[]]): Output<F>[] {
  const outputs = texts.map((text) => readOutput(text, known))
  const toStdout = outputs.filter(({ file }) => file === undefined)
  if (toStdout.length > 1) {
    throw new AppError(
      'ERR_USAGE',
      `--output: expected one format on standard output, found ${toStdout.map(({ format }) => format).join(' and ')}; write the others as format=file`
    )
  }
  return outputs.length === 0 ? [{ format: known[0], file: undefined }] : outputs
}

function readOutput<F extends string>(text: string, known: readonly F[]): Output<F> {
  const [name = '', ...rest] = text.split('=')
  const format = known.find((each) => each === name)
  const file = rest.length === 0 ? undefined : rest.join('=')
  if (format !== undefined && file !== '') return { format, file }
  throw new AppError(
    'ERR_USAGE',
    `--output: expected ${known.join(', ')}, or one of them and =file, found ${JSON.stringify(text)}`
  )
}

/** Reads `shop:team=a,env=prod`, once for each namespace. */
export function readNamespaceLabels(texts: readonly string[]): Map<string, Record<string, string>> {
  const labels = new Map<string, Record<string, string>>()
  for (const text of texts) {
    const colon = text.indexOf(':')
    const pairs = text
      .slice(colon + 1)
      .split(',')
      .map((pair) => pair.split('='))
    if (colon < 1 || pairs.some((pair) => pair.length !== 2 || pair[0] === '')) {
      throw new AppError(
        'ERR_USAGE',
        `--namespace-labels: expected name:key=value,key=value, found ${JSON.stringify(text)}`
      )
    }
    labels.set(text.slice(0, colon), Object.fromEntries(pairs))
  }
  return labels
}

/** Reads a day as `2026-12-31`. */
export function readDay(text: string): string {
  if (isDay(text)) return text
  throw new AppError('ERR_USAGE', `--expires: expected a day as 2026-12-31, found ${JSON.stringify(text)}`)
}

/** Whether it is a day as 2026-12-31; remembered, as the entries of a baseline have the same few. */
export const isDay: (text: string) => boolean = memoized((text) => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const at = Date.parse(text)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
})
