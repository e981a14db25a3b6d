// A day on a real control plane with hundreds of nodes, by each way of guarding: npm run bench:kwok [-- --nodes 500 --pods 15000 …].
// Exits with 1 where a goal is missed. See README.md.
import { appendFileSync } from 'node:fs'
import os from 'node:os'
import { parseArgs } from 'node:util'
import { findAssets } from '../test/e2e/support/assets.ts'
import { kwokProgram } from './kwok/controller.ts'
import { phases, playDay } from './kwok/day.ts'
import { ways } from './kwok/pidguard.ts'
import type { Result } from './kwok/recorder.ts'
import { missedGoals, tableOf } from './kwok/table.ts'

const usage =
  'usage: KUBEBUILDER_ASSETS=FOLDER npm run bench:kwok [-- --nodes 50 --pods 1500 --ways none,admission,guard,scheduler --replicas 2 --seed 1 --until jobs --out FILE]'

function optionsOf(args: string[]) {
  try {
    const text = { type: 'string' } as const
    const { values } = parseArgs({
      args,
      options: { nodes: text, pods: text, replicas: text, seed: text, ways: text, until: text, out: text }
    })
    const count = (name: 'nodes' | 'pods' | 'replicas' | 'seed', usual: number): number => {
      const value = Number(values[name] ?? usual)
      if (!Number.isSafeInteger(value) || value < 1)
        throw new Error(`--${name} ${values[name]}: expected a whole number above 0`)
      return value
    }
    const asked = values.ways?.split(',') ?? ways
    const chosen = ways.filter((way) => asked.includes(way))
    if (chosen.length !== asked.length) throw new Error(`--ways ${values.ways}: expected some of ${ways.join(',')}`)
    const until = phases.find((phase) => phase === (values.until ?? 'jobs'))
    if (until === undefined) throw new Error(`--until ${values.until}: expected one of ${phases.join(', ')}`)
    const nodes = count('nodes', 50)
    return {
      nodes,
      pods: count('pods', nodes * 30),
      replicas: count('replicas', 2),
      seed: count('seed', 1),
      ways: chosen,
      until,
      out: values.out
    }
  } catch (error) {
    console.error(`${String(error)}\n${usage}`)
    process.exit(2)
  }
}

const { ways: chosen, out, ...size } = optionsOf(process.argv.slice(2))
const assets = findAssets(process.env)
if ('missing' in assets) {
  console.error(assets.missing)
  process.exit(2)
}
// What was started is ended by a process that outlives this one (test/e2e/support/janitor.ts), and temporary folders go with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

const kwok = kwokProgram()
const results: Result[] = []
for (const way of chosen) {
  console.error(
    `${way}: ${size.nodes} nodes, ${size.pods} pods, seed ${size.seed}; load ${os.loadavg()[0]?.toFixed(1)}`
  )
  const result = await playDay({ way, kwok, ...size })
  results.push(result)
  if (out !== undefined) appendFileSync(out, `${JSON.stringify({ ...size, ...result })}\n`)
}
console.log(tableOf(results))
const missed = results.flatMap((result) => missedGoals(result))
console.log(
  missed.length === 0
    ? '\nAll goals are met.'
    : `\nNot all goals are met:\n${missed.map((each) => `  ${each}`).join('\n')}`
)
process.exitCode = missed.length === 0 ? 0 : 1
