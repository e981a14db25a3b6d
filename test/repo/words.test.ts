import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { projectFolder, sourceOf, typescriptFilesOf } from '../support/sources.ts'
import { textsOf, wordsOutOf } from '../support/words.ts'

/** How many are still left, in all files together. The number only ever becomes smaller. */
const left = 46

/** Text that users read and that no code makes. */
const pages = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(join(projectFolder, 'manifests'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(projectFolder, join(entry.parentPath, entry.name)))
]

const found = new Map<string, readonly string[]>([
  ...typescriptFilesOf('src').map((file) => [`src/${file}`, textsOf(sourceOf(file)).flatMap(wordsOutOf)] as const),
  ...pages.map((page) => [page, wordsOutOf(readFileSync(join(projectFolder, page), 'utf8'))] as const)
])

void t.test('what a user reads has no word that is out', async (t) => {
  const all = [...found].flatMap(([file, words]) => words.map((word) => `${file}: ${word}`))
  for (const each of all) t.comment(each)
  t.ok(all.length <= left, `${all.length} are left, at most ${left} may be`)
  t.ok(found.size > 300)
})

void t.test('texts are found in code, and only those', async (t) => {
  const code = [
    "import { a } from './whoever.ts'",
    '// told in a comment',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code as text.
    '/* anew */ const x = `mend ${told} it`',
    "const url = 'https://nobody.example' // heeded",
    "const re = /it's told/.test(y), z = 'some' + \"whatever\""
  ].join('\n')
  t.strictSame(textsOf(code), ['`mend … it`', "'https://nobody.example'", "'some'", '"whatever"'])
  t.strictSame(textsOf(code).flatMap(wordsOutOf), ['`mend … it`', "'https://nobody.example'", '"whatever"'])
  t.strictSame(wordsOutOf('amended, retold, Mended'), ['amended, retold, Mended'])
  t.strictSame(wordsOutOf('amended, retold'), [])
})
