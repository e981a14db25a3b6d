// Lets a real kubectl read the corpus and texts that are odd on purpose: what it refuses we refuse too, and what it takes we
// read as the same value. Usage: PIDGUARD_KUBECTL=kubectl node test/corpus/kubectl.ts. Fails on what does not hold.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { objectsOf, readDocument } from '../../src/yaml/read-document.ts'
import { DocumentSplitter, splitJson } from '../../src/yaml/split-stream.ts'
import { oddTexts } from './odd-texts.ts'

const kubectl = process.env.PIDGUARD_KUBECTL ?? 'kubectl'
const corpus = resolve(process.env.PIDGUARD_CORPUS ?? '../shared/corpus')
const work = mkdtempSync(join(tmpdir(), 'pidguard-kubectl-'))
const failures: string[] = []

interface Read {
  readonly objects: readonly unknown[]
  /** Why the text is refused; undefined: it is not. */
  readonly refusal: string | undefined
  /** Mistakes that kubectl passes over, which we report all the same. */
  readonly warnings: readonly string[]
}

/** A label is set on each object, without a server; the label is taken off again. */
function kubectlReads(text: string): Read {
  const file = join(work, 'input.yaml')
  writeFileSync(file, text)
  const { status, stdout, stderr, error } = spawnSync(
    kubectl,
    ['label', '--local', '--overwrite', '-f', file, `${label}=x`, '-o', 'json'],
    { encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 }
  )
  if (error !== undefined) throw error
  if (status !== 0) return { objects: [], refusal: stderr.trim(), warnings: [] }
  const objects = [...splitJson(stdout)].map(({ start, end }) => JSON.parse(stdout.slice(start, end)))
  return { objects: objects.map(withoutLabel), refusal: undefined, warnings: [] }
}

const label = 'pidguard-referee'

function withoutLabel(object: unknown): unknown {
  const { metadata, ...rest } = object as { metadata: Record<string, unknown> }
  const { labels, ...others } = metadata as { labels: Record<string, unknown> }
  delete labels[label]
  return { ...rest, metadata: { ...others, ...(Object.keys(labels).length === 0 ? undefined : { labels }) } }
}

async function weRead(text: string): Promise<Read> {
  const splitter = new DocumentSplitter()
  const objects: unknown[] = []
  const refusals: string[] = []
  const warnings: string[] = []
  for (const document of [...splitter.push(text.replace(/^\ufeff/, '')), ...splitter.end()]) {
    const { values, mistakes } = await readDocument(document)
    for (const { isReadable, message } of mistakes) (isReadable ? warnings : refusals).push(message)
    for (const { value } of values) {
      for (const found of objectsOf(value)) {
        if ('object' in found && typeof found.object['kind'] !== 'string') refusals.push('no kind')
        else if ('object' in found) objects.push(withoutEmptyLabels(found.object))
        else if (found.notObject !== null || found.at !== '') refusals.push('not an object')
      }
    }
  }
  return { objects, refusal: refusals[0], warnings }
}

/** As kubectl writes it after a label was set and taken away. */
function withoutEmptyLabels(object: Record<string, unknown>): unknown {
  const { metadata, ...rest } = object
  const { labels, ...others } = (metadata ?? {}) as Record<string, unknown>
  const isEmpty = typeof labels !== 'object' || labels === null || Object.keys(labels).length === 0
  return { ...rest, metadata: { ...others, ...(isEmpty ? undefined : { labels }) } }
}

/** Numbers beyond 2^53 are not the same in JavaScript whoever reads them; both sides are compared after that. */
async function compare(name: string, text: string): Promise<void> {
  const [theirs, ours] = [kubectlReads(text), await weRead(text)]
  if (theirs.refusal !== undefined) {
    if (ours.refusal === undefined && ours.warnings.length === 0)
      failures.push(`${name}: kubectl refuses it, we do not: ${theirs.refusal}`)
    return
  }
  if (ours.refusal !== undefined) failures.push(`${name}: kubectl takes it, we do not: ${ours.refusal}`)
  else if (!isDeepStrictEqual(JSON.parse(JSON.stringify(ours.objects)), theirs.objects)) {
    failures.push(
      `${name}: read otherwise: ${JSON.stringify(ours.objects).slice(0, 300)}, kubectl ${JSON.stringify(theirs.objects).slice(0, 300)}`
    )
  }
}

const version = spawnSync(kubectl, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
if (version.error !== undefined) throw version.error
let count = 0
try {
  for (const [name, text] of Object.entries(oddTexts)) {
    await compare(name, text)
    count++
  }
  for (const folder of ['workloads', 'calico', 'crds'].filter((each) => existsSync(join(corpus, each)))) {
    for (const file of readdirSync(join(corpus, folder), { recursive: true }).map(String)) {
      if (!/\.(ya?ml|json)$/.test(file)) continue
      await compare(`${folder}/${file}`, readFileSync(join(corpus, folder, file), 'utf8'))
      count++
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
const { clientVersion } = JSON.parse(version.stdout) as { clientVersion: { gitVersion: string } }
console.log(
  `kubectl ${clientVersion.gitVersion}: ${count - failures.length} of ${count} texts are read as it reads them`
)
for (const failure of failures) console.error(failure)
process.exitCode = failures.length > 0 ? 1 : 0
