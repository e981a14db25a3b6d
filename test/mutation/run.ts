// Mutation run: changes the rooms that decide, one place at a time, and looks whether a test of the room notices.
//   npm run mutate -- [--count MUTANTS_PER_ROOM] [--seed SEED] [--rooms rules,engine] [--list FILE]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { projectFolder, sourceOf, typescriptFilesOf } from '../support/sources.ts'
import { testFilesOf } from '../support/test-files.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { testsReaching } from './reach.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    rooms: { type: 'string', default: 'rules,engine,headroom,policy,certs,leader' }
  }
})

/** Seconds of CPU that a mutant may use: many times what the tests of a room take. Then it counts as killed: it never ends. */
const cpuLimit = 60

/** A generator of numbers from 0 up to 1: the same ones for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function sample<T>(all: readonly T[], count: number, random: () => number): T[] {
  const left = [...all]
  const drawn: T[] = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1))
  return drawn
}

async function isKilled(file: string, mutant: Mutant, tests: readonly string[]): Promise<boolean> {
  if (tests.length === 0) return false
  const child = spawn(
    'bash',
    [
      '-c',
      `ulimit -t ${cpuLimit}; exec nice -n 10 "$@"`,
      'bash',
      process.execPath,
      '--no-warnings',
      'test/mutation/child.ts'
    ],
    {
      cwd: projectFolder,
      env: { ...process.env, MUTANT: JSON.stringify({ file, ...mutant, tests }), TAP_BAIL: '1' },
      stdio: 'ignore'
    }
  )
  const [code] = await once(child, 'exit')
  return code !== 0
}

let [killed, tried] = [0, 0]
for (const room of values.rooms.split(',')) {
  const random = randomOf(Number(values.seed))
  const all = typescriptFilesOf('src')
    .filter((file) => file.startsWith(`${room}/`) && !file.endsWith('.generated.ts'))
    .flatMap((file) => mutantsOf(sourceOf(file)).map((mutant) => ({ file, mutant })))
  const drawn = sample(all, Number(values.count), random)
  const unchanged: Mutant = { start: 0, end: 0, text: '', line: 1 }
  if (await isKilled(`${room}/`, unchanged, testFilesOf(room))) {
    throw new Error(`${room}: its tests fail without any change, so nothing can be said of changes`)
  }
  const survivors: string[] = []
  for (const { file, mutant } of drawn) {
    const [near, far] = testsReaching(file, room)
    const dead = (await isKilled(file, mutant, near)) || (await isKilled(file, mutant, far))
    const source = sourceOf(file)
    const line = source.split('\n')[mutant.line - 1]?.trim()
    const what = `${source.slice(mutant.start, mutant.end).split('\n')[0]} -> ${mutant.text.split('\n')[0]}`
    if (!dead) survivors.push(`${file}:${mutant.line}  ${what}  in  ${line}`)
    console.error(`${dead ? 'killed  ' : 'SURVIVED'} ${file}:${mutant.line} ${what}`)
  }
  killed += drawn.length - survivors.length
  tried += drawn.length
  console.log(`${room}: ${drawn.length - survivors.length} of ${drawn.length} killed (drawn from ${all.length})`)
  for (const survivor of survivors) console.log(`  ${survivor}`)
}
console.log(`all: ${killed} of ${tried} killed, ${((100 * killed) / tried).toFixed(1)} %; seed ${values.seed}`)
