import { nearest } from '../../lib/did-you-mean.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import { missingOrFound, type Path, type PathMistake } from './mistakes.ts'

/**
 * What documents are described with: each part reads a value and says its JSON Schema. A schema library does the same, and costs
 * half of what reading a policy takes when a program has just started.
 */

/** A part of JSON Schema, for editors. */
export type JsonShape = Readonly<Record<string, unknown>>

/** What may stand at one place of a document. */
export interface Part<T> {
  readonly json: JsonShape
  /**
   * Takes in what is written at `path`, undefined where nothing is. What is wrong is added to `mistakes`: then the result of the
   * whole document means nothing.
   */
  read(input: unknown, path: Path, mistakes: PathMistake[]): T
}

/** A field that may be left out. */
export interface OptionalPart<T> extends Part<T | undefined> {
  readonly isOptional: true
}

/** What a part gives back. */
export type ValueOf<P> = P extends Part<infer T> ? T : never

type Parts = Readonly<Record<string, Part<unknown>>>
type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never }[keyof F]
type FieldsOf<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: ValueOf<F[K]>
}

/** What a value should have been, completing the sentence "expected …"; a function may look at what was found. */
type Expected = string | ((input: unknown) => string)

/** A single value that `read` takes in. */
export function value<T>(expected: Expected, json: JsonShape, read: (input: unknown) => T | undefined): Part<T> {
  return {
    json,
    read(input, path, mistakes) {
      const result = read(input)
      if (result !== undefined) return result
      return refuse(typeof expected === 'string' ? expected : expected(input), input, path, mistakes)
    }
  }
}

/** Adds a mistake, and gives back what stands for a value where there is none. */
function refuse(expected: string, input: unknown, path: Path, mistakes: PathMistake[]): never {
  mistakes.push({ path, message: `expected ${expected}, ${missingOrFound(input)}` })
  return undefined as never
}

export function text(expected: string, pattern: RegExp): Part<string> {
  const json = { type: 'string', pattern: pattern.source }
  return value(expected, json, (input) => (typeof input === 'string' && pattern.test(input) ? input : undefined))
}

export function oneOf<const T extends readonly string[]>(values: T): Part<T[number]> {
  const read = (input: unknown) => values.find((each) => each === input)
  return value(alternatives(values), { type: 'string', enum: values }, read)
}

/** The one value that a field may have. */
export function constant<const T extends string>(only: T): Part<T> {
  return value(only, { type: 'string', const: only }, (input) => (input === only ? only : undefined))
}

export function flag(): Part<boolean> {
  return value('true or false', { type: 'boolean' }, (input) => (typeof input === 'boolean' ? input : undefined))
}

/** A list of any length. */
export function list<T>(item: Part<T>, expected: string): Part<T[]> {
  return {
    json: { type: 'array', items: item.json },
    read: (input, path, mistakes) =>
      Array.isArray(input)
        ? input.map((each, i) => item.read(each, [...path, i], mistakes))
        : refuse(expected, input, path, mistakes)
  }
}

/** A list of at least one entry: an empty list would mean something else than no list. */
export function listOf<T>(item: Part<T>): Part<T[]> {
  const expected = 'a list of at least one entry'
  const { json, read } = list(item, expected)
  return {
    json: { minItems: 1, ...json },
    read: (input, path, mistakes) =>
      Array.isArray(input) && input.length === 0 ? refuse(expected, input, path, mistakes) : read(input, path, mistakes)
  }
}

/** A mapping of texts to texts. */
export function mapOf(key: Part<string>, member: Part<string>): Part<Record<string, string>> {
  return {
    json: { type: 'object', propertyNames: key.json, additionalProperties: member.json },
    read(input, path, mistakes) {
      if (!isRecord(input)) return refuse('a mapping of texts', input, path, mistakes)
      const read = Object.entries(input).map(([name, inner]) => {
        const at = [...path, name]
        const before = mistakes.length
        const known = key.read(name, at, mistakes)
        return [known, mistakes.length > before ? '' : member.read(inner, at, mistakes)] as const
      })
      return Object.fromEntries(read)
    }
  }
}

/** A mapping with these fields and no others. */
export function fields<const F extends Parts>(shape: F, noun = 'field'): Part<FieldsOf<F>> {
  const known = Object.keys(shape)
  const needed = known.filter((name) => !('isOptional' in (shape[name] as Part<unknown>)))
  return {
    json: {
      type: 'object',
      properties: Object.fromEntries(known.map((name) => [name, shape[name]?.json])),
      ...(needed.length === 0 ? undefined : { required: needed }),
      additionalProperties: false
    },
    read(input, path, mistakes) {
      if (!isRecord(input)) return refuse('a mapping', input, path, mistakes)
      const read: JsonRecord = {}
      for (const name of known) {
        const written = Object.hasOwn(input, name) ? input[name] : undefined
        const result = (shape[name] as Part<unknown>).read(written, [...path, name], mistakes)
        if (result !== undefined) read[name] = result
      }
      for (const name of Object.keys(input)) {
        if (!Object.hasOwn(shape, name))
          mistakes.push({ path: [...path, name], message: unknownKey(name, noun, known) })
      }
      return read as FieldsOf<F>
    }
  }
}

/** An optional field with its text for editors, and the value that holds where it is left out. */
export function optional<T>(part: Part<T>, description: string, fallback?: unknown): OptionalPart<T> {
  return {
    isOptional: true,
    json: { description, ...part.json, ...(fallback === undefined ? undefined : { default: fallback }) },
    read: (input, path, mistakes) => (input === undefined ? undefined : part.read(input, path, mistakes))
  }
}

export function required<T>(part: Part<T>, description: string): Part<T> {
  return withJson(part, { description })
}

/** The part with more in its JSON Schema. */
export function withJson<T>(part: Part<T>, more: JsonShape): Part<T> {
  return { ...part, json: { ...part.json, ...more } }
}

/** The part with something else made of what it reads. */
export function changed<T, U>(part: Part<T>, change: (value: T) => U): Part<U> {
  return {
    json: part.json,
    read(input, path, mistakes) {
      const before = mistakes.length
      const read = part.read(input, path, mistakes)
      return mistakes.length > before ? (undefined as never) : change(read)
    }
  }
}

/** Says that a field or a rule is not known. */
export function unknownKey(key: string, noun: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return meant === undefined ? `no such ${noun}` : `no such ${noun}; did you mean ${meant}?`
}

function alternatives(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
}
