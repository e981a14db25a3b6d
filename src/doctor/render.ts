import type { Check, Level } from './check.ts'

export type DoctorFormat = 'text' | 'json'

const marks: Readonly<Record<Level, string>> = { ok: 'ok   ', info: 'info ', warn: 'WARN ', error: 'ERROR' }

/** The report of `pidguard doctor`; the text has lines for `shown` alone, and counts all. */
export function renderDoctor(checks: readonly Check[], format: DoctorFormat, shown = checks): string {
  if (format === 'json') return `${JSON.stringify({ checks }, null, 2)}\n`
  const lines = shown.flatMap(({ about, level, found, remedy }) => {
    const line = `${marks[level]}  ${about}: ${found}`
    return remedy === undefined || level === 'ok' ? [line] : [line, `         ${remedy}`]
  })
  const counted = (level: Level, word: string): string => {
    const count = checks.filter((check) => check.level === level).length
    return `${count} ${word}${count === 1 ? '' : 's'}`
  }
  return `${lines.join('\n')}\n${counted('error', 'error')}, ${counted('warn', 'warning')}\n`
}

/** The checks that make the command fail: those at this level or a worse one. */
export function unsound(checks: readonly Check[], failOn: 'warn' | 'error'): Check[] {
  return checks.filter(({ level }) => level === 'error' || (failOn === 'warn' && level === 'warn'))
}
