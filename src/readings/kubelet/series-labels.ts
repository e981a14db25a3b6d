/** The labels of a series in Prometheus text that say whose figure it is. */
export interface Labels {
  readonly id: string | undefined
  readonly container: string | undefined
  /** Where they end. */
  readonly end: number
}

/** Reads the labels that begin at `from`, behind the `{`; undefined when they do not end, or are not labels. */
export function readLabels(line: string, from: number): Labels | undefined {
  let at = from
  let id: string | undefined
  let container: string | undefined
  for (;;) {
    if (line[at] === '}') return { id, container, end: at + 1 }
    const equals = line.indexOf('="', at)
    if (equals < 0) return undefined
    const name = line.slice(at, equals).trim()
    const start = equals + 2
    const close = closingQuote(line, start)
    if (close < 0) return undefined
    if (name === 'id') id = line.slice(start, close)
    else if (name === 'container') container = line.slice(start, close)
    at = close + 1
    while (line[at] === ',' || line[at] === ' ') at++
  }
}

/** One label by its name, of labels that begin at `from`; undefined where there is none. */
export function labelOf(line: string, from: number, name: string): string | undefined {
  for (let at = from; line[at] !== '}'; ) {
    const equals = line.indexOf('="', at)
    const close = equals < 0 ? -1 : closingQuote(line, equals + 2)
    if (close < 0) return undefined
    if (line.slice(at, equals).trim() === name) return line.slice(equals + 2, close)
    at = close + 1
    while (line[at] === ',' || line[at] === ' ') at++
  }
  return undefined
}

function closingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '\\') at++
    else if (line[at] === '"') return at
  }
  return -1
}
