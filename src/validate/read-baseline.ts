import { AppError } from '../errors.ts'
import { isRecord } from '../lib/json/shape.ts'
import { constant, fields, list, optional, required, text, value } from '../policy/document/fields.ts'
import { type PathMistake, renderPath } from '../policy/document/mistakes.ts'
import type { PolicyMistake } from '../policy/document/policy-error.ts'
import { readYaml } from '../policy/document/yaml-source.ts'
import { readPlainYaml } from '../yaml/plain-yaml.ts'
import { type Acceptance, baselineApiVersion, baselineKind } from './baseline.ts'
import { isDay } from './output-flags.ts'

const someText = () => text('some text', /\S/)

const schema = fields({
  apiVersion: required(constant(baselineApiVersion), 'The version of this format.'),
  kind: required(constant(baselineKind), 'What this document is.'),
  accepted: required(
    list(
      fields({
        rule: required(someText(), 'The id of the rule.'),
        kind: required(someText(), 'The kind of the object.'),
        namespace: optional(
          text('a namespace', /^/),
          'The namespace of the object; none for kinds that have none.',
          ''
        ),
        name: required(someText(), 'The name of the object.'),
        reason: required(someText(), 'Why the finding does not count.'),
        expires: required(
          value('a day as 2026-12-31', {}, (input) => (typeof input === 'string' && isDay(input) ? input : undefined)),
          'The last day on which the finding does not count.'
        )
      }),
      'a list of accepted findings'
    ),
    'The findings that do not count.'
  )
})

/**
 * Reads a baseline. Throws ERR_BASELINE_INVALID with all its mistakes, each with line and column. One that is plainly written and has
 * none is read by the parser of manifests: 20,000 entries in a fifth of the time.
 */
export function readBaseline(text: string, source: string): Acceptance[] {
  return entriesOf(readPlainYaml(text), []) ?? readWithPlaces(text, source)
}

/** undefined where there are mistakes, which go into `found`. */
function entriesOf(value: unknown, found: PathMistake[]): Acceptance[] | undefined {
  const { accepted } = schema.read(value, [], found) ?? {}
  if (found.length > 0 || accepted === undefined) return undefined
  return accepted.map((entry) => ({ ...entry, namespace: entry.namespace ?? '' }))
}

function readWithPlaces(text: string, source: string): Acceptance[] {
  const yaml = readYaml(text, baselineKind)
  if (!('placeOf' in yaml)) throw invalid(source, yaml)
  const found: PathMistake[] = []
  const entries = entriesOf(yaml.value, found)
  if (entries !== undefined) return entries
  // In another kind of document everything else would be wrong too.
  const isOther = isRecord(yaml.value) && yaml.value['kind'] !== baselineKind
  const mistakes = found
    .filter(({ path }) => !isOther || path[0] === 'apiVersion' || path[0] === 'kind')
    .map(({ path, message }) => ({ ...yaml.placeOf(path), path: renderPath(path), message }))
  throw invalid(source, mistakes)
}

function invalid(source: string, mistakes: readonly PolicyMistake[]): AppError {
  const lines = mistakes.map(
    ({ line, column, path, message }) => `${source}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
  )
  return new AppError('ERR_BASELINE_INVALID', lines.join('\n'))
}
