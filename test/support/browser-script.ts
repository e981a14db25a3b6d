// Run as a program, writes the script of the HTML report; before what else is generated, for that contains it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { projectFolder } from './sources.ts'

export const scriptPath = 'src/report/audit/html/script.generated.ts'

/** One script of src/browser/report.ts and what it imports, so that a page needs nothing but itself. */
export function renderBrowserScript(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(projectFolder, 'src/browser/report.ts')],
    absWorkingDir: projectFolder,
    tsconfigRaw: {},
    bundle: true,
    write: false,
    format: 'esm',
    // With classes that have private members, and lists that are copied when they are sorted.
    target: 'es2023',
    charset: 'utf8'
  })
  const code = outputFiles
    .map(({ text }) => text)
    .join('')
    .replace(/^\/\/ .*\n/gm, '')
  const literal = code.replace(/[\\`]|\$\{/g, '\\$&')
  return `// Made by npm run docs from src/browser/report.ts.\n\n/** The script of the page. */\nexport const script = \`\n${literal}\`\n`
}

if (import.meta.main) writeFileSync(join(projectFolder, scriptPath), renderBrowserScript())
