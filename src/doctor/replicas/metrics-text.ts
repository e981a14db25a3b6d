/** One sample of Prometheus text: its labels as they stand, and its value. */
export interface ExpositionSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The samples of one metric in Prometheus text (format 0.0.4); none where it has none. What is no number is left out. */
export function samplesOf(text: string, metric: string): ExpositionSample[] {
  return text.split('\n').flatMap((line) => {
    const rest = line.startsWith(metric) ? line.slice(metric.length) : ''
    const parts = /^(?:\{(.*)\})?[ \t]+(\S+)/.exec(rest)
    if (parts === null) return []
    const value = Number(parts[2])
    if (Number.isNaN(value)) return []
    const labels = [...(parts[1] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    return [{ labels: Object.fromEntries(labels.map(([, name = '', held = '']) => [name, held])), value }]
  })
}
