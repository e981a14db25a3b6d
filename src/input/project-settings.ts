import { AppError } from '../errors.ts'
import { nearest } from '../lib/did-you-mean.ts'
import { isRecord, nameOf } from '../lib/json/shape.ts'
import { type FailOn, failOns } from '../report/validate-report.ts'
import { readFast } from '../yaml/js-yaml-reader.ts'

/** The file in the working directory that holds what a repository would otherwise give by flags. */
export const projectFile = '.pidguard.yaml'

/** What the repository says of itself; the command line goes before it. */
export interface ProjectSettings {
  readonly policy?: string
  readonly exclude?: readonly string[]
  readonly failOn?: FailOn
  /** As for --output. */
  readonly output?: readonly string[]
}

type Key = keyof ProjectSettings

const keys = ['policy', 'exclude', 'failOn', 'output'] as const satisfies readonly Key[]

/** Throws ERR_USAGE with every mistake in the text. An empty file says nothing. */
export function readProjectSettings(text: string, path: string): ProjectSettings {
  const value = parsed(text, path)
  if (value === undefined) return {}
  if (!isRecord(value)) throw mistake([`expected a mapping of ${keys.join(', ')}, found ${nameOf(value)}`], path)
  const settings: Record<string, unknown> = {}
  const mistakes: string[] = []
  for (const [key, given] of Object.entries(value)) {
    const known = keys.find((each) => each === key)
    if (known === undefined) mistakes.push(unknownKey(key))
    else if (!fits[known].test(given)) mistakes.push(`${key}: expected ${fits[known].expected}, found ${shown(given)}`)
    else settings[key] = key === 'output' && typeof given === 'string' ? [given] : given
  }
  if (mistakes.length > 0) throw mistake(mistakes, path)
  return settings
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isText)

const fits: Readonly<Record<Key, { readonly expected: string; test(value: unknown): boolean }>> = {
  policy: { expected: 'the path of a policy document', test: isText },
  exclude: { expected: 'a list of patterns', test: isList },
  failOn: { expected: `one of ${failOns.join(', ')}`, test: (value) => failOns.some((each) => each === value) },
  output: { expected: 'a format, or a list of formats', test: (value) => isText(value) || isList(value) }
}

function parsed(text: string, path: string): unknown {
  try {
    return readFast(text)
  } catch (cause) {
    const { reason, message, mark } = cause as Error & { reason?: string; mark?: { line: number; column: number } }
    const at = mark === undefined ? '' : ` at line ${mark.line + 1}, column ${mark.column + 1}`
    throw mistake([`${reason ?? message}${at}`], path, cause)
  }
}

function unknownKey(key: string): string {
  const meant = nearest(key, keys)
  return `${JSON.stringify(key)} is no setting${meant === undefined ? `; expected ${keys.join(', ')}` : `; is ${meant} meant?`}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : nameOf(value)
}

function mistake(mistakes: readonly string[], path: string, cause?: unknown): AppError {
  return new AppError('ERR_USAGE', mistakes.map((each) => `${path}: ${each}`).join('\n'), {
    cause,
    remedy: `Fix ${path}.`
  })
}
