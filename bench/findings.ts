// What many findings in one run cost `pidguard validate` and `mutate`: whole commands, user CPU, in turns, as ratios to the least
// a program can do that parses the same text and prints a line for each object. Needs a build. Usage:
//    node --no-warnings bench/findings.ts [rounds] [pattern of the names of shapes]
//
// 1. One List of 20,000 Pods with a finding each, as JSON (as kubectl prints it, and in one line) and as YAML. Goal: at most
//    twice the parse.
// 2. 20,000 documents with a finding each, in every format, with a policy and with a baseline, and `mutate --write` of them.
// 3. Each with a quarter of the objects: where the cost is linear, it is a quarter too, start apart.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { dump } from 'js-yaml'

const rounds = Number(process.argv[2] ?? 7)
const wanted = new RegExp(process.argv[3] ?? '')
const program = resolve(process.env['PIDGUARD'] ?? join(import.meta.dirname, '../dist/main.js'))
const work = mkdtempSync(join(tmpdir(), 'pidguard-findings-'))
const [many, few] = [20_000, 5_000]

/** A Pod without requests, of 300 bytes as JSON in one line. */
function pod(i: number): object {
  const image = `registry.example.com/shop/web:1.${i}`
  const container = { name: 'app', image, args: ['--port=8080', '--listen=0.0.0.0'], ports: [{ containerPort: 8080 }] }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `web-${i}`, namespace: 'shop', labels: { app: `web-${i}`, tier: 'front' } },
    spec: { containers: [container] }
  }
}

function pods(count: number): object[] {
  return Array.from({ length: count }, (_, i) => pod(i))
}

function list(count: number): object {
  return { apiVersion: 'v1', kind: 'List', items: pods(count) }
}

/** As `--write-baseline` writes it. */
function baseline(count: number): string {
  const entries = Array.from({ length: count }, (_, i) =>
    [
      '  - rule: best-effort',
      'kind: "Pod"',
      'namespace: "shop"',
      `name: "web-${i}"`,
      'reason: "bench"',
      'expires: "2099-12-31"'
    ].join('\n    ')
  )
  return `apiVersion: pidguard.io/v1alpha1\nkind: Baseline\naccepted:\n${entries.join('\n')}\n`
}

const texts: Readonly<Record<string, (count: number) => string>> = {
  'pretty.json': (count) => JSON.stringify(list(count), null, 4),
  'line.json': (count) => JSON.stringify(list(count)),
  'list.yaml': (count) => dump(list(count)),
  'documents.yaml': (count) =>
    pods(count)
      .map((each) => dump(each))
      .join('---\n'),
  'baseline.yaml': baseline
}

function fileOf(name: string, count: number): string {
  return join(work, `${count}-${name}`)
}

for (const [name, textOf] of Object.entries(texts)) {
  for (const count of [many, few]) writeFileSync(fileOf(name, count), textOf(count))
}

/** The least that a program can do: with `JSON.parse`, or with js-yaml. */
function floor(parser: 'json' | 'js-yaml'): string {
  const file = join(work, `floor-${parser}.mjs`)
  writeFileSync(
    file,
    `import fs from 'node:fs'
${parser === 'json' ? '' : `import { loadAll } from ${JSON.stringify(import.meta.resolve('js-yaml'))}`}
const text = fs.readFileSync(process.argv[2], 'utf8')
const lines = []
for (const read of ${parser === 'json' ? '[JSON.parse(text)]' : 'loadAll(text)'}) {
  for (const { kind, metadata, spec } of read.items ?? [read]) {
    const has = spec.containers.some((each) => each.resources?.requests?.cpu || each.resources?.requests?.memory)
    if (!has) lines.push(kind + ' ' + metadata.name + ': BestEffort')
  }
}
process.stdout.write(lines.join('\\n') + '\\n')
`
  )
  return file
}

const [jsonFloor, yamlFloor] = [floor('json'), floor('js-yaml')]
const node = process.execPath
const policy = join(import.meta.dirname, 'policy.yaml')

