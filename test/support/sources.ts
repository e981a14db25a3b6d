import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const projectFolder = join(import.meta.dirname, '../..')

/** Every TypeScript file below a folder of the project, as paths relative to that folder, sorted. */
export function typescriptFilesOf(folder: string): string[] {
  const root = join(projectFolder, folder)
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

export function sourceOf(path: string): string {
  return readFileSync(join(projectFolder, 'src', path), 'utf8')
}

/** The code of a text without its comments; strings stay, and a `//` inside one is taken for what it is. */
export function withoutComments(code: string): string {
  return code.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|(?<![\\/])\/\/[^\n]*/g,
    (_whole, text: string | undefined) => text ?? ''
  )
}

export interface Import {
  /** As it is written: `./x.ts`, `node:fs`, `fastify`. */
  readonly from: string
  /** Gone at run time. */
  readonly isType: boolean
}

/** Everything a file imports or re-exports, static and dynamic. */
export function importsOf(code: string): Import[] {
  const text = withoutComments(code)
  const statics = text.matchAll(/(?:^|\n)\s*(import|export)\s+(type\s)?(?:[\w*${},\s]*?\sfrom\s+)?'([^'\n]+)'/g)
  const dynamics = text.matchAll(/\bimport\(\s*'([^'\n]+)'/g)
  return [
    ...[...statics].map(([, , type, from]) => ({ from: from as string, isType: type !== undefined })),
    ...[...dynamics].map(([, from]) => ({ from: from as string, isType: false }))
  ]
}
