import { stringify } from 'yaml'

/** Spaces a new level is indented by. */
export const indentStep = 2

/** YAML 1.1, so that text is quoted where kubectl would read it as a number, a boolean or null. */
const styles = { version: '1.1', lineWidth: 0, indentSeq: false } as const

/** On one line; scalars as they are in a block. */
export function flowText(value: unknown): string {
  return stringify(value, { ...styles, collectionStyle: 'flow', flowCollectionPadding: false }).trim()
}

/** On lines of their own, indented by `column` spaces. */
export function blockText(value: unknown, column: number, newline: string): string {
  const indent = ' '.repeat(column)
  return stringify(value, styles)
    .trimEnd()
    .split('\n')
    .map((line) => indent + line)
    .join(newline)
}
