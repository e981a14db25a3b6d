import { stringify } from 'yaml'
import type { Emitted } from './emit.ts'

/** The objects as YAML that kubectl applies, and what they do not do above them. `made`: the command that makes it again. */
export function renderEmitted({ objects, remarks }: Emitted, made: string): string {
  const head = [
    `Made by ${made}. Do not edit: change the policy and make it again.`,
    'The rules about objects, checked by the API server itself: they hold while pidguard does not answer.',
    ...remarks
  ]
  const texts = objects.map((object) =>
    stringify(object, { lineWidth: 0, blockQuote: 'literal', aliasDuplicateObjects: false })
  )
  // No `---` below the head: an API server that reads files takes a document of comments for an object without a kind.
  return `${head.map(comment).join('\n')}\n${texts.join('---\n')}`
}

/** Columns of a comment line, as elsewhere in our YAML. */
const width = 120

function comment(text: string): string {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width && line !== '#') {
      lines.push(line)
      line = '#  '
    }
    line += ` ${word}`
  }
  return [...lines, line].join('\n')
}
