// Drives servers side by side and takes their readings.
import { checkAnswers } from './answers.ts'
import { type Contestant, type Server, start } from './contestants.ts'
import { drive, type LoadResult } from './load.ts'
import { cpuMicrosOf, rssMbOf, stop } from './machine.ts'
import { alternated, median } from './numbers.ts'
import type { Reading } from './report.ts'
import { type Scenario, writeBodies } from './scenarios.ts'

export interface Round {
  readonly contestants: readonly Contestant[]
  readonly scenarios: readonly Scenario[]
  readonly number: number
  /** Of load for each contestant in each scenario. */
  readonly seconds: number
  /** Until V8 has settled; what it compiles in the meantime is not the cost of a review. */
  readonly warmUpSeconds: number
  /** Short slices that take turns: a busy neighbour then hits all alike. */
  readonly sliceSeconds: number
}

let lastPort = 18_400

/** One round: new processes, right answers, warm-up, then slices in the order A B B A, again and again. */
export async function measure(round: Round): Promise<Reading[]> {
  const { contestants, scenarios, number, seconds, warmUpSeconds, sliceSeconds } = round
  const readings: Reading[] = []
  const servers = new Map<Contestant, Server>()
  try {
    for (const contestant of alternated(contestants, number))
      servers.set(contestant, await start(contestant, { port: ++lastPort, probePort: ++lastPort }))
    for (const scenario of scenarios) {
      const bodies = writeBodies(scenario)
      for (const [contestant, server] of servers) {
        await checkAnswers(contestant, server, scenario)
        await drive({ port: server.port, list: bodies, seconds: warmUpSeconds, connections: scenario.connections })
      }
      const slices = new Map<Contestant, Slice[]>(contestants.map((contestant) => [contestant, []]))
      for (let left = seconds; left > 0; left -= 2 * sliceSeconds) {
        for (const [contestant, server] of [...servers, ...[...servers].reverse()]) {
          slices.get(contestant)?.push(await slice(server, scenario, bodies, sliceSeconds))
        }
      }
      for (const [contestant, parts] of slices) {
        readings.push(joined(parts, { scenario: scenario.name, round: number, name: contestant.name }))
      }
    }
    return readings
  } finally {
    for (const server of servers.values()) await stop(server.child)
  }
}

interface Slice extends LoadResult {
  readonly cpuMicros: number
  readonly rssMb: number
}

async function slice(server: Server, scenario: Scenario, list: string, seconds: number): Promise<Slice> {
  const memory: number[] = []
  const timer = setInterval(() => memory.push(rssMbOf(server.pid)), 200)
  const before = cpuMicrosOf(server.pid)
  try {
    const result = await drive({ ...scenario, port: server.port, list, seconds })
    if (result.errors > 0) throw new Error(`${result.errors} errors in ${scenario.name}`)
    return { ...result, cpuMicros: cpuMicrosOf(server.pid) - before, rssMb: mean(memory) }
  } finally {
    clearInterval(timer)
  }
}

function joined(parts: readonly Slice[], of: Pick<Reading, 'scenario' | 'round' | 'name'>): Reading {
  const sum = (field: keyof Slice): number => parts.reduce((total, part) => total + part[field], 0)
  const middle = (field: keyof Slice): number => median(parts.map((part) => part[field]))
  return {
    ...of,
    requests: sum('requests'),
    seconds: sum('seconds'),
    // A neighbour makes some slices dear: it takes the caches away.
    cpuMicros: median(parts.map(({ cpuMicros, requests }) => cpuMicros / requests)),
    p50: middle('p50'),
    p99: middle('p99'),
    rssMb: middle('rssMb')
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
