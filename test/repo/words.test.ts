import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { projectFolder, sourceOf, typescriptFilesOf } from '../support/sources.ts'
import { textsOf, wordsOutOf } from '../support/words.ts'

/** Text that people read and that no code makes. CONTRIBUTING.md and CHANGELOG.md name words that are out, to say so. */
const pages = [
  'README.md',
  'SECURITY.md',
  'bench/README.md',
  ...['docs', 'manifests'].flatMap((folder) =>
    readdirSync(join(projectFolder, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(projectFolder, join(entry.parentPath, entry.name)))
  ),
  ...readdirSync(join(projectFolder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('README.md'))
    .map((file) => join('src', file))
]

const found = new Map<string, readonly string[]>([
  ...typescriptFilesOf('src').map((file) => [`src/${file}`, textsOf(sourceOf(file)).flatMap(wordsOutOf)] as const),
  ...pages.map((page) => [page, wordsOutOf(readFileSync(join(projectFolder, page), 'utf8'))] as const)
])

void t.test('what a user reads has no word that is out', async (t) => {
  const all = [...found].flatMap(([file, words]) => words.map((word) => `${file}: ${word}`))
  t.strictSame(all, [])
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
