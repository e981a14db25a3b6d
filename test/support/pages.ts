import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from './sources.ts'

/** The pages that users read, as paths from the top: the README and what it links to in `docs`, without the decisions. */
export const userPages: readonly string[] = [
  'README.md',
  ...readdirSync(join(projectFolder, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`)
]

export function pageText(path: string): string {
  return readFileSync(join(projectFolder, path), 'utf8')
}

/** All of them, one after the other. */
export const allPagesText: string = userPages.map(pageText).join('\n')

export interface PageCommand {
  readonly page: string
  /** As it stands there, without what a comment at its end says. */
  readonly command: string
}

/**
 * What pages give to be typed: lines that are indented as code, outside of fences. Those inside a list item are indented further.
 * A line that ends with a backslash goes on in the next one.
 */
export function commandsOf(page: string): PageCommand[] {
  return pageText(page)
    .replace(/^( *)```[\s\S]*?^\1```/gm, '')
    .replace(/ *\\\n */g, ' ')
    .split('\n')
    .filter((line) => /^(?: {4}| {7})\S/.test(line))
    .map((line) => ({ page, command: line.trim().replace(/\s+# .*$/, '') }))
}
