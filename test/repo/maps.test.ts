import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import t from 'tap'
import { renderFloors, withFloors } from '../support/floors.ts'
import { projectFolder, typescriptFilesOf } from '../support/sources.ts'

/** The maps: pages of prose that name files. */
const maps: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md'],
  ...markdownBelow('src'),
  ...markdownBelow('docs'),
  ...markdownBelow('.github')
].filter((path) => path !== 'src/rules/README.md')

function markdownBelow(folder: string): string[] {
  const root = join(projectFolder, folder)
  if (!existsSync(root)) return []
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(folder, relative(root, join(entry.parentPath, entry.name))))
    .sort()
}

function foldersBelow(folder: string): string[] {
  return readdirSync(join(projectFolder, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(projectFolder, join(entry.parentPath, entry.name)))
}

/** Files of this repository that a page names: sources in backticks, and the targets of links. */
function filesNamedIn(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '')
  const sources = [...prose.matchAll(/`([\w./-]+\.(?:ts|yaml|md|sh))`/g)].map(([, name]) => name as string)
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.split('#')[0] as string)
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
  return [...sources, ...links]
}

/** A source may be named from the page's own folder, from src, or from the top. */
function isThere(name: string, page: string): boolean {
  return [dirname(page), 'src', '.'].some((folder) => existsSync(join(projectFolder, folder, name)))
}

/** Files that a user has, not this repository; NAME stands for one that a reader is to make. */
const ofUsers = new Set(['my-policy.yaml', 'policy.yaml', 'baseline.yaml', 'Chart.yaml', '.pidguard.yaml'])

void t.test('every file that a map names is there', async (t) => {
  for (const page of maps) {
    for (const name of filesNamedIn(readFileSync(join(projectFolder, page), 'utf8'))) {
      if (ofUsers.has(name) || name.includes('NAME')) continue
      t.ok(isThere(name, page), `${page} names ${name}`)
    }
  }
})

