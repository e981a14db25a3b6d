// Run as a program, writes the script of the HTML report; before what else is generated, for that contains it.
import { readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { projectFolder } from './sources.ts'

/** The parts of the script that runs in the HTML report, each after what it needs. */
const parts = ['src/report/html/words.ts', 'src/report/html/cells.ts', 'browser/report.ts']

export const scriptPath = 'src/report/html/script.ts'

/** One script without imports or types, so that a page needs nothing but itself. */
export function renderBrowserScript(): string {
  const code = parts.map((part) => plainScript(readFileSync(join(projectFolder, part), 'utf8'))).join('\n')
  const literal = code.replace(/[\\`]|\$\{/g, '\\$&')
  return `// Made by npm run docs from browser/report.ts.\n\n/** The script of the page. */\nexport const script = \`\n${literal}\`\n`
}

/** Without types, comments and modules. The sources are formatted, so more than one space is where a type was. */
function plainScript(source: string): string {
  return stripTypeScriptTypes(source)
    .replace(/^import [^']*'[^']*'\n/gm, '')
    .replace(/^export /gm, '')
    .replace(/^ *(\/\/.*|\/\*\*[\s\S]*?\*\/)\n/gm, '')
    .replace(/(?<=\S) {2,}(?=[),;])/g, '')
    .replace(/(?<=\S) {2,}/g, ' ')
    .replace(/ +$/gm, '')
    .replace(/\n{2,}/g, '\n\n')
    .trimStart()
}

if (import.meta.main) writeFileSync(join(projectFolder, scriptPath), renderBrowserScript())
