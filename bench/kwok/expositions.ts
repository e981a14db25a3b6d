// Figures out of texts of /metrics.

interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** All series of that name. */
export function seriesOf(name: string, exposition: string): Series[] {
  return exposition
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => ({
      labels: Object.fromEntries(
        [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])
      ),
      value: Number(line.slice(line.lastIndexOf(' ') + 1))
    }))
}

/**
 * Seconds under which that share of all observations lies: within its bucket as if they were spread evenly, as PromQL does. undefined: there
 * were none. `where` chooses series by their labels.
 */
export function quantileOf(
  share: number,
  name: string,
  expositions: readonly string[],
  where: (labels: Readonly<Record<string, string>>) => boolean = () => true
): number | undefined {
  const counts = new Map<number, number>()
  for (const { labels, value } of expositions.flatMap((text) => seriesOf(`${name}_bucket`, text))) {
    const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le'])
    if (where(labels)) counts.set(bound, (counts.get(bound) ?? 0) + value)
  }
  const buckets = [...counts].sort(([a], [b]) => a - b)
  const all = buckets.at(-1)?.[1] ?? 0
  if (all === 0) return undefined
  let [lower, below] = [0, 0]
  for (const [upper, count] of buckets) {
    if (count >= share * all) {
      if (upper === Number.POSITIVE_INFINITY) return lower
      return lower + ((upper - lower) * (share * all - below)) / (count - below)
    }
    lower = upper
    below = count
  }
  return lower
}