/** The anchors of a page as GitHub makes them: of each heading, and of its repetitions with a number. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
    const before = seen.get(anchor) ?? 0
    seen.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  })
}

void t.test('every link to a heading finds it', async (t) => {
  let links = 0
  for (const page of maps) {
    const text = readFileSync(join(projectFolder, page), 'utf8')
    for (const [, target = '', anchor = ''] of text.matchAll(/\]\(([\w./-]*)#([\w-]+)\)/g)) {
      const file = target === '' ? page : join(dirname(page), target)
      t.ok(anchorsOf(readFileSync(join(projectFolder, file), 'utf8')).includes(anchor), `${page}: ${target}#${anchor}`)
      links++
    }
  }
  t.ok(links > 20)
  t.strictSame(anchorsOf('# A b\n## `c-d`, e\n# A b\n'), ['a-b', 'c-d-e', 'a-b-1'])
})

void t.test('a name is found in prose and in links, not in blocks of code', async (t) => {
  t.strictSame(
    filesNamedIn('Read `a/b.ts` and [c](c.md#x), see <https://x.y>.\n```\n`d.ts`\n```\n[e](https://e.f) [g](#g)'),
    ['a/b.ts', 'c.md']
  )
  t.equal(isThere('kube/client.ts', 'src/README.md'), true)
  t.equal(isThere('client.ts', 'src/README.md'), false)
})

void t.test('src/README.md shows the floors as the imports are checked against, on one page', async (t) => {
  const text = readFileSync(join(projectFolder, 'src/README.md'), 'utf8')
  t.equal(withFloors(text), text)
  t.ok(text.includes(renderFloors()))
  t.ok(text.trimEnd().split('\n').length <= 100, 'at most 100 lines')
  t.throws(() => withFloors('no place'), /expected/)
})

void t.test('a function that src/README.md names is in the file before it', async (t) => {
  const text = readFileSync(join(projectFolder, 'src/README.md'), 'utf8')
  const named = [...text.matchAll(/`([\w./-]+\.ts)` \(`(\w+)`\)/g)]
  t.ok(named.length > 5)
  for (const [, file = '', name = ''] of named) {
    t.match(readFileSync(join(projectFolder, 'src', file), 'utf8'), new RegExp(`\\b${name}\\b`), `${name} in ${file}`)
  }
})

void t.test(
  'no source has more than 250 lines, half have at most 80, and no folder but rules more than 15 sources',
  async (t) => {
    const lines = typescriptFilesOf('src')
      .filter((file) => !file.endsWith('.generated.ts'))
      .map((file) => ({ file, count: readFileSync(join(projectFolder, 'src', file), 'utf8').split('\n').length - 1 }))
    for (const { file, count } of lines) t.ok(count <= 250, `${file}: ${count} lines`)
    const middle = lines.map(({ count }) => count).sort((a, b) => a - b)[Math.floor(lines.length / 2)]
    t.ok((middle ?? 0) <= 80, `half have at most ${middle} lines`)
    for (const [folder, files] of Map.groupBy(lines, ({ file }) => dirname(file))) {
      if (folder !== 'rules') t.ok(files.length <= 15, `${folder}: ${files.length} sources`)
    }
  }
)

void t.test('a folder with more than a handful of files is explained by a README', async (t) => {
  const readmes = new Map(markdownBelow('src').map((page) => [page, readFileSync(join(projectFolder, page), 'utf8')]))
  for (const folder of foldersBelow('src')) {
    const files = readdirSync(join(projectFolder, folder)).filter((file) => file.endsWith('.ts'))
    if (files.length <= 5 || readmes.has(`${folder}/README.md`)) continue
    const above = [...readmes].filter(([page]) => page !== 'src/README.md' && folder.startsWith(`${dirname(page)}/`))
    const isNamed = above.some(([page, text]) => text.includes(`\`${relative(dirname(page), folder)}/`))
    t.ok(isNamed, `${folder} is named by the README of its room`)
  }
})

/**
 * Names that files of several rooms have, with what makes the difference plain. `commands` has one file for each verb, named
 * like the room that does the verb's work.
 */
const sharedNames: Readonly<Record<string, string>> = {
  'credentials.ts': 'the port, and what fills it in',
  'markdown.ts': 'a format of both reports',
  'text.ts': 'a format of both reports',
  'render.ts': 'what doctor prints, what calico prints, and what emit prints'
}

void t.test('a file name is in two rooms only where the rooms make the difference plain', async (t) => {
  const places = Map.groupBy(
    typescriptFilesOf('src').filter((file) => dirname(file) !== 'commands'),
    (file) => basename(file)
  )
  for (const [name, files] of places) if (files.length > 1) t.ok(sharedNames[name], `${name}: ${files.join(', ')}`)
})

void t.test('each room has a README of at most 30 lines', async (t) => {
  for (const room of readdirSync(join(projectFolder, 'src'), { withFileTypes: true }).filter((it) => it.isDirectory()))
    t.ok(existsSync(join(projectFolder, 'src', room.name, 'README.md')), room.name)
  for (const page of markdownBelow('src')) {
    if (page === 'src/README.md' || page === 'src/rules/README.md') continue
    const lines = readFileSync(join(projectFolder, page), 'utf8').trimEnd().split('\n').length
    t.ok(lines <= 30, `${page}: ${lines} lines`)
  }
})

void t.test('the README is read in three minutes, and no page has more than 250 lines', async (t) => {
  const linesOf = (page: string): string[] => readFileSync(join(projectFolder, page), 'utf8').trimEnd().split('\n')
  t.ok(linesOf('README.md').length <= 130, `README.md: ${linesOf('README.md').length} lines`)
  const words = linesOf('README.md').join(' ').split(/\s+/).length
  t.ok(words <= 900, `README.md: ${words} words`)
  for (const page of markdownBelow('docs')) t.ok(linesOf(page).length <= 250, `${page}: ${linesOf(page).length} lines`)
})
