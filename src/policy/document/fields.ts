import { z } from 'zod'
import { nearest } from '../../lib/did-you-mean.ts'

/** The JSON Schema of a single value, for editors. */
type JsonShape = Readonly<Record<string, unknown>>

/** What a value should have been, completing the sentence "expected …"; a function may look at what was found. */
type Expected = string | ((input: unknown) => string)

/** A single value that `read` takes in. */
export function value<T>(expected: Expected, json: JsonShape, read: (input: unknown) => T | undefined) {
  const schema = z.unknown().transform((input, context): T => {
    const result = read(input)
    if (result !== undefined) return result
    const message = typeof expected === 'string' ? expected : expected(input)
    context.issues.push({ code: 'custom', input, message })
    return z.NEVER
  })
  return schema.meta({ ...json })
}

export function text(expected: string, pattern: RegExp) {
  return z.string({ error: expected }).regex(pattern, { error: expected })
}

export function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: alternatives(values) })
}

export function flag() {
  return z.boolean({ error: 'true or false' })
}

/** A list of at least one entry: an empty list would mean something else than no list. */
export function listOf<S extends z.ZodType>(item: S) {
  const expected = 'a list of at least one entry'
  return z.array(item, { error: expected }).min(1, { error: expected })
}

/**
 * A mapping with these fields and no others. The error of unknown fields has one line for each, in the order of
 * the issue's `keys`, because zod reports them together and we report them one by one.
 */
export function fields<S extends z.ZodRawShape>(shape: S, noun = 'field') {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(String(key), noun, known)).join('\n')
        : 'a mapping'
  })
}

/** An optional field with its text for editors, and the value that holds where it is left out. */
export function optional<S extends z.ZodType>(schema: S, description: string, fallback?: unknown) {
  return schema.optional().meta({ description, ...(fallback === undefined ? {} : { fallback }) })
}

export function required<S extends z.ZodType>(schema: S, description: string) {
  return schema.meta({ description })
}

function unknownKey(key: string, noun: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return meant === undefined ? `no such ${noun}` : `no such ${noun}; did you mean ${meant}?`
}

function alternatives(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
}
