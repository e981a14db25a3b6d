/** Every metric of ours that a text names, an expression or a page. */
export function metricsNamed(text: string): string[] {
  return [...text.matchAll(/\bpidguard_[a-z0-9_]+[a-z0-9]/g)].map(([name]) => name)
}

/** An expression of the dashboard as Grafana sends it, with every installation chosen. */
export function filled(expr: string): string {
  return expr.replaceAll('$namespace', '.*').replaceAll('$__rate_interval', '20s').replaceAll('$__range', '1m')
}

/** The series an expression reads: its selectors, without functions, ranges and offsets. */
export function selectorsOf(expr: string): string[] {
  const names =
    /(?<![\w$"])(?:(?:pidguard|node|container|apiserver|process|nodejs)_[a-z0-9_]+|up|ALERTS)(?:\{[^}]*\})?/g
  const byName = /\{__name__[^}]*\}/g
  const plain = expr.replace(byName, '')
  return [...new Set([...(plain.match(names) ?? []), ...(expr.match(byName) ?? [])])]
}
