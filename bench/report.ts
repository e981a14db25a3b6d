import { median, spread } from './numbers.ts'
import { meanBytes, rssBudget, type Scenario } from './scenarios.ts'

/** One contestant in one round of one scenario. */
export interface Reading {
  readonly scenario: string
  readonly round: number
  readonly name: string
  readonly cpuMicros: number
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly rssMb: number
}

export const measures = {
  cpu: { unit: 'CPU us', of: (reading: Reading) => reading.cpuMicros },
  p50: { unit: 'p50 us', of: (reading: Reading) => reading.p50 },
  p99: { unit: 'p99 us', of: (reading: Reading) => reading.p99 }
} as const

const base = 'bare'

/** The ratios to the base, round by round. */
export function ratios(
  readings: readonly Reading[],
  scenario: string,
  name: string,
  of: (reading: Reading) => number
): number[] {
  const own = readings.filter((reading) => reading.scenario === scenario && reading.name === name)
  return own.flatMap((reading) => {
    const bare = readings.find(
      (other) => other.scenario === scenario && other.name === base && other.round === reading.round
    )
    return bare === undefined ? [] : [of(reading) / of(bare)]
  })
}

function mark(ratio: number, budget: number | undefined): string {
  if (budget === undefined) return '-'
  return `<= ${budget}x ${ratio <= budget ? 'pass' : 'OVER'}`
}

export function renderScenarios(scenarios: readonly Scenario[], readings: readonly Reading[]): string {
  const lines = [
    '| scenario | server | measured | x bare (lowest-highest) | budget | req/s | RSS MB | x bare | budget |',
    '|---|---|---|---|---|---|---|---|---|'
  ]
  for (const scenario of scenarios) {
    const measure = measures[scenario.measure]
    const names = new Set(readings.filter((reading) => reading.scenario === scenario.name).map(({ name }) => name))
    for (const name of names) {
      const own = readings.filter((reading) => reading.scenario === scenario.name && reading.name === name)
      const middle = (of: (reading: Reading) => number): string => median(own.map(of)).toFixed(0)
      const cost = ratios(readings, scenario.name, name, measure.of)
      const memory = median(ratios(readings, scenario.name, name, ({ rssMb }) => rssMb))
      const guarded = name.startsWith('pidguard')
      const cells = [
        `${scenario.name} (${(meanBytes(scenario) / 1000).toFixed(1)} KB)`,
        name,
        `${middle(measure.of)} ${measure.unit}`,
        cost.length === 0 ? '-' : `${median(cost).toFixed(2)} (${spread(cost)})`,
        mark(median(cost), guarded ? scenario.budget : undefined),
        middle(({ requests, seconds }) => requests / seconds),
        middle(({ rssMb }) => rssMb),
        memory.toFixed(2),
        mark(memory, guarded ? rssBudget : undefined)
      ]
      lines.push(`| ${cells.join(' | ')} |`)
    }
  }
  return lines.join('\n')
}

/** A ratio that rises with the size means a cost that grows faster than the input. Noise: a tenth, and 0.05 at least. */
export function renderGrowth(scenarios: readonly Scenario[], readings: readonly Reading[], name: string): string {
  const sizes = [...new Set(scenarios.map(({ bytes }) => bytes ?? 0))].sort((a, b) => a - b)
  const rows = new Map<string, Scenario[]>()
  for (const scenario of scenarios) {
    const key = `${scenario.shape} ${scenario.url}`
    rows.set(key, [...(rows.get(key) ?? []), scenario])
  }
  const lines = [
    `| ${name}: x bare (CPU us per KB) at | ${sizes.map((bytes) => `${bytes / 2 ** 10} KB`).join(' | ')} | grows faster than its size? |`,
    `|---|${sizes.map(() => '---|').join('')}---|`
  ]
  for (const [key, list] of rows) {
    const cells = list.map((scenario) => {
      const own = readings.filter((reading) => reading.scenario === scenario.name && reading.name === name)
      const perKb = median(own.map(({ cpuMicros }) => cpuMicros / (meanBytes(scenario) / 1000)))
      return { ratio: median(ratios(readings, scenario.name, name, measures.cpu.of)), perKb }
    })
    const smallest = cells[0]?.ratio ?? Number.NaN
    const largest = cells.at(-1)?.ratio ?? Number.NaN
    const verdict = largest > Math.max(smallest * 1.1, smallest + 0.05) ? 'OVER' : 'pass'
    lines.push(
      `| ${key} | ${cells.map(({ ratio, perKb }) => `${ratio.toFixed(2)} (${perKb.toFixed(1)})`).join(' | ')} | ${verdict} |`
    )
  }
  return lines.join('\n')
}
