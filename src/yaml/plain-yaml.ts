import { load, Schema, Type } from 'js-yaml'

/**
 * The value of a document of YAML 1.2 that is written as nearly all settings are: with what goes over several lines, aliases and
 * rare numbers left out, any parser reads the same. undefined for any other document, and for none.
 */
export function readPlainYaml(text: string): unknown {
  if (!isPlain(text)) return undefined
  try {
    return load(text, { schema })
  } catch {
    return undefined
  }
}

const key = String.raw`[A-Za-z][\w./-]*:`
/** A scalar or a collection that ends on its line; texts in quotes have no escapes and no quotes in them. */
const inside = String.raw`(?:"[^"\\\n]*"|'[^'\n]*'|[^"'#&!|>@${'`'}\\\t\n])+`
const comment = '(?: +#.*)?'
/** A comment, an entry of a mapping or of a list, each on one line. */
const line = new RegExp(`^ *(?:#.*|(?:- +)*${key}(?: +${inside})?${comment}|(?:- +)+${inside}${comment})?$`)

/** Nothing in it goes over several lines but block mappings and lists. */
function isPlain(text: string): boolean {
  if (/[^\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff]/.test(text)) return false
  return text.split('\n').every((each) => line.test(each) && isBalanced(each))
}

const bracket = /[[\]{}]/

/** Whether brackets are closed on the line that opens them. */
function isBalanced(text: string): boolean {
  if (!bracket.test(text)) return true
  let depth = 0
  for (const char of text) {
    if (char === '[' || char === '{') depth++
    else if ((char === ']' || char === '}') && --depth < 0) return false
  }
  return depth === 0
}

/** Whole numbers and fractions as everybody writes them. */
const commonNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/
/** All that YAML 1.2 takes for a number (its core schema, section 10.3.2), and more. */
const anyNumber =
  /^[-+]?(?:0o[0-7]+|0x[\da-fA-F]+|\.(?:inf|Inf|INF|nan|NaN|NAN)|(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?)$/
const words: ReadonlyMap<string, boolean | null> = new Map([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const)
])

/** What a scalar without quotes means. Throws for a number that is written in a rare way. */
function plainValue(text: string): unknown {
  if (words.has(text)) return words.get(text)
  if (commonNumber.test(text)) return Number(text)
  if (anyNumber.test(text)) throw new Error('a rare number')
  return text
}

const tag = 'tag:yaml.org,2002:'
const schema = new Schema({
  implicit: [
    new Type('pidguard:plain', {
      kind: 'scalar',
      resolve: (text: string | null) => text === null || plainValue(text) !== text,
      construct: (text: string | null) => plainValue(text ?? '')
    })
  ],
  explicit: [
    new Type(`${tag}str`, { kind: 'scalar', construct: (text: string | null) => text ?? '' }),
    new Type(`${tag}seq`, { kind: 'sequence', construct: (list: unknown) => list ?? [] }),
    new Type(`${tag}map`, { kind: 'mapping', construct: (map: unknown) => map ?? {} })
  ]
})
