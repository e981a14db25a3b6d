// What importing a package costs a fresh process: CPU, wall and RSS over an empty module, with and without V8's
// compile cache. Usage: node bench/imports.ts [--rounds 9] [--only fastify,zod]
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { alternated, median } from './numbers.ts'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, only: { type: 'string', default: '' } }
})

const packages: Record<string, readonly string[]> = {
  nothing: [],
  'node:https': ['node:https'],
  fastify: ['fastify'],
  pino: ['pino'],
  zod: ['zod'],
  yaml: ['yaml'],
  'prom-client': ['prom-client'],
  commander: ['commander'],
  '@peculiar/x509': ['reflect-metadata', '@peculiar/x509']
}
packages['all but fastify'] = Object.entries(packages).flatMap(([name, list]) => (name === 'fastify' ? [] : list))
packages.all = Object.values(packages).flat()

const chosen = options.only === '' ? Object.keys(packages) : ['nothing', ...options.only.split(',')]

interface Reading {
  readonly wallMs: number
  readonly cpuMs: number
  readonly rssMb: number
}

// Inside the project, so that its node_modules are found.
mkdirSync(new URL('.work', import.meta.url), { recursive: true })
const folder = mkdtempSync(path.join(import.meta.dirname, '.work/imports-'))
try {
  main()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function main(): void {
  const readings = new Map<string, Reading[]>()
  const cases = chosen.flatMap((name) => [
    { name, cached: false },
    { name, cached: true }
  ])
  for (const { name, cached } of cases) {
    writeFileSync(fileOf(name, cached), sourceOf(packages[name] ?? [name], cached))
    run(name, cached) // fills the compile cache and the page cache
    readings.set(keyOf(name, cached), [])
  }
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const { name, cached } of alternated(cases, round)) readings.get(keyOf(name, cached))?.push(run(name, cached))
  }
  report(readings)
}

function sourceOf(modules: readonly string[], cached: boolean): string {
  const cache = `import module from 'node:module'\nmodule.enableCompileCache(${JSON.stringify(path.join(folder, 'cache'))})\n`
  return [
    cached ? cache : '',
    ...modules.map((name) => `await import(${JSON.stringify(name)})\n`),
    'const use = process.cpuUsage()\n',
    'console.log(JSON.stringify({ cpuMs: (use.user + use.system) / 1000, rssMb: process.memoryUsage.rss() / 2 ** 20 }))\n'
  ].join('')
}

function fileOf(name: string, cached: boolean): string {
  return path.join(folder, `${keyOf(name, cached).replaceAll(/\W/g, '_')}.mjs`)
}

function keyOf(name: string, cached: boolean): string {
  return `${name}${cached ? ' cached' : ''}`
}

function run(name: string, cached: boolean): Reading {
  const began = performance.now()
  const child = spawnSync(process.execPath, [fileOf(name, cached)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit']
  })
  if (child.status !== 0) throw new Error(`${keyOf(name, cached)} ended with ${child.status ?? child.signal}`)
  return { wallMs: performance.now() - began, ...(JSON.parse(child.stdout) as { cpuMs: number; rssMb: number }) }
}

function report(readings: ReadonlyMap<string, readonly Reading[]>): void {
  const over = (name: string, cached: boolean, field: keyof Reading): string => {
    const own = readings.get(keyOf(name, cached)) ?? []
    const nothing = readings.get('nothing') ?? []
    return median(own.map((reading, round) => reading[field] - (nothing[round]?.[field] ?? Number.NaN))).toFixed(0)
  }
  const floor = (field: keyof Reading): string =>
    median((readings.get('nothing') ?? []).map((reading) => reading[field])).toFixed(0)
  console.log(
    `Node ${process.version}, ${options.rounds} interleaved rounds, medians. An empty module: CPU ${floor('cpuMs')} ms, wall ${floor('wallMs')} ms, RSS ${floor('rssMb')} MB.`
  )
  console.log(
    '\n| import, over an empty module | CPU ms | wall ms | RSS MB | CPU ms, compile cache | wall ms, cache | RSS MB, cache |'
  )
  console.log('|---|---|---|---|---|---|---|')
  for (const name of chosen) {
    const cells = [false, true].flatMap((cached) =>
      (['cpuMs', 'wallMs', 'rssMb'] as const).map((field) => over(name, cached, field))
    )
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
}
