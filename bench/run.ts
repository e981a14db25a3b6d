// The harness. Usage: npm run bench -- [--rounds 3] [--seconds 12] [--scenario cpu,latency,growth,fleet,NAME…]
//   [--contestants bare,pidguard] [--out FILE]        See README.md.
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { contestantNamed } from './contestants.ts'
import { makeCertificates, raisePriority, requireMachine, workFolder } from './machine.ts'
import { measure, type Round } from './measure.ts'
import { type Reading, renderGrowth, renderScenarios } from './report.ts'
import { chooseScenarios, type Scenario } from './scenarios.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '12' },
    scenario: { type: 'string', default: 'cpu,latency,growth,fleet' },
    contestants: { type: 'string', default: 'bare,pidguard' },
    out: { type: 'string' }
  }
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)

requireMachine('wrk', 'taskset', 'openssl')
raisePriority()
makeCertificates()
const words = options.scenario.split(',')
const scenarios = chooseScenarios(words.filter((word) => word !== 'fleet'))
const chosen = options.contestants.split(',').map((name) => contestantNamed(name))
const readings: Reading[] = []
if (options.out !== undefined) {
  mkdirSync(path.dirname(path.resolve(options.out)), { recursive: true })
  writeFileSync(options.out, '')
}
await measureAll()
rmSync(path.join(workFolder, 'bodies'), { recursive: true, force: true })
if (scenarios.length > 0) report()
if (words.includes('growth')) measureShapes()
if (words.includes('fleet')) measureFleet()
process.exit()

/** 5,000 nodes and 150,000 pods: kept, asked, synced, scraped, and read through Prometheus. */
function measureFleet(): void {
  const options = ['--expose-gc', '--disable-warning=ExperimentalWarning']
  for (const name of ['headroom.ts', 'sync.ts', 'prometheus.ts']) {
    console.log(`\n${name}`)
    execFileSync(process.execPath, [...options, path.join(import.meta.dirname, name)], { stdio: 'inherit' })
  }
}

/** Reviews, files and answers of kubelets in the shapes of attacks, up to 8 MB. */
function measureShapes(): void {
  console.log('\ngrowth.ts')
  spawnSync(process.execPath, ['--no-warnings', path.join(import.meta.dirname, 'growth.ts')], { stdio: 'inherit' })
}

async function measureAll(): Promise<void> {
  const fresh = scenarios.filter(({ shape }) => shape === undefined)
  for (const scenario of fresh) {
    await measureRounds([scenario], rounds, { seconds, warmUpSeconds: 4, sliceSeconds: 2 })
  }
  // The growth table has many cells: one pair of servers serves all of a shape, for less time each.
  const growth = scenarios.filter(({ shape }) => shape !== undefined)
  for (const list of Map.groupBy(growth, ({ shape }) => shape).values()) {
    await measureRounds(list, Math.min(rounds, 2), { seconds: 2, warmUpSeconds: 1, sliceSeconds: 1 })
  }
}

type Times = Pick<Round, 'seconds' | 'warmUpSeconds' | 'sliceSeconds'>

async function measureRounds(list: readonly Scenario[], count: number, times: Times): Promise<void> {
  for (let number = 0; number < count; number++) {
    const taken = await measure({ contestants: chosen, scenarios: list, number, ...times })
    readings.push(...taken)
    // Line by line as they come: a run of an hour may be cut short.
    if (options.out !== undefined)
      appendFileSync(options.out, taken.map((reading) => `${JSON.stringify(reading)}\n`).join(''))
    for (const { scenario, name, cpuMicros, rssMb } of taken) {
      console.error(`${scenario}, round ${number}, ${name}: ${cpuMicros.toFixed(1)} us, ${rssMb.toFixed(0)} MB`)
    }
  }
}

function report(): void {
  const growth = scenarios.filter(({ shape }) => shape !== undefined)
  const others = scenarios.filter(({ shape }) => shape === undefined)
  const text = [`Node ${process.version}, ${rounds} rounds of ${seconds} s, medians of rounds.`]
  if (others.length > 0) text.push(renderScenarios(others, readings))
  if (growth.length > 0) {
    for (const { name } of chosen.filter((contestant) => contestant.name !== 'bare'))
      text.push(renderGrowth(growth, readings, name))
  }
  console.log(text.join('\n\n'))
}