interface Shape {
  readonly file: string
  readonly floors: Readonly<Record<string, string>>
  readonly goal: number
  command(count: number): readonly string[]
}

function validating(file: string, floors: Shape['floors'], ...flags: readonly string[]): Shape {
  return {
    file,
    floors,
    goal: 2,
    command: (count) => ['validate', ...flags.map((flag) => flag.replace('COUNT', String(count))), fileOf(file, count)]
  }
}

const [byJson, byYaml] = [{ 'JSON.parse': jsonFloor, 'js-yaml': yamlFloor }, { 'js-yaml': yamlFloor }]
const formats = ['json', 'github', 'sarif', 'junit', 'markdown']
const shapes: Readonly<Record<string, Shape>> = {
  'List, JSON of kubectl': validating('pretty.json', byJson),
  'List, JSON in one line': validating('line.json', byJson),
  'List, YAML': validating('list.yaml', byYaml),
  documents: validating('documents.yaml', byYaml),
  ...Object.fromEntries(
    formats.map((format) => [`documents, -o ${format}`, validating('documents.yaml', byYaml, '-o', format)])
  ),
  'documents, --policy': validating('documents.yaml', byYaml, '--policy', policy),
  'documents, --baseline': validating('documents.yaml', byYaml, '--baseline', join(work, 'COUNT-baseline.yaml')),
  'List, JSON, mutate --write': mutating('pretty.json', byJson),
  'List, YAML, mutate --write': mutating('list.yaml', byYaml),
  'documents, mutate --write': mutating('documents.yaml', byYaml)
}

function mutating(file: string, floors: Shape['floors']): Shape {
  return { file, floors, goal: 0, command: (count) => ['mutate', '--write', copyOf(file, count)] }
}

/** A copy that has not been changed yet. */
function copyOf(file: string, count: number): string {
  copyFileSync(fileOf(file, count), join(work, `copy-${file}`))
  return join(work, `copy-${file}`)
}

/** Milliseconds of user CPU, all threads. */
function cost(command: readonly string[]): number {
  const script = 'TIMEFORMAT="%U"; time "$0" "$@" >/dev/null 2>/dev/null'
  const { stderr } = spawnSync('bash', ['-c', script, node, ...command], { encoding: 'utf8' })
  return Number(stderr.trim()) * 1e3
}

/** A neighbour can only make a run dearer, so the least of all rounds is the nearest to the cost itself. */
const least = new Map<string, number>()
function measure(name: string, command: readonly string[]): void {
  least.set(name, Math.min(least.get(name) ?? Number.POSITIVE_INFINITY, cost(command)))
}

const asked = Object.entries(shapes).filter(([name]) => wanted.test(name))
for (let round = 0; round < rounds; round++) {
  for (const [name, { file, floors, command }] of round % 2 === 0 ? asked : asked.toReversed()) {
    for (const [parser, floor] of Object.entries(floors)) measure(`${file} ${parser}`, [floor, fileOf(file, many)])
    measure(`${name} many`, [program, ...command(many)])
    measure(`${name} few`, [program, ...command(few)])
  }
}

console.log(
  `| shape (least of ${rounds} rounds) | user ms | x JSON.parse and a line each | x js-yaml and a line each | goal | 20,000 over 5,000 |\n|---|---|---|---|---|---|`
)
for (const [name, { file, goal }] of asked) {
  const [all, quarter] = [least.get(`${name} many`) ?? 0, least.get(`${name} few`) ?? 0]
  const over = (parser: string): string => {
    const base = least.get(`${file} ${parser}`)
    return base === undefined ? '' : `${(all / base).toFixed(2)} (${base.toFixed(0)} ms)`
  }
  const cells = [name, all.toFixed(0), over('JSON.parse'), over('js-yaml'), goal === 0 ? '' : `≤ ${goal}`]
  console.log(`| ${[...cells, (all / quarter).toFixed(1)].join(' | ')} |`)
}
rmSync(work, { recursive: true, force: true })
