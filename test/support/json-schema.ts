import { isRecord, type JsonRecord } from '../../src/lib/json/shape.ts'

/** Whether `value` is valid, by the words of JSON Schema that the policy's schema uses. Throws on any other. */
export function isValid(schema: unknown, value: unknown): boolean {
  if (!isRecord(schema)) throw new Error('not a schema')
  return Object.keys(schema).every((word) => {
    const check = words[word]
    if (check === undefined) throw new Error(`unknown word ${word}`)
    return check(schema, value)
  })
}

const anything = () => true
const fieldsOf = (value: unknown): [string, unknown][] => (isRecord(value) ? Object.entries(value) : [])
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const words: Readonly<Record<string, (schema: JsonRecord, value: unknown) => boolean>> = {
  $schema: anything,
  title: anything,
  description: anything,
  default: anything,
  type: ({ type }, value) => isOfType(type, value),
  const: (schema, value) => schema.const === value,
  enum: (schema, value) => listOf(schema.enum).includes(value),
  not: (schema, value) => !isValid(schema.not, value),
  anyOf: ({ anyOf }, value) => listOf(anyOf).some((option) => isValid(option, value)),
  pattern: ({ pattern }, value) => typeof value !== 'string' || new RegExp(String(pattern), 'u').test(value),
  minimum: ({ minimum }, value) => typeof value !== 'number' || value >= Number(minimum),
  maximum: ({ maximum }, value) => typeof value !== 'number' || value <= Number(maximum),
  minItems: ({ minItems }, value) => !Array.isArray(value) || value.length >= Number(minItems),
  items: ({ items }, value) => listOf(value).every((item) => isValid(items, item)),
  minProperties: ({ minProperties }, value) => !isRecord(value) || fieldsOf(value).length >= Number(minProperties),
  required: ({ required }, value) =>
    !isRecord(value) || listOf(required).every((key) => value[String(key)] !== undefined),
  properties: ({ properties }, value) =>
    fieldsOf(value).every(
      ([key, field]) => !isRecord(properties) || !(key in properties) || isValid(properties[key], field)
    ),
  propertyNames: ({ propertyNames }, value) => fieldsOf(value).every(([key]) => isValid(propertyNames, key)),
  additionalProperties: ({ additionalProperties, properties }, value) =>
    fieldsOf(value).every(([key, field]) => {
      if (isRecord(properties) && key in properties) return true
      return additionalProperties !== false && isValid(additionalProperties, field)
    })
}

function isOfType(type: unknown, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isRecord(value)
  return typeof value === type
}
