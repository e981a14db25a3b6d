const names: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: '',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL'
}

/**
 * A line of the log as a person at a terminal reads it: local time, level above info, message, fields. Other programs get
 * the line as it is. What is no such line is returned unchanged.
 */
export function terminalLine(line: string): string {
  const { level, time, msg, err, ...rest } = fieldsOf(line)
  if (typeof level !== 'number' || typeof time !== 'string' || typeof msg !== 'string') return line
  const name = names[level] ?? String(level)
  const values = Object.entries(rest).map(([key, value]) => `${key}=${shown(value)}`)
  const head = [clockTime(time), name, msg].filter((part) => part !== '').join('  ')
  return `${[head, ...values].join('  ')}\n${errorLines(err)}`
}

function fieldsOf(line: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(line) }
  } catch {
    return {}
  }
}

function clockTime(time: string): string {
  return new Date(time).toTimeString().slice(0, 8)
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value)
}

/** What failed, indented: the stack where the log has one, else the sentence alone. */
function errorLines(err: unknown): string {
  if (typeof err !== 'object' || err === null) return ''
  const { stack, message } = err as { stack?: unknown; message?: unknown }
  const text = typeof stack === 'string' ? stack : String(message)
  return `${text.replace(/^/gm, '  ')}\n`
}
