// What pidguard validate costs: whole commands, taken in turns within one run, as ratios. Usage: node bench/validate.ts [rounds]
//
// 1. validate, and validate --policy, against the least a program with js-yaml can do: start Node, read, parse, apply the rule, print.
//    1,000 manifests of 5 KB, 100 of them with findings and positions: goal 1.2. Real folders, one with much text of CRDs: 1.25. One small
//    file: 1.5. The folders are `workloads` and `calico` of PIDGUARD_CORPUS (../shared/corpus), else what this repository has of the kind.
// 2. --help and --version against `node -e 0`. Goal: at most 1.3 times that.
// 3. The largest memory at 1,000 documents and at 100,000. Goal: flat.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const rounds = Number(process.argv[2] ?? 15)
const program = resolve(import.meta.dirname, '../dist/main.js')
const work = mkdtempSync(join(tmpdir(), 'pidguard-bench-'))

/** A Deployment of about 5 KB, with requests or without. */
function deployment(i: number, isBad: boolean): string {
  const env = Array.from(
    { length: 70 },
    (_, k) => `        - name: ENV_${k}\n          value: "some value number ${k} of the container"\n`
  )
  const resources = '        resources:\n          requests:\n            cpu: 100m\n            memory: 128Mi\n'
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-${i}
  namespace: shop
  labels: {app: web-${i}, tier: front}
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web-${i}
  template:
    metadata:
      labels:
        app: web-${i}
    spec:
      containers:
      - name: app
        image: registry.example.com/shop/web:1.${i}
        ports:
        - containerPort: 8080
        env:
${env.join('')}${isBad ? '' : resources}`
}

const folder = join(work, 'manifests')
mkdirSync(folder)
for (let i = 0; i < 1_000; i++) writeFileSync(join(folder, `web-${i}.yaml`), deployment(i, i % 10 === 0))

const small = join(work, 'small.yaml')
writeFileSync(small, smallDeployment(0, true))

/** Five lines, with a choice that changes verdicts. */
const policy = join(work, 'policy.yaml')
writeFileSync(
  policy,
  'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec:\n  systemNamespaces: []\n  rules: {best-effort: warn}\n'
)

const floor = join(work, 'floor.mjs')
writeFileSync(
  floor,
  `import fs from 'node:fs'
import path from 'node:path'
import { loadAll } from ${JSON.stringify(import.meta.resolve('js-yaml'))}
const from = process.argv[2]
const out = []
let n = 0
const files = fs.statSync(from).isFile() ? [''] : fs.readdirSync(from, { recursive: true }).filter((file) => /\\.(ya?ml|json)$/.test(file))
for (const file of files) {
  for (const object of loadAll(fs.readFileSync(path.join(from, file), 'utf8'))) {
    n++
    const containers = object?.spec?.template?.spec?.containers
    const has = containers?.some((c) => c.resources?.requests?.cpu || c.resources?.requests?.memory) ?? true
    if (!has) out.push(file + ': ' + object.kind + ' ' + object.metadata.name + ': BestEffort')
  }
}
process.stdout.write(out.join('\\n') + '\\n' + n + ' objects\\n')
`
)

const corpus = resolve(process.env['PIDGUARD_CORPUS'] ?? '../shared/corpus')
/** A real folder, or one of this repository in its place. */
function folderOf(name: string, instead: string): readonly [name: string, path: string] {
  const path = join(corpus, name)
  return existsSync(path) ? [name, path] : [instead, resolve(import.meta.dirname, '..', instead)]
}

interface Row {
  readonly command: readonly string[]
  readonly base: string
  readonly goal?: number
}

const node = process.execPath
const validate = [node, program, 'validate']

function rowsOf(name: string, path: string, goal: number): Readonly<Record<string, Row>> {
  const base = `js-yaml floor, ${name}`
  return {
    [base]: { command: [node, floor, path], base },
    [`validate, ${name}`]: { command: [...validate, path], base, goal },
    [`validate --policy, ${name}`]: { command: [...validate, '--policy', policy, path], base, goal }
  }
}

const commands: Readonly<Record<string, Row>> = {
  'node -e 0': { command: [node, '-e', '0'], base: 'node -e 0' },
  '--version': { command: [node, program, '--version'], base: 'node -e 0', goal: 1.3 },
  '--help': { command: [node, program, '--help'], base: 'node -e 0', goal: 1.3 },
  ...rowsOf('1,000 manifests', folder, 1.2),
  'validate -o sarif': {
    command: [...validate, '-o', 'sarif', folder],
    base: 'js-yaml floor, 1,000 manifests',
    goal: 1.2
  },
  ...rowsOf(...folderOf('workloads', 'test/golden/manifests'), 1.25),
  ...rowsOf(...folderOf('calico', 'test/fixtures/crds'), 1.25),
  ...rowsOf('one small file', small, 1.5)
}

interface Cost {
  /** Milliseconds. */
  readonly wall: number
  readonly cpu: number
}

function cost(command: readonly string[]): Cost {
  const start = process.hrtime.bigint()
  const script = 'TIMEFORMAT="%U %S"; time "$0" "$@" >/dev/null 2>/dev/null'
  const { stderr } = spawnSync('bash', ['-c', script, ...command], { encoding: 'utf8' })
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number)
  return { wall: Number(process.hrtime.bigint() - start) / 1e6, cpu: (user + system) * 1e3 }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

const costs = new Map<string, Cost[]>(Object.keys(commands).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  const names = Object.keys(commands)
  for (const name of round % 2 === 0 ? names : names.reverse())
    costs.get(name)?.push(cost(commands[name]?.command ?? []))
}

console.log(
  `Load ${loadavg()[0]?.toFixed(1)}. CPU is user and system time; x: of the floor of the same round, the median.\n`
)
console.log(`| command (${rounds} rounds) | wall ms | CPU ms | wall x | CPU x | goal |\n|---|---|---|---|---|---|`)
for (const [name, { base, goal }] of Object.entries(commands)) {
  const [own, bases] = [costs.get(name) ?? [], costs.get(base) ?? []]
  const ratio = (what: keyof Cost): string => median(own.map((it, i) => it[what] / (bases[i]?.[what] ?? 1))).toFixed(2)
  const shown = (what: keyof Cost): string => median(own.map((it) => it[what])).toFixed(0)
  const verdict = goal === undefined ? '' : `≤ ${goal} ${Number(ratio('cpu')) <= goal ? 'met' : 'NOT MET'}`
  console.log(`| ${name} | ${shown('wall')} | ${shown('cpu')} | ${ratio('wall')} | ${ratio('cpu')} | ${verdict} |`)
}

/** Largest resident memory of a run over so many documents in one file, in MB. */
function memory(documents: number): number {
  const file = join(work, `documents-${documents}.yaml`)
  writeFileSync(file, '')
  for (let i = 0; i < documents; i += 1_000) {
    const texts = Array.from({ length: 1_000 }, (_, k) => smallDeployment(i + k, k === 0))
    writeFileSync(file, `${texts.join('---\n')}---\n`, { flag: 'a' })
  }
  const teller = `data:text/javascript,process.on('exit',()=>process.stderr.write('RSS '+process.resourceUsage().maxRSS+String.fromCharCode(10)))`
  const { stderr } = spawnSync(node, ['--import', teller, program, 'validate', file], {
    encoding: 'utf8',
    maxBuffer: 1e9
  })
  return Number(/RSS (\d+)/.exec(stderr)?.[1]) / 1024
}

function smallDeployment(i: number, isBad: boolean): string {
  const resources = isBad ? '' : ', resources: {requests: {cpu: 10m}}'
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web-${i}, namespace: shop, labels: {app: web-${i}}}
spec:
  selector: {matchLabels: {app: web-${i}}}
  template:
    metadata: {labels: {app: web-${i}}}
    spec:
      containers:
      - {name: app, image: "registry.example.com/shop/web:${i}"${resources}}
`
}

console.log('\n| documents in one file | largest memory, MB |\n|---|---|')
for (const documents of [1_000, 20_000, 100_000]) console.log(`| ${documents} | ${memory(documents).toFixed(0)} |`)
rmSync(work, { recursive: true, force: true })
